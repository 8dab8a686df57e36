"""What people are told when something does not work: with which status, and in which words.

Portal, gate and page look every error up here. What is no error of ours is a fault: a 500, with a
traceback in the log.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from genregenie.accounts.errors import (
    AccountError,
    AccountNeededError,
    DemoFullError,
    GuestLimitError,
    InvalidEmailError,
    InvalidNameError,
    InvalidScopesError,
    InvalidTokenNameError,
    InvitationError,
    NameTakenError,
    NotAllowedError,
    SignupClosedError,
    TooManyAttemptsError,
    TooManySignupsError,
    UnknownPersonError,
    UploadQuotaError,
    WeakPasswordError,
    WrongCodeError,
    WrongCredentialsError,
)
from genregenie.common.errors import AudioError, GenreGenieError
from genregenie.common.formatting import format_pause, pause_s
from genregenie.spotify.oauth import LoginError
from genregenie.storage.blobs import BlobError
from genregenie.storage.database import DatabaseBusyError, DatabaseError, DatabaseLostError
from genregenie.web.lanes import BusyError
from genregenie.web.serving import metrics

log = logging.getLogger("genregenie.web")


class FormError(GenreGenieError):
    """The form as a whole cannot be used."""


class DownloadingError(GenreGenieError):
    """A person's data is on its way to that person already."""

    def __init__(self) -> None:
        super().__init__("Your data is being sent already. Wait for that download to end.")


class NoRoomOnDiskError(GenreGenieError):
    """The server's disk is full."""

    def __init__(self) -> None:
        super().__init__("There is no room for this on the server just now. Try again later.")


@dataclass(frozen=True)
class Problem:
    """How an error is told.

    Attributes
    ----------
    status : int
        Of the answer.
    field : str or None
        Of the form that it is about, ``""`` for the form as a whole; None if it is not about one.
    title : str
        Above the words, where they stand alone.
    text : str or None
        The words; None where the error's own are fit for showing.
    wait_s : int or None
        When to come back, where neither the error nor anybody else knows better.
    """

    status: int
    field: str | None = None
    title: str = "That did not work"
    text: str | None = None
    wait_s: int | None = None

    def words(self, error: Exception) -> str:
        """What to tell whoever asked."""
        return str(error) if self.text is None else self.text

    def headers(self, error: Exception) -> dict[str, str]:
        """What to tell programs: to come back when the words say so."""
        wait_s = getattr(error, "wait_s", self.wait_s)
        return {} if wait_s is None else {"retry-after": str(pause_s(wait_s))}


FAULT: Final = "Something went wrong on the server. Whoever runs it finds what in its log."
RETRY_AFTER_S: Final = 10
_AGAIN: Final = f"Please try again in {format_pause(RETRY_AFTER_S)}."
# A database's own text is for whoever runs the server, and may repeat what was asked of it.
ACCOUNTS_AWAY: Final = Problem(
    503,
    title="Not available",
    text=f"The accounts cannot be reached at the moment. {_AGAIN}",
    wait_s=RETRY_AFTER_S,
)
ACCOUNTS_BUSY: Final = Problem(
    503,
    title="Very busy",
    text=f"The accounts are in use by something that takes long. {_AGAIN}",
    wait_s=RETRY_AFTER_S,
)
NOTHING_LASTS: Final = Problem(
    503,
    title="Nothing can be saved",
    text="The database of this server has gone. Until whoever runs it has put that right, nothing "
    "can be saved here.",
)

PROBLEMS: Final[Mapping[type[Exception], Problem]] = {
    AudioError: Problem(400),
    FormError: Problem(403, ""),
    AccountError: Problem(422, ""),
    WrongCredentialsError: Problem(401, ""),
    WrongCodeError: Problem(401, ""),
    TooManyAttemptsError: Problem(429, ""),
    TooManySignupsError: Problem(429, ""),
    UploadQuotaError: Problem(429, title="Enough for today"),
    SignupClosedError: Problem(403, ""),
    InvitationError: Problem(422, "invitation"),
    UnknownPersonError: Problem(404, title="Not found"),
    NotAllowedError: Problem(422, ""),
    InvalidNameError: Problem(422, "username"),
    InvalidTokenNameError: Problem(422, "name"),
    InvalidScopesError: Problem(422, "scopes"),
    NameTakenError: Problem(422, "username"),
    InvalidEmailError: Problem(422, "email"),
    WeakPasswordError: Problem(422, "password"),
    DemoFullError: Problem(503, ""),
    GuestLimitError: Problem(403, title="As a guest"),
    AccountNeededError: Problem(403, title="As a guest"),
    LoginError: Problem(400, title="Spotify is not connected"),
    BusyError: Problem(503, title="Very busy"),
    DownloadingError: Problem(429, title="One at a time"),
    NoRoomOnDiskError: Problem(507, title="No room"),
    BlobError: Problem(
        503,
        title="Not available",
        text=f"The audio that people keep cannot be reached at the moment. {_AGAIN}",
        wait_s=RETRY_AFTER_S,
    ),
    DatabaseError: ACCOUNTS_AWAY,
    DatabaseBusyError: ACCOUNTS_BUSY,
    DatabaseLostError: NOTHING_LASTS,
    # About the server rather than about what was asked; the log has its words.
    GenreGenieError: Problem(
        500, title="Not available", text="GenreGenie cannot do this at the moment."
    ),
}


def log_problem(error: Exception, problem: Problem) -> None:
    """Note what the server is to blame for; the words of an error only where nobody hears them."""
    if problem.status >= 500:
        unexpected = problem.status == 500
        told = problem.title.lower()
        kind = error.kind if isinstance(error, DatabaseError | BlobError) else type(error).__name__
        metrics.ERRORS.labels(type(error).__name__).inc()
        log.error("%s: %s", told, kind, exc_info=error if unexpected else None)


def problem_of(
    error: Exception, special: Mapping[type[Exception], Problem] | None = None
) -> Problem | None:
    """How an error is told, None for a fault. `special` goes before `PROBLEMS`."""
    known = {**PROBLEMS, **(special or {})}
    return next((known[kind] for kind in type(error).__mro__ if kind in known), None)
