"""People who let GenreGenie make playlists for them: Spotify's log-in, with PKCE.

Tokens are kept for a few hours at most, in the memory of a server by itself, and encrypted where
several servers share them; they never reach a log.
"""

import json
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import spotipy
from spotipy.cache_handler import CacheHandler, MemoryCacheHandler
from spotipy.oauth2 import SpotifyOauthError, SpotifyPKCE

from genregenie.common import services, settings
from genregenie.common.errors import GenreGenieError
from genregenie.common.names import clean
from genregenie.spotify.deadlines import run_until
from genregenie.spotify.errors import FailureKind, SpotifyUnavailableError
from genregenie.spotify.search import BUDGET_S
from genregenie.spotify.tracks import SPOTIFY_PAGES, Track
from genregenie.spotify.transport import FAILURES, TIMEOUT_S, BoundedSession, failure_of
from genregenie.storage.registry import MemoryRegistry, Registry

SCOPE: Final = "playlist-modify-private"
BEGUN_S: Final = 600.0
CONNECTED_S: Final = 6 * 3600.0
MAX_TRACKS: Final = 100
_BEGUN: Final = "spotify-begun"
_CONNECTED: Final = "spotify"

T = TypeVar("T")


class LoginError(GenreGenieError):
    """Logging in to Spotify, or a playlist, did not work; as text, a sentence for the person."""


class _Auth(SpotifyPKCE):
    """One person's log-in. Where spotipy would ask on the terminal, it fails instead."""

    def get_authorization_code(self, response: str | None = None) -> str:
        raise SpotifyOauthError("log in again", error="invalid_grant")


class _Tokens(CacheHandler):
    """Where spotipy finds one person's token and leaves a fresh one: in the registry."""

    def __init__(self, registry: Registry, person_id: int | None) -> None:
        self._registry = registry
        self._key = str(person_id)

    def get_cached_token(self) -> dict[str, Any] | None:
        """The token, if the person is connected."""
        kept = self._registry.get(_CONNECTED, self._key)
        token: dict[str, Any] | None = json.loads(kept)["token"] if kept else None
        return token

    def save_token_to_cache(self, token: dict[str, Any]) -> None:
        """Keep a fresh token, for no longer than the one before it."""
        kept = self._registry.get(_CONNECTED, self._key)
        if kept is None:
            return

        def renewed(known: str | None) -> str | None:  # of who has left meanwhile nothing is kept
            return known and json.dumps(json.loads(known) | {"token": token})

        left_s = json.loads(kept)["until_s"] - time.time()
        self._registry.change(_CONNECTED, self._key, renewed, left_s)


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
    registry : Registry, optional
        Keeps what is known of log-ins; by default this process alone does.
    """

    def __init__(
        self,
        client_id: str,
        redirect_uri: str,
        api: str = services.SPOTIFY_API,
        accounts: str = services.SPOTIFY_ACCOUNTS,
        registry: Registry | None = None,
    ) -> None:
        self._client_id = client_id
        self._redirect_uri = redirect_uri
        self._api = api
        self._accounts = accounts
        self._registry = registry or MemoryRegistry()

    def begin(self, person_id: int | None) -> str:
        """Address at Spotify to send this person to."""
        auth, state = self._auth(MemoryCacheHandler()), secrets.token_urlsafe(32)
        url: str = auth.get_authorize_url(state)
        about = {"person": person_id, "proof": [auth.code_verifier, auth.code_challenge]}
        self._registry.put(_BEGUN, state, json.dumps(about), BEGUN_S)
        return url

    def finish(self, person_id: int | None, state: str, code: str) -> None:
        """Take what Spotify sent a person back with.

        Raises
        ------
        LoginError
            If this person did not begin it, refused, or Spotify does not accept the code.
        """
        kept = self._registry.take(_BEGUN, state)
        begun = json.loads(kept) if kept else None
        if begun is None or begun["person"] != person_id:
            raise LoginError("This log-in to Spotify was not begun here. Please try again.")
        if not code:
            raise LoginError("You did not connect Spotify. Nothing has changed.")
        got = MemoryCacheHandler()
        auth = self._auth(got)
        auth.code_verifier, auth.code_challenge = begun["proof"]
        try:
            _in_time(lambda: auth.get_access_token(code, check_cache=False))
        except LoginError as error:
            if _is_refusal(error):
                raise LoginError("Spotify did not accept this log-in. Please try again.") from None
            raise
        about = {"person": person_id, "until_s": time.time() + CONNECTED_S}
        about["token"] = got.get_cached_token()
        self._registry.put(_CONNECTED, str(person_id), json.dumps(about), CONNECTED_S)

    def is_connected(self, person_id: int | None) -> bool:
        """Whether this person can save playlists now."""
        return self._registry.get(_CONNECTED, str(person_id)) is not None

    def forget(self, person_id: int | None) -> None:
        """Drop this person's token."""
        self._registry.delete(_CONNECTED, str(person_id))

    def keep_only(self, people: set[int]) -> None:
        """Drop the tokens of everybody else but nobody, who never leaves."""
        connected = {json.loads(kept)["person"] for kept in self._registry.values(_CONNECTED)}
        for person_id in connected - people - {None}:
            self.forget(person_id)

    def _auth(self, tokens: CacheHandler) -> _Auth:
        auth = _Auth(
            self._client_id,
            self._redirect_uri,
            scope=SCOPE,
            requests_timeout=TIMEOUT_S,
            requests_session=BoundedSession(),
            open_browser=False,
            cache_handler=tokens,
        )
        auth.OAUTH_AUTHORIZE_URL = f"{self._accounts}/authorize"
        auth.OAUTH_TOKEN_URL = f"{self._accounts}/api/token"
        return auth

    def save_playlist(self, person_id: int | None, name: str, tracks: Sequence[Track]) -> str:
        """Make a private playlist in the person's own account; returns its page on Spotify.

        Raises
        ------
        LoginError
        """
        if not self.is_connected(person_id):
            raise LoginError("You are not connected to Spotify.")
        auth = self._auth(_Tokens(self._registry, person_id))
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
    """Run what speaks to Spotify, for 8 s at most; what fails there is one kind of error."""

    def tried() -> T | GenreGenieError:
        try:
            return work()
        except FAILURES as error:
            return failure_of(error)
        except GenreGenieError as error:  # of the registry
            return error

    (result,) = run_until(time.monotonic() + BUDGET_S, [tried])
    if result is None:
        result = SpotifyUnavailableError(FailureKind.SLOW)
    if isinstance(result, SpotifyUnavailableError):
        raise LoginError(str(result)) from result
    if isinstance(result, GenreGenieError):
        raise result
    return result


def _is_refusal(error: LoginError) -> bool:
    """Whether the person's log-in is what Spotify does not accept."""
    cause = error.__cause__
    return isinstance(cause, SpotifyUnavailableError) and (
        cause.kind in (FailureKind.BAD_KEYS, FailureKind.UNAUTHORIZED)
    )


_registry: Registry = MemoryRegistry()


def share(registry: Registry) -> None:
    """Keep what is known of this process's log-ins there from now on."""
    global _registry
    _registry = registry


def shared_logins() -> Logins | None:
    """Those of this process, and of whom it shares them with; None where none are set up."""
    try:
        client_id, redirect_uri = services.spotify_client_id(), services.spotify_redirect()
        if client_id is None or redirect_uri is None:
            return None
        api, accounts = services.spotify_api(), services.spotify_accounts()
    except settings.SettingsError:
        return None
    return Logins(client_id, redirect_uri, api, accounts, _registry)
