"""Why Spotify cannot answer, and the sentence that says what would help."""

import datetime
import email.utils
import math
from enum import StrEnum
from typing import Final

from genregenie.common.errors import GenreGenieError
from genregenie.common.formatting import format_pause

BUSY_S: Final = 30.0
FORBIDDEN_S: Final = 3600.0
MAX_WAIT_S: Final = 7 * 86_400.0


class FailureKind(StrEnum):
    """Kinds of failure; the value is the state that the command line reports."""

    NO_KEYS = "no keys"
    MISCONFIGURED = "misconfigured"
    BAD_KEYS = "bad keys"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    TOO_MANY = "too many requests"
    REFUSED = "refused"
    BROKEN = "broken"
    SLOW = "slow"
    UNREACHABLE = "unreachable"
    NONSENSE = "nonsense"


_SENTENCES: Final = {
    FailureKind.NO_KEYS: (
        "Spotify is not set up here. With SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET set, "
        "tracks to play appear here."
    ),
    FailureKind.MISCONFIGURED: "Spotify is not set up correctly here.",
    FailureKind.BAD_KEYS: (
        "Spotify does not accept this app's keys. "
        "Check SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET."
    ),
    FailureKind.UNAUTHORIZED: (
        "Spotify let this app in and then out again. Try again in {pause}; if it stays so, "
        "make new keys in Spotify's developer dashboard."
    ),
    FailureKind.FORBIDDEN: (
        "Spotify refuses this app. Its owner needs Spotify Premium and must allow the Web API "
        "in the developer dashboard. Spotify will be asked again in {pause}."
    ),
    FailureKind.TOO_MANY: (
        "Spotify has been asked too often and wants a pause. Try again in {pause}."
    ),
    FailureKind.REFUSED: "Spotify did not accept the question. Check GENREGENIE_MARKET.",
    FailureKind.BROKEN: "Spotify has a fault of its own at the moment. Try again in {pause}.",
    FailureKind.SLOW: "Spotify took too long to answer. Try again in {pause}.",
    FailureKind.UNREACHABLE: (
        "Spotify cannot be reached from here. Check the internet connection, then try again "
        "in {pause}."
    ),
    FailureKind.NONSENSE: "Spotify's answer made no sense. Try again in {pause}.",
}


class SpotifyUnavailableError(GenreGenieError):
    """Spotify cannot answer now; as text, a sentence for the person who asked.

    Attributes
    ----------
    kind : FailureKind
    pause_s : float >= 0
        How long not to ask again.
    """

    def __init__(
        self, kind: FailureKind, pause_s: float | None = None, sentence: str | None = None
    ) -> None:
        usual = FORBIDDEN_S if kind is FailureKind.FORBIDDEN else BUSY_S
        self.kind = kind
        self.pause_s = usual if pause_s is None else pause_s
        super().__init__(sentence or _SENTENCES[kind].format(pause=format_pause(self.pause_s)))


def failure_of_status(
    status: int, retry_after: str | None, *, token: bool = False
) -> SpotifyUnavailableError:
    """The failure that an HTTP status means; `token` for the answer to a request for a token."""
    if status == 429:
        return SpotifyUnavailableError(FailureKind.TOO_MANY, retry_after_s(retry_after))
    if token and status in (400, 401):
        return SpotifyUnavailableError(FailureKind.BAD_KEYS)
    if status >= 500:
        return SpotifyUnavailableError(FailureKind.BROKEN)
    kinds = {
        400: FailureKind.REFUSED,
        401: FailureKind.UNAUTHORIZED,
        403: FailureKind.FORBIDDEN,
    }
    return SpotifyUnavailableError(kinds.get(status, FailureKind.NONSENSE))


def retry_after_s(header: str | None) -> float:
    """Seconds in a ``Retry-After``, a number or a date; 30 where it says nothing usable."""
    try:
        seconds = float(header or "")
    except ValueError:
        seconds = _until(header or "")
    if not math.isfinite(seconds) or seconds < 0:
        return BUSY_S
    return min(seconds, MAX_WAIT_S)


def _until(date: str) -> float:
    try:
        moment = email.utils.parsedate_to_datetime(date)
    except ValueError:
        return math.nan
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return (moment - datetime.datetime.now(datetime.UTC)).total_seconds()
