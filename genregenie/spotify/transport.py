"""How GenreGenie speaks HTTP to Spotify: bounded waiting, one token, nothing in any log."""

import logging
import threading
import time
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from spotipy import SpotifyException
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyClientCredentials, SpotifyOauthError
from urllib3.util import Retry

from genregenie.common.services import SpotifyKeys
from genregenie.spotify.errors import FailureKind, SpotifyUnavailableError, failure_of_status

TIMEOUT_S: Final = (3.0, 4.0)
"""To connect, and between two pieces of an answer."""

_WHOLE_ANSWER_S: Final = 6.0
_MAX_ANSWER_BYTES: Final = 4 << 20
_PIECE: Final = 1 << 16

# Whatever a request to Spotify may raise; all of it becomes a SpotifyUnavailableError.
FAILURES: Final = (
    SpotifyException,
    SpotifyOauthError,
    requests.RequestException,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
)


def _mute(_record: logging.LogRecord) -> bool:
    return False


for _name in ("spotipy.client", "spotipy.oauth2"):
    # spotipy logs tokens and secrets, and what it says otherwise is in our errors.
    logging.getLogger(_name).addFilter(_mute)


class BoundedSession(requests.Session):
    """A session whose answers are limited in time and size, and that never sleeps for long.

    By default spotipy sleeps as long as ``Retry-After`` says, three times. Here a fault of the
    server is tried once more after 0.2 s, and a 429 comes back with its headers.
    """

    def __init__(self) -> None:
        super().__init__()
        retry = Retry(
            total=1,
            connect=1,
            read=False,
            status=1,
            backoff_factor=0.2,
            status_forcelist=(500, 502, 503, 504),
            allowed_methods=["GET"],
            respect_retry_after_header=False,
            raise_on_status=False,
        )
        for scheme in ("https://", "http://"):
            self.mount(scheme, HTTPAdapter(max_retries=retry, pool_maxsize=16))

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send, and read the whole answer within the limits."""
        end = time.monotonic() + _WHOLE_ANSWER_S
        response = super().send(request, **{**kwargs, "stream": True})
        body = bytearray()
        for piece in response.iter_content(_PIECE):
            body += piece
            if len(body) > _MAX_ANSWER_BYTES or time.monotonic() > end:
                response.close()
                raise requests.ReadTimeout("the answer is too long or too slow")
        response._content = bytes(body)
        return response


class OneToken(SpotifyClientCredentials):
    """Client credentials whose token is asked for once, however many threads need it.

    A thread that waited while another asked in vain gets that failure, and does not ask again.
    """

    def __init__(self, keys: SpotifyKeys, accounts: str) -> None:
        super().__init__(
            keys.client_id,
            keys.client_secret,
            requests_session=BoundedSession(),
            requests_timeout=TIMEOUT_S,
            cache_handler=MemoryCacheHandler(),
        )
        self.OAUTH_TOKEN_URL = f"{accounts}/api/token"
        self._lock = threading.Lock()
        self._failure: SpotifyUnavailableError | None = None
        self._failed_at = 0.0

    def get_access_token(self, as_dict: bool = False, check_cache: bool = True) -> Any:
        """The token, from memory while it lasts.

        Raises
        ------
        SpotifyUnavailableError
        """
        asked_at = time.monotonic()
        with self._lock:
            if self._failure is not None and self._failed_at >= asked_at:
                raise SpotifyUnavailableError(self._failure.kind, self._failure.pause_s)
            try:
                return super().get_access_token(as_dict=as_dict, check_cache=check_cache)
            except FAILURES as error:
                self._failure, self._failed_at = failure_of(error), time.monotonic()
                raise self._failure from None  # the cause holds the request, and so the secret

    def forget(self, token: str) -> None:
        """Do not use this token any more."""
        with self._lock:
            held = self.cache_handler.get_cached_token()
            if held and held.get("access_token") == token:
                self.cache_handler.save_token_to_cache(None)

    @property
    def token(self) -> str:
        """The token in memory; empty if there is none."""
        held = self.cache_handler.get_cached_token() or {}
        return str(held.get("access_token", ""))


def failure_of(error: BaseException) -> SpotifyUnavailableError:
    """What an exception from spotipy or requests means."""
    if isinstance(error, SpotifyUnavailableError):
        return error
    if isinstance(error, SpotifyException):
        return failure_of_status(error.http_status, (error.headers or {}).get("Retry-After"))
    if isinstance(error, SpotifyOauthError):
        response = getattr(error.__context__, "response", None)
        if response is None:
            return SpotifyUnavailableError(FailureKind.BAD_KEYS)
        return failure_of_status(
            response.status_code, response.headers.get("Retry-After"), token=True
        )
    if isinstance(error, requests.exceptions.JSONDecodeError):
        return SpotifyUnavailableError(FailureKind.NONSENSE)
    if isinstance(error, requests.Timeout):
        return SpotifyUnavailableError(FailureKind.SLOW)
    if isinstance(error, requests.ConnectionError):
        return SpotifyUnavailableError(FailureKind.UNREACHABLE)
    return SpotifyUnavailableError(FailureKind.NONSENSE)
