"""How much a person may upload within minutes: an ASGI middleware in front of Gradio's own upload.

`genregenie.web.security.allowance` has the quotas of a day and of a guest. This keeps one person
from filling the disk at once, or in an hour, which is how long uploads may lie there. In memory,
like the uploads' owners, so each process counts for itself.
"""

import re
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genregenie.common.formatting import format_megabytes
from genregenie.web.config import WebConfig
from genregenie.web.identity import user_of
from genregenie.web.security.allowance import announced, not_announced
from genregenie.web.security.isolation import API

PATH: Final = f"{API}/upload"
MINUTES: Final = 10
"""What may be uploaded at all is counted over so long."""
MAX_FILES_AT_ONCE: Final = 300
LIES_MINUTES: Final = 60
"""So long an upload may lie on the disk until it is swept up, at the most."""
_MAX_PEOPLE: Final = 10_000
_BOUNDARY: Final = re.compile(r'boundary=(?:"(?P<a>[^"]{1,70})"|(?P<b>[^;\s]{1,70}))')


class TooManyFilesError(ValueError):
    """One upload has more files than it may have. No error of ours: Gradio lets it pass."""

    def __init__(self) -> None:
        super().__init__(
            f"These are more than {MAX_FILES_AT_ONCE} files. Please take them in several goes."
        )


@dataclass
class _Upload:
    at_s: float
    bytes: int
    files: int = 1


@dataclass
class _Account:
    """What one person has uploaded in the last hour."""

    lately: deque[_Upload] = field(default_factory=deque)

    def since(self, moment_s: float) -> tuple[int, int]:
        """Bytes and files."""
        found = [upload for upload in self.lately if upload.at_s >= moment_s]
        return sum(u.bytes for u in found), sum(u.files for u in found)


class UploadRate:
    """Refuses what a person uploads beyond what people may in ten minutes, in an hour, at once."""

    def __init__(self, app: ASGIApp, config: WebConfig) -> None:
        self._app = app
        self._limits = config.uploads
        self._people: OrderedDict[str, _Account] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["path"].rstrip("/") != PATH:
            await self._app(scope, receive, send)
            return
        length = announced(scope)
        if length is None:
            await not_announced()(scope, receive, send)
            return
        account = self._account(scope)
        refusal = self._refused(account, length)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        parts = _Parts(receive, Headers(scope=scope).get("content-type", ""))
        # What is announced counts from the beginning: others may come while this one does.
        upload = _Upload(time.monotonic(), length)
        account.lately.append(upload)
        try:
            await self._app(scope, parts.receive, send)
        finally:
            upload.bytes, upload.files = parts.bytes, max(parts.files, 1)

    def _account(self, scope: Scope) -> _Account:
        user, client = user_of(scope), scope.get("client")
        name = f"person {user.id}" if user else f"address {client[0] if client else ''}"
        account = self._people.setdefault(name, _Account())
        self._people.move_to_end(name)
        if len(self._people) > _MAX_PEOPLE:
            self._people.popitem(last=False)
        return account

    def _refused(self, account: _Account, length: int) -> Response | None:
        now = time.monotonic()
        while account.lately and account.lately[0].at_s < now - 60 * LIES_MINUTES:
            account.lately.popleft()
        horizons: tuple[tuple[int, int, int | None], ...] = (
            (MINUTES, self._limits.megabytes << 20, self._limits.files),
            (LIES_MINUTES, self._limits.kept_megabytes << 20, None),
        )
        for minutes, allowed, files in horizons:
            begin = now - 60 * minutes
            had_bytes, had_files = account.since(begin)
            if had_bytes + length > allowed or (files is not None and had_files >= files):
                first = next((u.at_s for u in account.lately if u.at_s >= begin), now)
                wait_s = max(round(first - begin), 1)
                amount = format_megabytes(allowed) + (f" or {files} files" if files else "")
                told = f"You may upload {amount} in {minutes} minutes. Please go on a little later."
                return _refusal(429, told, {"retry-after": str(wait_s)})
        return None


def _refusal(status: int, told: str, headers: dict[str, str] | None = None) -> Response:
    # Gradio's page shows plain text as it is.
    return PlainTextResponse(told, status, headers)


class _Parts:
    """Counts what passes by: bytes, and the parts of a form."""

    def __init__(self, receive: Receive, kind: str) -> None:
        found = _BOUNDARY.search(kind)
        boundary = (found["a"] or found["b"]) if found else ""
        self._mark = b"--" + boundary.encode("latin-1", "replace")
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
        seen = self._tail + body
        self._marks += seen.count(self._mark)
        rest = seen[seen.rfind(self._mark) + len(self._mark) :] if self._mark in seen else seen
        self._tail = rest[1 - len(self._mark) :]  # where a mark may begin
        if self.files > MAX_FILES_AT_ONCE:
            raise TooManyFilesError
        return message
