"""Searches Spotify's catalogue through spotipy; see `genregenie.spotify.transport`."""

import logging
import threading
from functools import cache
from typing import Final

import spotipy
from cachetools import TTLCache

from genregenie.common import services, settings
from genregenie.common.services import SpotifyKeys
from genregenie.spotify.breaker import Breaker
from genregenie.spotify.errors import FailureKind, SpotifyUnavailableError
from genregenie.spotify.queries import FARTHEST, PAGE, Query
from genregenie.spotify.tracks import Track, read_page
from genregenie.spotify.transport import (
    FAILURES,
    TIMEOUT_S,
    BoundedSession,
    OneToken,
    failure_of,
)

CACHED_S: Final = 3600.0
CACHED_PAGES: Final = 2000

log = logging.getLogger(__name__)


class Spotify:
    """A catalogue to search, with a memory of answers and of failures. Safe for many threads.

    Parameters
    ----------
    keys : SpotifyKeys or None
        None answers every question with "not set up".
    market : str
        Country whose catalogue is searched, two letters.
    api, accounts : str
        Base addresses.
    """

    def __init__(
        self,
        keys: SpotifyKeys | None,
        market: str,
        api: str = services.SPOTIFY_API,
        accounts: str = services.SPOTIFY_ACCOUNTS,
        breaker: Breaker | None = None,
    ) -> None:
        self.market = market
        self.breaker = breaker or Breaker()
        self._pages: TTLCache[tuple[str, str, int], tuple[Track, ...]]
        self._pages = TTLCache(CACHED_PAGES, CACHED_S)
        self._pages_lock = threading.Lock()
        self._auth = OneToken(keys, accounts) if keys else None
        if self._auth:
            self._client = spotipy.Spotify(
                auth_manager=self._auth,
                requests_session=BoundedSession(),
                requests_timeout=TIMEOUT_S,
            )
            self._client.prefix = f"{api}/v1/"

    def search(self, query: Query) -> tuple[Track, ...]:
        """One page of tracks, from memory where it was asked for in the last hour.

        Raises
        ------
        SpotifyUnavailableError
        """
        if self._auth is None:
            raise SpotifyUnavailableError(FailureKind.NO_KEYS)
        key = (query.text, self.market, query.offset)
        with self._pages_lock:
            known = self._pages.get(key)
        if known is not None:
            return known
        self.breaker.check()
        try:
            found = self._ask(self._auth, query)
        except SpotifyUnavailableError as error:
            self.breaker.remember(error)
            log.info("Spotify: %s", error.kind)
            raise
        with self._pages_lock:
            self._pages[key] = found
        return found

    def _ask(self, auth: OneToken, query: Query) -> tuple[Track, ...]:
        for attempt in (1, 2):
            token = auth.token
            try:
                return read_page(
                    self._client.search(
                        query.text,
                        limit=PAGE,
                        offset=min(query.offset, FARTHEST),
                        type="track",
                        market=self.market,
                    )
                )
            except FAILURES as error:
                failure = failure_of(error)
            except SpotifyUnavailableError as error:
                failure = error
            # A token may be taken back before its time; that deserves one more try.
            if failure.kind is not FailureKind.UNAUTHORIZED or attempt == 2:
                break
            auth.forget(token or auth.token)
        raise failure


class Misconfigured:
    """In the place of a `Spotify` that the environment describes wrongly."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence

    def search(self, query: Query) -> tuple[Track, ...]:
        """Say what is wrong.

        Raises
        ------
        SpotifyUnavailableError
            Always.
        """
        raise SpotifyUnavailableError(FailureKind.MISCONFIGURED, sentence=self._sentence)


@cache
def _shared(keys: SpotifyKeys | None, market: str, api: str, accounts: str) -> Spotify:
    return Spotify(keys, market, api, accounts)


def shared_spotify() -> Spotify | Misconfigured:
    """The one this process shares, for what the environment says now."""
    try:
        return _shared(
            services.spotify_keys(),
            services.spotify_market(),
            services.spotify_api(),
            services.spotify_accounts(),
        )
    except settings.SettingsError as error:
        return Misconfigured(str(error))
