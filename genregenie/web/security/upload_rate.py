"""How much a person may upload within minutes: an ASGI middleware in front of all uploads.

`genregenie.web.security.allowance` has the quotas of a day and of a guest. This keeps one person
from filling the disk at once, or in an hour, which is how long uploads may lie there. Several
servers count together.
"""

import json
import logging
import re
import secrets
import time
from dataclasses import asdict, dataclass
from typing import Final

import anyio
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genregenie.common.errors import GenreGenieError
from genregenie.common.formatting import format_megabytes
from genregenie.storage.registry import Registry
from genregenie.web.config import WebConfig
from genregenie.web.errors import ACCOUNTS_AWAY, log_problem, problem_of
from genregenie.web.identity import user_of
from genregenie.web.paths import UPLOADS
from genregenie.web.security.allowance import announced, not_announced
from genregenie.web.workers import Workers

MINUTES: Final = 10
"""What may be uploaded at all is counted over so long."""
MAX_FILES_AT_ONCE: Final = 300
LIES_MINUTES: Final = 60
"""So long an upload may lie on the disk until it is swept up, at the most."""
_KIND: Final = "uploads"
_BOUNDARY: Final = re.compile(r'boundary=(?:"(?P<a>[^"]{1,70})"|(?P<b>[^;\s]{1,70}))')


log = logging.getLogger("genregenie.web")


class TooManyFilesError(ValueError):
    """One upload has more files than it may have. No error of ours: Gradio lets it pass."""

    def __init__(self) -> None:
        super().__init__(
            f"These are more than {MAX_FILES_AT_ONCE} files. Please take them in several goes."
        )


@dataclass
class _Upload:
    id: str
    at_s: float
    bytes: int
    files: int = 1


class UploadRate:
    """Refuses what a person uploads beyond what people may in ten minutes, in an hour, at once."""

    def __init__(
        self, app: ASGIApp, config: WebConfig, registry: Registry, workers: Workers
    ) -> None:
        self._app = app
        self._limits = config.uploads
        self._registry = registry
        self._workers = workers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["path"].rstrip("/") not in UPLOADS:
            await self._app(scope, receive, send)
            return
        length = announced(scope)
        if length is None:
            await not_announced()(scope, receive, send)
            return
        # What is announced counts from the beginning: others may come while this one does.
        upload = _Upload(secrets.token_hex(4), time.time(), length)
        person = _person(scope)
        try:
            refusal = await self._workers.quick(self._begin, person, upload)
        except GenreGenieError as error:
            refusal = _unavailable(error)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        parts = _Parts(receive, Headers(scope=scope).get("content-type", ""))
        try:
            await self._app(scope, parts.receive, send)
        finally:
            upload.bytes, upload.files = parts.bytes, max(parts.files, 1)
            with anyio.CancelScope(shield=True):
                await self._workers.quick(self._end, person, upload)

    def _begin(self, person: str, upload: _Upload) -> Response | None:
        """Count an upload, or say why not."""
        refusal: Response | None = None

        def counted(known: str | None) -> str:
            nonlocal refusal
            lately = _lately(known, upload.at_s)
            refusal = self._refused(lately, upload)
            return _written([*lately, upload] if refusal is None else lately)

        self._registry.change(_KIND, person, counted, 60.0 * LIES_MINUTES)
        return refusal

    def _end(self, person: str, upload: _Upload) -> None:
        """Count what has really come of it."""

        def corrected(known: str | None) -> str:
            lately = _lately(known, upload.at_s)
            return _written([upload if one.id == upload.id else one for one in lately])

        try:
            self._registry.change(_KIND, person, corrected, 60.0 * LIES_MINUTES)
        except GenreGenieError as error:  # it counts as announced
            log.warning("an upload is not counted right: %s", type(error).__name__)

    def _refused(self, lately: list[_Upload], upload: _Upload) -> Response | None:
        horizons: tuple[tuple[int, int, int | None], ...] = (
            (MINUTES, self._limits.megabytes << 20, self._limits.files),
            (LIES_MINUTES, self._limits.kept_megabytes << 20, None),
        )
        for minutes, allowed, files in horizons:
            begin = upload.at_s - 60 * minutes
            since = [one for one in lately if one.at_s >= begin]
            had_bytes, had_files = sum(one.bytes for one in since), sum(one.files for one in since)
            if had_bytes + upload.bytes > allowed or (files is not None and had_files >= files):
                first = since[0].at_s if since else upload.at_s
                wait_s = max(round(first - begin), 1)
                amount = format_megabytes(allowed) + (f" or {files} files" if files else "")
                told = f"You may upload {amount} in {minutes} minutes. Please go on a little later."
                return _refusal(429, told, {"retry-after": str(wait_s)})
        return None


def _person(scope: Scope) -> str:
    user, client = user_of(scope), scope.get("client")
    return f"person {user.id}" if user else f"address {client[0] if client else ''}"


def _lately(known: str | None, now_s: float) -> list[_Upload]:
    uploads = [_Upload(**about) for about in json.loads(known or "[]")]
    # Those to come are of a clock that was put right since.
    return [one for one in uploads if now_s - 60 * LIES_MINUTES <= one.at_s <= now_s + 60]


def _written(lately: list[_Upload]) -> str:
    return json.dumps([asdict(one) for one in lately])


def _unavailable(error: GenreGenieError) -> Response:
    problem = problem_of(error) or ACCOUNTS_AWAY
    log_problem(error, problem)
    return _refusal(problem.status, problem.words(error), problem.headers(error))


def _refusal(status: int, told: str, headers: dict[str, str] | None = None) -> Response:
    # Gradio's page shows plain text as it is.
    return PlainTextResponse(told, status, headers)


class _Parts:
    """Counts what passes by: bytes, and the parts of a form."""

    def __init__(self, receive: Receive, kind: str) -> None:
        found = _BOUNDARY.search(kind)
        boundary = (found["a"] or found["b"]) if found else ""
        # A body that is no form is one file, with no marks in it.
        is_form = kind.strip().lower().startswith("multipart/")
        self._mark = b"--" + boundary.encode("latin-1", "replace") if is_form else None
        self._receive, self._tail = receive, b""
        self._marks = self.bytes = 0

    @property
    def files(self) -> int:
        """How many have begun; the last mark ends the form."""
        return max(self._marks - 1, 0)

    async def receive(self) -> Message:
        """The next message.

        Raises
        ------
        TooManyFilesError
            If there are more files than may be.
        """
        message = await self._receive()
        body = message.get("body", b"")
        self.bytes += len(body)
        if self._mark is None:
            return message
        seen = self._tail + body
        self._marks += seen.count(self._mark)
        rest = seen[seen.rfind(self._mark) + len(self._mark) :] if self._mark in seen else seen
        self._tail = rest[1 - len(self._mark) :]  # where a mark may begin
        if self.files > MAX_FILES_AT_ONCE:
            raise TooManyFilesError
        return message
