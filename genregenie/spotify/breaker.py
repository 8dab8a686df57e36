"""Remembers that Spotify cannot answer, so that nobody waits for the same failure again."""

import threading
import time
from collections.abc import Callable

from genregenie.spotify.errors import FailureKind, SpotifyUnavailableError


class Breaker:
    """One memory for each kind of failure. Safe to use from many threads.

    Parameters
    ----------
    clock : callable
        Seconds that never run backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[FailureKind, float] = {}
        self._lock = threading.Lock()

    def check(self) -> None:
        """Do nothing if Spotify may be asked.

        Raises
        ------
        SpotifyUnavailableError
            The failure that lasts longest, with the time that is left of it.
        """
        with self._lock:
            now = self._clock()
            self._until = {kind: end for kind, end in self._until.items() if end > now}
            if self._until:
                kind = max(self._until, key=lambda k: self._until[k])
                raise SpotifyUnavailableError(kind, self._until[kind] - now)

    def remember(self, error: SpotifyUnavailableError) -> None:
        """Do not ask again until the pause is over. A refused question says nothing of the next."""
        if error.kind is FailureKind.REFUSED:
            return
        with self._lock:
            end = self._clock() + error.pause_s
            self._until[error.kind] = max(end, self._until.get(error.kind, end))
