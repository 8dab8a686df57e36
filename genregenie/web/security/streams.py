"""Event streams end with the session they belong to, and with the server.

A stream stays open for as long as a page does, and Gradio asks once, at its beginning, whose it is.
Here each is watched: an ASGI middleware tells Gradio that the browser has gone away, which is a way
to end that it knows, as soon as the session is over. That may have happened in another process, so
the sessions of all open streams are looked up in the database now and then.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genregenie.common.errors import GenreGenieError
from genregenie.web.identity import identity_of
from genregenie.web.security.isolation import API
from genregenie.web.workers import Workers

LOOK_EVERY_S: Final = 0.5

_HEARTBEAT: Final = re.compile(rf"{API}/heartbeat/(?P<page>[^/]+)/?")
_STREAM: Final = re.compile(rf"{API}/(queue/data|upload_progress|call/(v2/)?[^/]+/[^/]+)/?")
_QUEUE: Final = f"{API}/queue/data"
_GRACE_S: Final = 3.0
"""So long something may still come: the next event of a page whose last one was cancelled."""
# What Gradio's page tells itself of a stream that broke off, and that there is none any more.
_IN_VAIN: Final = (
    b'data: {"msg": "broken_connection", "message": "Connection errored out."}\n\n'
    b'data: {"msg": "close_stream"}\n\n'
)
_DISCONNECTED: Final[Message] = {"type": "http.disconnect"}

log = logging.getLogger("genregenie.web")


class Pages(Protocol):
    """Is told which pages are open; a page is known by the name that its browser gave it."""

    def opened(self, page: str) -> None:
        """A page's heartbeat begins."""

    def left(self, page: str) -> None:
        """A page's heartbeat has ended."""

    def waits_in_vain(self, page: str) -> bool:
        """Whether there is nothing left to tell to a page that was told something before."""


class OpenStreams:
    """The streams of this process. For the thread of the event loop alone.

    Attributes
    ----------
    pages : Pages or None
    """

    def __init__(self) -> None:
        self.pages: Pages | None = None
        self._open: dict[asyncio.Event, str | None] = {}
        self._stopping = False

    @contextlib.contextmanager
    def open(self, token: str | None, page: str | None) -> Iterator[asyncio.Event]:
        """A stream of a session, or of nobody's; gives what is set when it has to end."""
        over = asyncio.Event()
        if self._stopping:
            over.set()
        self._open[over] = token
        if self.pages is not None and page is not None:
            self.pages.opened(page)
        try:
            yield over
        finally:
            del self._open[over]
            if self.pages is not None and page is not None:
                self.pages.left(page)

    def stop(self) -> None:
        """End all, and each that comes."""
        self._stopping = True
        for over in self._open:
            over.set()

    async def keep_watch(
        self, living: Callable[[frozenset[str]], frozenset[str]], workers: Workers
    ) -> None:
        """End those whose session is over, until cancelled.

        Parameters
        ----------
        living : callable
            Given tokens, it says which of them are still good.
        workers : Workers
            Who asks it.
        """
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            tokens = frozenset(token for token in self._open.values() if token)
            if not tokens:
                continue
            try:
                ended = tokens - await workers.look_up(living, tokens)
            except GenreGenieError as error:  # who asks for something is told so
                log.debug("sessions of open streams are not known: %s", type(error).__name__)
                continue
            except Exception:
                log.exception("looking up the sessions of open streams failed")
                continue
            for over, token in self._open.items():
                if token in ended:
                    over.set()


class Streams:
    """Ends the event streams behind it when they have to end."""

    def __init__(self, app: ASGIApp, streams: OpenStreams) -> None:
        self._app = app
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        path = scope.get("path", "")
        heartbeat = _HEARTBEAT.fullmatch(path)
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
        elif path.rstrip("/") == _QUEUE and await self._in_vain(scope):
            answer = Response(_IN_VAIN, headers={"content-type": "text/event-stream"})
            await answer(scope, receive, send)
        elif heartbeat or _STREAM.fullmatch(path):
            identity = identity_of(scope)
            token = identity.session_token if identity else None
            page = heartbeat["page"] if heartbeat else None
            with self._streams.open(token, page) as over:
                stream = _Stream(receive, send, over)
                await self._app(scope, stream.receive, stream.send)
                await stream.end()
        else:
            await self._app(scope, receive, send)

    async def _in_vain(self, scope: Scope) -> bool:
        """Whether a page waits for what has gone with the process that took it.

        Gradio would have it wait for ever.
        """
        page = QueryParams(scope["query_string"]).get("session_hash", "")
        pages = self._streams.pages
        until = time.monotonic() + _GRACE_S
        while pages is not None and pages.waits_in_vain(page):
            if time.monotonic() > until:
                return True
            await asyncio.sleep(0.05)
        return False


class _Stream:
    """Stands between the app and the server for one stream."""

    def __init__(self, receive: Receive, send: Send, over: asyncio.Event) -> None:
        self._receive, self._send, self._over = receive, send, over
        self._is_stream = self._is_whole = False

    async def receive(self) -> Message:
        """What the browser sends; that it has gone away, once the stream has to end."""
        waiting = [
            asyncio.ensure_future(self._receive()),
            asyncio.ensure_future(self._over.wait()),
        ]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            message = waiting[0]
            return message.result() if message.done() else _DISCONNECTED  # type: ignore[return-value]
        finally:
            for one in waiting:
                one.cancel()

    async def send(self, message: Message) -> None:
        """What the app says, as long as the stream lasts."""
        if message["type"] == "http.response.start":
            kind = Headers(raw=message["headers"]).get("content-type", "")
            self._is_stream = kind.startswith("text/event-stream")
        if self._over.is_set() and self._is_stream and message["type"] == "http.response.body":
            return
        self._is_whole |= message["type"] == "http.response.body" and not message.get("more_body")
        await self._send(message)

    async def end(self) -> None:
        """Say that this was all, in place of an app that believes nobody listens."""
        if self._over.is_set() and self._is_stream and not self._is_whole:
            with contextlib.suppress(OSError):
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
