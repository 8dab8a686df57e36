"""How much people may upload: an ASGI middleware in front of all uploads.

Clips are counted where they are listened to; this keeps the disk from being filled by what is not.
What was uploaded in a day is counted in the database, which all servers share; guests, who stay for
an hour, may have less.
"""

import logging
from typing import Final

import anyio
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genregenie.accounts import Accounts
from genregenie.accounts.core import User
from genregenie.accounts.errors import UploadQuotaError
from genregenie.common.errors import GenreGenieError
from genregenie.common.formatting import format_megabytes
from genregenie.web.config import WebConfig
from genregenie.web.errors import log_problem, problem_of
from genregenie.web.identity import user_of
from genregenie.web.paths import UPLOADS
from genregenie.web.workers import Workers

BYTES_A_CLIP: Final = 10 << 20
"""A guest may upload so many bytes for each clip that a guest may have."""
# What no column holds; nobody uploads so much.
_MAX_DIGITS: Final = 15

log = logging.getLogger("genregenie.web")


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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        upload = scope["type"] == "http" and scope["path"].rstrip("/") in UPLOADS
        user = user_of(scope) if upload else None
        if user is None:
            await self._app(scope, receive, send)
            return
        length = announced(scope)
        if length is None:
            await not_announced()(scope, receive, send)
            return
        refusal = await self._refusal(user, length)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            return message

        try:
            await self._app(scope, counted, send)
        finally:
            if came < length:
                with anyio.CancelScope(shield=True):
                    await self._give_back(user.id, length - came)

    async def _refusal(self, user: User, length: int) -> Response | None:
        most = self._of_guests if user.guest else self._a_day
        try:
            count = self._accounts.daily.count_upload
            await self._workers.quick(count, user.id, length, most)
        except GenreGenieError as error:
            if user.guest and isinstance(error, UploadQuotaError):
                told = f"Guests may upload {format_megabytes(most)} in all. "
                # Gradio's page shows plain text as it is.
                return PlainTextResponse(f"{told}Create an account to go on.", 413)
            problem = problem_of(error)
            if problem is None:
                raise
            log_problem(error, problem)
            return PlainTextResponse(problem.words(error), problem.status, problem.headers(error))
        return None

    async def _give_back(self, person_id: int, size: int) -> None:
        """Count no more what was announced and did not come."""
        try:
            await self._workers.quick(self._accounts.daily.uncount_upload, person_id, size)
        except GenreGenieError as error:
            log.warning("an upload counts as it was announced: %s", type(error).__name__)
