"""How much people may upload: an ASGI middleware in front of Gradio's own upload.

Clips are counted where they are listened to; this keeps the disk from being filled by what is not.
What guests have uploaded is counted in memory, like the uploads' owners; what people with an
account have uploaded in a day in the database, which all servers share.
"""

from collections import OrderedDict
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from genregenie.accounts import Accounts
from genregenie.accounts.core import User
from genregenie.common.errors import GenreGenieError
from genregenie.common.formatting import format_megabytes
from genregenie.web.config import WebConfig
from genregenie.web.errors import log_problem, problem_of
from genregenie.web.identity import user_of
from genregenie.web.security.isolation import API
from genregenie.web.workers import Workers

BYTES_A_CLIP: Final = 10 << 20
"""A guest may upload so many bytes for each clip that a guest may have."""
_MAX_GUESTS: Final = 10_000
# What no column holds; nobody uploads so much.
_MAX_DIGITS: Final = 15


def announced(scope: Scope) -> int | None:
    """How many bytes an upload says it has; no server reads more. None if it does not say."""
    length = Headers(scope=scope).get("content-length", "")
    if not length.isascii() or not length.isdigit() or len(length) > _MAX_DIGITS:
        return None
    return int(length)


def not_announced() -> Response:
    """The answer to an upload that does not say how long it is."""
    return PlainTextResponse("Say how long this upload is.", 411)


class Allowance:
    """Refuses what somebody uploads beyond what is theirs."""

    def __init__(
        self, app: ASGIApp, accounts: Accounts, workers: Workers, config: WebConfig
    ) -> None:
        self._app = app
        self._accounts = accounts
        self._workers = workers
        self._of_guests = config.guests.uploads * BYTES_A_CLIP
        self._a_day = config.quotas.uploaded_bytes
        self._sent: OrderedDict[int, int] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        refusal = None
        if scope["type"] == "http" and scope["path"].rstrip("/") == f"{API}/upload":
            user = user_of(scope)
            if user is not None:
                refusal = await self._refusal(user, announced(scope))
        await (refusal or self._app)(scope, receive, send)

    async def _refusal(self, user: User, length: int | None) -> Response | None:
        if length is None:
            return not_announced()
        if user.guest:
            return self._of_a_guest(user.id, length)
        count = self._accounts.daily.count_upload
        try:
            await self._workers.quick(count, user.id, length, self._a_day)
        except GenreGenieError as error:
            problem = problem_of(error)
            if problem is None:
                raise
            log_problem(error, problem)
            return PlainTextResponse(problem.words(error), problem.status, problem.headers(error))
        return None

    def _of_a_guest(self, guest_id: int, length: int) -> Response | None:
        sent = self._sent.get(guest_id, 0) + length
        if sent > self._of_guests:
            most = format_megabytes(self._of_guests)
            told = f"Guests may upload {most} in all. Create an account to go on."
            return PlainTextResponse(told, 413)  # which Gradio's page shows as it is
        self._sent[guest_id] = sent
        self._sent.move_to_end(guest_id)
        if len(self._sent) > _MAX_GUESTS:
            self._sent.popitem(last=False)
        return None
