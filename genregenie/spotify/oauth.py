"""People who let GenreGenie make playlists for them: Spotify's log-in, with PKCE.

Tokens live in this process's memory, a few hours at most, and never reach the database or a log.
"""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeVar

import spotipy
from cachetools import TTLCache
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyOauthError, SpotifyPKCE

from genregenie.common import settings
from genregenie.common.errors import GenreGenieError
from genregenie.common.names import clean
from genregenie.spotify.deadlines import run_until
from genregenie.spotify.errors import FailureKind, SpotifyUnavailableError
from genregenie.spotify.search import BUDGET_S
from genregenie.spotify.tracks import SPOTIFY_PAGES, Track
from genregenie.spotify.transport import FAILURES, TIMEOUT_S, BoundedSession, failure_of

SCOPE: Final = "playlist-modify-private"
BEGUN_S: Final = 600.0
CONNECTED_S: Final = 6 * 3600.0
MAX_LOGINS: Final = 10_000
MAX_TRACKS: Final = 100

T = TypeVar("T")


class LoginError(GenreGenieError):
    """Logging in to Spotify, or a playlist, did not work; as text, a sentence for the person."""


class _Auth(SpotifyPKCE):
    """One person's log-in. Where spotipy would ask on the terminal, it fails instead."""

    def get_authorization_code(self, response: str | None = None) -> str:
        raise SpotifyOauthError("log in again", error="invalid_grant")


@dataclass(frozen=True)
class _Begun:
    person_id: int | None
    auth: _Auth


class Logins:
    """Who is connected to Spotify: people by number, and nobody, who is None.

    Safe to use from many threads.

    Parameters
    ----------
    client_id : str
        The app's; PKCE needs no secret.
    redirect_uri : str
        Where Spotify sends people back to, as registered with Spotify.
    api, accounts : str
        Base addresses.
    """

    def __init__(
        self,
        client_id: str,
        redirect_uri: str,
        api: str = settings.SPOTIFY_API,
        accounts: str = settings.SPOTIFY_ACCOUNTS,
    ) -> None:
        self._client_id = client_id
        self._redirect_uri = redirect_uri
        self._api = api
        self._accounts = accounts
        self._begun: TTLCache[str, _Begun] = TTLCache(MAX_LOGINS, BEGUN_S)
        self._connected: TTLCache[int | None, _Auth] = TTLCache(MAX_LOGINS, CONNECTED_S)
        self._lock = threading.Lock()

    def begin(self, person_id: int | None) -> str:
        """Address at Spotify to send this person to."""
        auth = _Auth(
            self._client_id,
            self._redirect_uri,
            scope=SCOPE,
            requests_timeout=TIMEOUT_S,
            requests_session=BoundedSession(),
            open_browser=False,
            cache_handler=MemoryCacheHandler(),
        )
        auth.OAUTH_AUTHORIZE_URL = f"{self._accounts}/authorize"
        auth.OAUTH_TOKEN_URL = f"{self._accounts}/api/token"
        state = secrets.token_urlsafe(32)
        url: str = auth.get_authorize_url(state)
        with self._lock:
            self._begun[state] = _Begun(person_id, auth)
        return url

    def finish(self, person_id: int | None, state: str, code: str) -> None:
        """Take what Spotify sent a person back with.

        Raises
        ------
        LoginError
            If this person did not begin it, refused, or Spotify does not accept the code.
        """
        with self._lock:
            begun = self._begun.pop(state, None)
        if begun is None or begun.person_id != person_id:
            raise LoginError("This log-in to Spotify was not begun here. Please try again.")
        if not code:
            raise LoginError("You did not connect Spotify. Nothing has changed.")
        try:
            _in_time(lambda: begun.auth.get_access_token(code, check_cache=False))
        except LoginError as error:
            if _is_refusal(error):
                raise LoginError("Spotify did not accept this log-in. Please try again.") from None
            raise
        with self._lock:
            self._connected[person_id] = begun.auth

    def is_connected(self, person_id: int | None) -> bool:
        """Whether this person can save playlists now."""
        with self._lock:
            return person_id in self._connected

    def forget(self, person_id: int | None) -> None:
        """Drop this person's token."""
        with self._lock:
            self._connected.pop(person_id, None)

    def keep_only(self, people: set[int]) -> None:
        """Drop the tokens of everybody else but nobody, who never leaves."""
        with self._lock:
            for person_id in set(self._connected) - people - {None}:
                del self._connected[person_id]

    def save_playlist(self, person_id: int | None, name: str, tracks: Sequence[Track]) -> str:
        """Make a private playlist in the person's own account; returns its page on Spotify.

        Raises
        ------
        LoginError
        """
        with self._lock:
            auth = self._connected.get(person_id)
        if auth is None:
            raise LoginError("You are not connected to Spotify.")
        client = spotipy.Spotify(
            auth_manager=auth, requests_session=BoundedSession(), requests_timeout=TIMEOUT_S
        )
        client.prefix = f"{self._api}/v1/"

        def save() -> str:
            made = client.current_user_playlist_create(
                clean(name, 100), public=False, description="Found by GenreGenie"
            )
            playlist_id = str(made["id"])
            if not playlist_id.isalnum():
                raise ValueError("not an id")
            client.playlist_add_items(playlist_id, [t.uri for t in tracks[:MAX_TRACKS]])
            return playlist_id

        try:
            playlist_id = _in_time(save)
        except LoginError as error:
            if _is_refusal(error):
                self.forget(person_id)
                raise LoginError("Spotify has logged you out. Connect it again.") from None
            raise
        return f"{SPOTIFY_PAGES}/playlist/{playlist_id}"


def _in_time(work: Callable[[], T]) -> T:
    """Run what speaks to Spotify, for 8 s at most, with one kind of error."""

    def tried() -> T | SpotifyUnavailableError:
        try:
            return work()
        except FAILURES as error:
            return failure_of(error)

    (result,) = run_until(time.monotonic() + BUDGET_S, [tried])
    if result is None:
        result = SpotifyUnavailableError(FailureKind.SLOW)
    if isinstance(result, SpotifyUnavailableError):
        raise LoginError(str(result)) from result
    return result


def _is_refusal(error: LoginError) -> bool:
    """Whether the person's log-in is what Spotify does not accept."""
    cause = error.__cause__
    return isinstance(cause, SpotifyUnavailableError) and (
        cause.kind in (FailureKind.BAD_KEYS, FailureKind.UNAUTHORIZED)
    )


@cache
def _shared(client_id: str, redirect_uri: str, api: str, accounts: str) -> Logins:
    return Logins(client_id, redirect_uri, api, accounts)


def shared_logins() -> Logins | None:
    """The one this process shares; None where the environment does not set log-in up."""
    try:
        client_id, redirect_uri = settings.spotify_client_id(), settings.spotify_redirect()
        if client_id is None or redirect_uri is None:
            return None
        return _shared(client_id, redirect_uri, settings.spotify_api(), settings.spotify_accounts())
    except settings.SettingsError:
        return None
