"""Keeps people apart behind the gate: an ASGI middleware around Gradio's API.

It reads what goes in (file paths, session hashes, event ids must be the person's own) and what
comes out (files that Gradio hands a person become theirs). Doors of Gradio that the page does not
use stay shut; that for assistants (MCP) is open to programs alone, where it is wanted.
"""

import functools
import json
import logging
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genregenie.common.errors import GenreGenieError
from genregenie.web.identity import id_of, is_program, user_of
from genregenie.web.paths import APP, MCP
from genregenie.web.security.ownership import Ownership
from genregenie.web.workers import Workers

API: Final = f"{APP}/gradio_api"
MAX_JSON_BYTES: Final = 4 * 2**20
MAX_FILES: Final = 1000
"""So many paths in one request are asked other servers for."""

# Proxying, editing the page, recordings of the screen, traces, deep links: nothing here uses them.
_SHUT: Final = re.compile(
    r"/app/(monitoring|login|logout|dev|gradio_api/(proxy=|file/|file=https?:|deep_link|dev/|mcp"
    r"|process_recording|profiling|run-history|runs|undo-vibe|vibe|component_server))"
)
_FILE: Final = re.compile(r"/app/gradio_api/file=(?P<path>.*)", re.DOTALL)
_HANDLE: Final = re.compile(
    r"/app/gradio_api/(heartbeat/(?P<a>[^/]+)|stream/(?P<b>[^/]+)(/.*)?"
    r"|call/(v2/)?[^/]+/(?P<c>[^/]+))"
)
# Only what Gradio itself says gives files away; what people wrote into a file must not.
_ANSWERS: Final = re.compile(r"/app/gradio_api/(upload|queue/(join|data)|(run|api|call)/.*)")


log = logging.getLogger("genregenie.web")


class NotYoursError(GenreGenieError):
    """A request names a file or a handle that belongs to somebody else."""


class Isolation:
    """Refuses what is not a person's own, and what is nobody's: the server's own files."""

    def __init__(
        self, app: ASGIApp, ownership: Ownership, workers: Workers, mcp: bool = False
    ) -> None:
        self._app = app
        self._own = ownership
        self._workers = workers
        self._mcp = mcp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not (path == APP or path.startswith(APP + "/")):
            await self._app(scope, receive, send)
            return
        refusal: Response | None = None
        # With the gate off everybody is the same nobody, whose requests are checked all the same.
        person_id = id_of(user_of(scope))
        try:
            if _SHUT.match(path) and not self._is_for_assistants(scope):
                refusal = JSONResponse({"detail": "Not found."}, 404)
            elif path.startswith(API):
                await self._check_address(person_id, scope)
                receive = await self._check_body(person_id, scope, receive)
                scope, send = self._watch(person_id, scope, send)
        except NotYoursError:
            refusal = JSONResponse({"detail": "This is not yours."}, 403)
        except ValueError:
            refusal = JSONResponse({"detail": "This request cannot be read."}, 400)
        await (refusal or self._app)(scope, receive, send)

    def _is_for_assistants(self, scope: Scope) -> bool:
        """Whether this is a call by MCP's one way in; the gate let in tokens that are for it.

        What streams for ever or tells of more than that (GET, ``/sse``, ``/schema``) stays shut.
        """
        called = scope["method"] == "POST" and scope["path"] in (MCP, f"{MCP}/")
        return self._mcp and called and is_program(scope)

    async def _check_address(self, person_id: int | None, scope: Scope) -> None:
        if file := _FILE.match(scope["path"]):
            await self._learn(person_id, [file["path"]])
            if not self._own.may_read(person_id, file["path"]):
                raise NotYoursError
        if found := _HANDLE.fullmatch(scope["path"].rstrip("/")):
            self._claim(person_id, found["a"] or found["b"] or found["c"])
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        for handle in query.get("session_hash", []) + query.get("event_id", []):
            self._claim(person_id, handle)

    async def _check_body(self, person_id: int | None, scope: Scope, receive: Receive) -> Receive:
        """Read and judge a JSON body; what goes on is our reading of it, so there is no other."""
        if scope["method"] in ("GET", "HEAD") or scope["path"].rstrip("/") == API + "/upload":
            return receive
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                raise ValueError("the client went away")
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > MAX_JSON_BYTES:
                raise ValueError("too long")
        if body:
            try:
                content = json.loads(body)
                await self._learn(person_id, self._named(content))
                self._check_content(person_id, content)
                # No NaN, which is no JSON, and no half characters: both fail much later.
                body[:] = json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
            except RecursionError:
                raise ValueError("nested too deeply") from None
        headers = MutableHeaders(scope=scope)
        headers["content-length"] = str(len(body))
        sent = False

        async def replay() -> Message:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        return replay

    async def _learn(self, person_id: int | None, paths: Iterable[str]) -> None:
        if self._own.shared is None:
            return
        try:
            await self._workers.quick(self._own.learn, person_id, list(paths)[:MAX_FILES])
        except GenreGenieError as error:  # what this server knows by itself is enough for most
            log.warning("other servers' files are not known: %s", type(error).__name__)

    def _named(self, content: Any) -> Iterator[str]:
        """The paths of files in what was sent, however they are written."""
        for item in _walk(content):
            if isinstance(item, str) and (at := item.find(str(self._own.folder))) >= 0:
                yield item[at:]
                yield unquote(item[at:])

    def _check_content(self, person_id: int | None, content: Any) -> None:
        if isinstance(content, dict):
            for key in ("session_hash", "event_id"):
                if isinstance(content.get(key), str):
                    self._claim(person_id, content[key])
        for item in _walk(content):
            if isinstance(item, dict) and isinstance(item.get("path"), str):
                # Gradio itself, when mounted, would hand a handler any file of the server.
                if not self._own.may_use(person_id, item["path"]):
                    raise NotYoursError
            elif isinstance(item, str):
                at = item.find(str(self._own.folder))
                # A path stands here as it is, or as part of an address.
                written = (item[at:], unquote(item[at:])) if at >= 0 else ()
                if written and not any(self._own.may_read(person_id, path) for path in written):
                    raise NotYoursError

    def _claim(self, person_id: int | None, handle: str) -> None:
        if not self._own.claim(person_id, handle):
            raise NotYoursError

    def _watch(self, person_id: int | None, scope: Scope, send: Send) -> tuple[Scope, Send]:
        """Grant what Gradio's answer names, before the answer is passed on."""
        if not _ANSWERS.fullmatch(scope["path"]):
            return scope, send
        # Compressed answers could not be read here.
        headers = [(k, v) for k, v in scope["headers"] if k != b"accept-encoding"]
        upload = scope["path"].rstrip("/") == API + "/upload"
        watcher = _Watcher(person_id, self._own, self._workers, upload, send)
        return {**scope, "headers": headers}, watcher


