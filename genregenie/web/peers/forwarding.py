"""Hands a request to the server that it is for, and its answer back, a piece at a time.

It arrives there with a note that only servers with the same key can write: where the client is, and
how it came. Whatever a client itself writes into that header is dropped.
"""

import contextlib
import json
import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import anyio
import httpx
from cryptography.fernet import InvalidToken
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from genregenie.common.replicas import Replica
from genregenie.storage.registry import sealer
from genregenie.web.peers.body import Body, gone
from genregenie.web.peers.servers import GONE_AFTER_S, Peer

NOTE: Final = "x-genregenie-forwarded"
MAX_HOPS: Final = 2
"""From one machine to another, and there to one of its workers."""
CONNECT_S: Final = 2.0
TAKES_S: Final = 60.0
"""So long a server may take no more of what it is sent."""
_ASK_S: Final = 3.0
_NOTE_S: Final = 60
"""So old a note may be, with clocks that differ."""
_OWN_WAY: Final = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"}
)
"""Headers that are about one connection."""
_OF_PROXIES: Final = frozenset({"x-forwarded-for", "x-forwarded-proto", "forwarded"})
"""What they told has been read; the note has it."""
BROKEN_OFF: Final = "The server that was at work on this has stopped. Please try again.\n"

# Streams are silent for long; who waits for nothing is the browser's to say.
_TIMES: Final = httpx.Timeout(None, connect=CONNECT_S, write=TAKES_S).as_dict()
# A machine that has lost its power says nothing either, so its system is asked.
_ASKED: Final = {"SO_KEEPALIVE": 1, "TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
_LOST_MS: Final = {"TCP_USER_TIMEOUT": 25_000}
_OPTIONS: Final = [
    (socket.SOL_SOCKET if name.startswith("SO") else socket.IPPROTO_TCP, number, value)
    for name, value in (_ASKED | _LOST_MS).items()
    if (number := getattr(socket, name, None)) is not None  # systems know some of them
]

log = logging.getLogger("genregenie.web")

_HOPS: Final = "genregenie.hops"


def hops(scope: Scope) -> int:
    """How many servers have handed a request on."""
    found: int = scope.get(_HOPS, 0)
    return found


class Forwarding:
    """Sends requests to other servers.

    Parameters
    ----------
    me : Replica
    key : bytes
        That all servers have.
    is_there : callable
        Given a server's name, it says whether that has been heard of lately: who hangs, or has lost
        its network, breaks nothing off.
    """

    def __init__(self, me: Replica, key: bytes, is_there: Callable[[str], bool]) -> None:
        self._me = me
        self._is_there = is_there
        self._seal = sealer(key, "forwarding")
        # A client would add headers and cookies of its own to what is somebody else's.
        self._lines: dict[str, _Line] = {}

    async def send(
        self, name: str, peer: Peer | None, scope: Scope, body: Body, send: Send
    ) -> bool | None:
        """Have a server answer a request.

        Returns
        -------
        bool or None
            False, with nothing said yet, if the server is not there, or no more: what it had begun
            has gone with it, so another may answer. None if it cannot be reached from here at all.
        """
        line = self._line(name, peer)
        if line is None:
            return None
        try:
            if not _has_body(scope):
                await body.take()
            content = body.pieces() if _has_body(scope) else None
            request = self._request(line, scope, content)
            answer = await _unless_gone(line.transport.handle_async_request(request), body)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return False
        except ClientDisconnect:
            return True
        except httpx.HTTPError as error:
            log.warning("a request that %s had was broken off: %s", name, type(error).__name__)
            if body.is_kept:
                return False
            await body.drop()  # whoever is still sending hears no answer
            broken = PlainTextResponse(BROKEN_OFF, 502, {"retry-after": "1"})
            await broken(scope, body.rest, send)
            return True
        if answer is not None:
            await _pass_on(answer, body.rest, send, lambda: self._is_there(name))
        return True

    async def ask_beside(self, scope: Scope) -> dict[str, bytes]:
        """What the other servers of this machine answer to a request without a body, by name.

        Those that do not answer well or soon are left out.
        """
        beside = self._me.sockets.glob("*.sock") if self._me.sockets else ()
        answers: dict[str, bytes] = {}

        async def ask(name: str) -> None:
            line = self._line(name, None)
            if line is None:
                return
            with contextlib.suppress(httpx.HTTPError), anyio.move_on_after(_ASK_S):
                answer = await line.transport.handle_async_request(self._request(line, scope))
                try:
                    told = await answer.aread()
                finally:
                    await answer.aclose()
                if answer.is_success:
                    answers[name] = told

        async with anyio.create_task_group() as tasks:
            for path in beside:
                if path.stem != self._me.name:
                    tasks.start_soon(ask, path.stem)
        return answers

    async def close(self) -> None:
        """Let go of all connections."""
        for line in self._lines.values():
            await line.transport.aclose()

    def _line(self, name: str, peer: Peer | None) -> "_Line | None":
        beside = self._me.sockets / f"{name}.sock" if self._me.sockets else None
        here = beside is not None and beside.exists()
        where = str(beside) if here else peer.address if peer is not None else None
        if where is None:
            return None
        if where not in self._lines:
            transport = httpx.AsyncHTTPTransport(
                uds=where if here else None,
                trust_env=False,
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
                socket_options=None if here else _OPTIONS,
            )
            self._lines[where] = _Line(httpx.URL("http://peer" if here else where), transport)
        return self._lines[where]

    def _request(
        self, line: "_Line", scope: Scope, content: AsyncIterator[bytes] | None = None
    ) -> httpx.Request:
        return httpx.Request(
            scope["method"],
            line.url.copy_with(raw_path=_target(scope)),
            headers=self._headers(scope),
            content=content,
            extensions={"timeout": _TIMES},
        )

    def _headers(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        dropped = _OWN_WAY | _OF_PROXIES | {NOTE}
        kept = [(k, v) for k, v in scope["headers"] if k.decode("latin-1") not in dropped]
        note = {"client": scope.get("client"), "scheme": scope["scheme"], "hops": hops(scope) + 1}
        return [*kept, (NOTE.encode(), self._seal.encrypt(json.dumps(note).encode()))]


@dataclass(frozen=True)
class _Line:
    """The way to a server, and what stands before paths there."""

    url: httpx.URL
    transport: httpx.AsyncHTTPTransport


class Arrivals:
    """An ASGI middleware: what another server has sent on is where it came from at first."""

    def __init__(self, app: ASGIApp, key: bytes) -> None:
        self._app = app
        self._seal = sealer(key, "forwarding")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http" and (note := Headers(scope=scope).get(NOTE)) is not None:
            rest = [(k, v) for k, v in scope["headers"] if k != NOTE.encode()]
            scope = {**scope, "headers": rest}
            with contextlib.suppress(InvalidToken):
                scope |= self._told_by(note)
        await self._app(scope, receive, send)

    def _told_by(self, note: str) -> dict[str, Any]:
        off_s = time.time() - self._seal.extract_timestamp(note)
        if abs(off_s) > _NOTE_S:  # or somebody has it who listened between servers
            log.warning(
                "another server's clock is %d s from this one's: whom it asks for is not believed",
                off_s,
            )
            return {_HOPS: MAX_HOPS}  # wherever it came from, it goes no further
        about = json.loads(self._seal.decrypt(note))
        client = tuple(about["client"]) if about["client"] else None
        return {"client": client, "scheme": about["scheme"], _HOPS: about["hops"]}


def _target(scope: Scope) -> bytes:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return path + b"?" + query if query else path


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "content-length" in headers or "transfer-encoding" in headers


async def _unless_gone(answering: Awaitable[httpx.Response], body: Body) -> httpx.Response | None:
    """What is answered; None if nobody waits for it any more."""
    answer: httpx.Response | None = None
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:

        async def watch() -> None:
            await body.gone()
            tasks.cancel_scope.cancel()

        tasks.start_soon(watch)
        try:
            answer = await answering
        except Exception as error:  # noqa: BLE001 (a group would wrap it in one of its own)
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return answer


async def _pass_on(
    answer: httpx.Response, receive: Receive, send: Send, is_there: Callable[[], bool]
) -> None:
    """Send an answer as it comes, for as long as anybody wants it and its server is there."""

    async def watch(ending: anyio.CancelScope) -> None:
        await gone(receive)
        ending.cancel()

    async def watch_server(reading: anyio.CancelScope) -> None:
        while True:
            await anyio.sleep(GONE_AFTER_S)
            if not is_there():
                reading.cancel()

    dropped = _OWN_WAY | {"date"}  # which this server says, too
    headers = [(k.lower(), v) for k, v in answer.headers.raw if k.lower().decode() not in dropped]
    try:
        await send(
            {"type": "http.response.start", "status": answer.status_code, "headers": headers}
        )
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch, tasks.cancel_scope)
            why = "nothing is heard of its server"
            with anyio.CancelScope() as reading:
                tasks.start_soon(watch_server, reading)
                try:
                    async for piece in answer.aiter_raw():
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
                    why = ""
                except httpx.HTTPError as error:
                    why = type(error).__name__
            if why:
                log.warning("an answer was broken off: %s", why)
                if "content-length" in answer.headers:
                    raise ConnectionResetError
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await answer.aclose()
