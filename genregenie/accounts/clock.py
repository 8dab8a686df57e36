"""Whether the clock on the wall can be believed: it is held against one that cannot be set."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

JUMP_S: Final = 60
"""What is more than drift, and more than a time server slews."""
SETTLE_S: Final = 3600
"""How long it has to run on evenly before anything is deleted by what it says."""

log = logging.getLogger("genregenie.accounts")


class ClockWatch:
    """Notices when a clock jumps, as it does when somebody sets it, and when a machine wakes up.

    Parameters
    ----------
    clock : callable
        The time of day, which anybody may set.
    ticks : callable
        Seconds that only ever go on.
    """

    def __init__(self, clock: Callable[[], datetime], ticks: Callable[[], float]) -> None:
        self._clock = clock
        self._ticks = ticks
        self._lock = threading.Lock()
        self._seen = clock(), ticks()
        self._jumped_at: float | None = None

    def settled(self) -> bool:
        """Whether the clock has gone evenly, as often as one looked, for an hour or ever since."""
        with self._lock:
            (wall, tick), (then, before) = (self._clock(), self._ticks()), self._seen
            self._seen = wall, tick
            jump_s = (wall - then).total_seconds() - (tick - before)
            if abs(jump_s) > JUMP_S:
                self._jumped_at = tick
                log.warning(
                    "the clock has jumped by %.0f s: nothing that has run out is removed before "
                    "it has gone on evenly for an hour",
                    jump_s,
                )
            return self._jumped_at is None or tick - self._jumped_at >= SETTLE_S