class _Watcher:
    """Stands in for `send`; holds JSON back until it is whole, and event streams to each event."""

    def __init__(
        self,
        person_id: int | None,
        ownership: Ownership,
        workers: Workers,
        upload: bool,
        send: Send,
    ) -> None:
        self._person_id = person_id
        self._own = ownership
        self._workers = workers
        self._upload = upload
        self._send = send
        self._kind = ""
        self._held = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._kind = Headers(raw=message["headers"]).get("content-type", "")
        elif message["type"] == "http.response.body" and self._kind.startswith(
            ("application/json", "text/event-stream")
        ):
            self._held += message.get("body", b"")
            last = not message.get("more_body", False)
            if self._kind.startswith("application/json"):
                if not last:
                    return
                await self._grant(bytes(self._held))
                whole = len(self._held)
            else:
                whole = len(self._held) if last else self._held.rfind(b"\n\n") + 2
                if whole < 2 and not last:
                    return
                for line in bytes(self._held[:whole]).split(b"\n"):
                    if line.startswith(b"data: "):
                        await self._grant(line[6:])
            message = {**message, "body": bytes(self._held[:whole])}
            del self._held[:whole]
        await self._send(message)

    async def _grant(self, text: bytes) -> None:
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            return
        if self._upload and isinstance(content, list):
            paths = [p for p in content if isinstance(p, str)]
        else:
            if isinstance(content, dict) and isinstance(content.get("event_id"), str):
                self._own.claim(self._person_id, content["event_id"])
            paths = list(_file_paths(content))
        for path in paths:
            self._own.grant(self._person_id, path)
        if paths and self._own.shared is not None:
            share = functools.partial(self._own.share, self._person_id, paths)
            try:
                await self._workers.quick(share, uploaded=self._upload)
            except GenreGenieError as error:
                log.warning("files are for this server alone: %s", type(error).__name__)


def _walk(content: Any) -> Iterator[Any]:
    """Every value in parsed JSON, keys of objects included."""
    waiting = [content]
    while waiting:
        item = waiting.pop()
        yield item
        if isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _file_paths(content: Any) -> Iterator[str]:
    """Paths of the files in an answer: whole ones, and those changed while a result is growing."""
    for item in _walk(content):
        match item:
            case {"path": str(path), "meta": {"_type": "gradio.FileData"}}:
                yield path
            case ["replace" | "add", [*_, "path"], str(path)]:
                yield path
            case ["add", _, {"path": str(path)}]:
                yield path
