"""Hands a request to the server that it is for, and its answer back, a piece at a time.

It arrives there with a note that only servers with the same key can write: where the client is, and
how it came. Whatever a client itself writes into that header is dropped.
"""

import contextlib
import json
import logging
from collections.abc import AsyncIterator
from typing import Final

import anyio
import httpx
from cryptography.fernet import InvalidToken
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genregenie.common.replicas import Replica
from genregenie.storage.registry import sealer
from genregenie.web.peers.servers import Peer

NOTE: Final = "x-genregenie-forwarded"
MAX_HOPS: Final = 2
"""From one machine to another, and there to one of its workers."""
CONNECT_S: Final = 2.0
_KEPT_BYTES: Final = 1 << 20
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
    """

    def __init__(self, me: Replica, key: bytes) -> None:
        self._me = me
        self._seal = sealer(key, "forwarding")
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def send(
        self, name: str, peer: Peer | None, scope: Scope, body: "Body", send: Send
    ) -> bool | None:
        """Have a server answer a request.

        Returns
        -------
        bool or None
            False, with nothing said yet, if the server is not there, or no more: what it had begun
            has gone with it, so another may answer. None if it cannot be reached from here at all.
        """
        client = self._client(name, peer)
        if client is None:
            return None
        request = client.build_request(
            scope["method"],
            client.base_url.copy_with(raw_path=_target(scope)),
            headers=self._headers(scope),
            content=body.pieces() if _has_body(scope) else None,
        )
        try:
            answer = await client.send(request, stream=True)
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
        await _pass_on(answer, body.rest, send)
        return True

    async def ask_beside(self, scope: Scope) -> dict[str, bytes]:
        """What the other servers of this machine answer to a request without a body, by name.

        Those that do not answer well or soon are left out.
        """
        beside = self._me.sockets.glob("*.sock") if self._me.sockets else ()
        answers: dict[str, bytes] = {}

        async def ask(name: str) -> None:
            client = self._client(name, None)
            if client is None:
                return
            url = client.base_url.copy_with(raw_path=_target(scope))
            with contextlib.suppress(httpx.HTTPError):
                answer = await client.get(url, headers=self._headers(scope), timeout=_ASK_S)
                if answer.is_success:
                    answers[name] = answer.content

        async with anyio.create_task_group() as tasks:
            for socket in beside:
                if socket.stem != self._me.name:
                    tasks.start_soon(ask, socket.stem)
        return answers

    async def close(self) -> None:
        """Let go of all connections."""
        for client in self._clients.values():
            await client.aclose()

    def _client(self, name: str, peer: Peer | None) -> httpx.AsyncClient | None:
        beside = self._me.sockets / f"{name}.sock" if self._me.sockets else None
        if beside is not None and beside.exists():
            where = str(beside)
        elif peer is not None and peer.address is not None:
            where = peer.address
        else:
            return None
        if where not in self._clients:
            here = beside is not None and where == str(beside)
            self._clients[where] = httpx.AsyncClient(
                base_url="http://peer" if here else where,
                transport=httpx.AsyncHTTPTransport(
                    uds=where if here else None,
                    trust_env=False,
                    limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
                ),
                # Streams are silent for long; who waits for nothing is the browser's to say.
                timeout=httpx.Timeout(None, connect=CONNECT_S),
                trust_env=False,
            )
        return self._clients[where]

    def _headers(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        dropped = _OWN_WAY | _OF_PROXIES | {NOTE}
        kept = [(k, v) for k, v in scope["headers"] if k.decode("latin-1") not in dropped]
        note = {"client": scope.get("client"), "scheme": scope["scheme"], "hops": hops(scope) + 1}
        return [*kept, (NOTE.encode(), self._seal.encrypt(json.dumps(note).encode()))]


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
                about = json.loads(self._seal.decrypt(note, ttl=_NOTE_S))
                client = tuple(about["client"]) if about["client"] else None
                scope |= {"client": client, "scheme": about["scheme"], _HOPS: about["hops"]}
        await self._app(scope, receive, send)


def _target(scope: Scope) -> bytes:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return path + b"?" + query if query else path


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "content-length" in headers or "transfer-encoding" in headers


class Body:
    """What a browser sends; as long as it is short it is kept, in case somebody else answers."""

    def __init__(self, receive: Receive) -> None:
        self.rest = receive
        self.is_kept = True
        self._kept: list[Message] = []
        self._more = True

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, as it comes.

        Raises
        ------
        ClientDisconnect
        """
        size = 0
        while self._more:
            message = await self.rest()
            self._more = message.get("more_body", False)
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            piece = message.get("body", b"")
            size += len(piece)
            self.is_kept = size <= _KEPT_BYTES
            self._kept = [*self._kept, message] if self.is_kept else []
            yield piece

    async def drop(self) -> None:
        """Take the rest of it, for nobody."""
        while self._more:
            self._more = (await self.rest()).get("more_body", False)

    async def receive(self) -> Message:
        """All of it from the beginning, for who answers in the end."""
        return self._kept.pop(0) if self._kept else await self.rest()


async def _pass_on(answer: httpx.Response, receive: Receive, send: Send) -> None:
    """Send an answer as it comes, for as long as anybody wants it."""

    async def watch(ending: anyio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        ending.cancel()

    dropped = _OWN_WAY | {"date"}  # which this server says, too
    headers = [(k.lower(), v) for k, v in answer.headers.raw if k.lower().decode() not in dropped]
    try:
        await send(
            {"type": "http.response.start", "status": answer.status_code, "headers": headers}
        )
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch, tasks.cancel_scope)
            try:
                async for piece in answer.aiter_raw():
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            except httpx.HTTPError as error:
                log.warning("an answer was broken off: %s", type(error).__name__)
                if "content-length" in answer.headers:
                    raise ConnectionResetError from error
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await answer.aclose()
