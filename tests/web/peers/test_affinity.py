"""Requests find the server that they are for, over real connections."""

import asyncio
import contextlib
import json
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from genregenie.accounts import open_accounts
from genregenie.common.replicas import Replica
from genregenie.storage.database import sqlite_url
from genregenie.storage.registry import DatabaseRegistry, sealer
from genregenie.web.peers.affinity import Affinity
from genregenie.web.peers.forwarding import NOTE, Arrivals, Forwarding
from genregenie.web.peers.servers import Peer, Servers
from genregenie.web.security.cookies import SERVER, Cookies
from genregenie.web.sockets import listen_beside
from tests.machine import free_port
from tests.web.servers import CHEAP, running

KEY = b"a key that all servers have"
API = "/app/gradio_api"


@dataclass
class Member:
    """A server that tells what it was asked, and where it listens."""

    replica: Replica
    servers: Servers
    port: int = 0
    left: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def cookie(self) -> dict[str, str]:
        return {SERVER: self.servers.cookie()}

    def __post_init__(self) -> None:
        self.forwarding = Forwarding(self.replica, KEY, self.servers.is_there)

    def app(self) -> Arrivals:
        affinity = Affinity(self._inner, self.servers, self.forwarding, Cookies("http"))
        return Arrivals(affinity, KEY)

    async def _inner(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self.forwarding.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        if scope["path"].endswith("/stream"):
            await self._stream(receive, send)
            return
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        about = {
            "server": self.replica.name,
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "method": scope["method"],
            "client": scope["client"][0] if scope["client"] else None,
            "scheme": scope["scheme"],
            "note": NOTE in Headers(scope=scope),
            "said": Headers(scope=scope).get("x-said"),
            "size": size,
            "names": sorted({name.decode() for name, _ in scope["headers"]}),
        }
        if scope["path"].endswith("/ends"):
            length = [(b"content-length", b"1000")]
            await send({"type": "http.response.start", "status": 200, "headers": length})
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            raise asyncio.CancelledError
        headers = [(b"x-answer", b"1"), (b"set-cookie", b"one=1"), (b"set-cookie", b"two=2")]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(about).encode()})

    async def _stream(self, receive: Receive, send: Send) -> None:
        kind = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": kind})
        await receive()
        gone = asyncio.ensure_future(receive())
        number = 0
        while not gone.done():
            body = f"data: {number}\n\n".encode()
            await send({"type": "http.response.body", "body": body, "more_body": True})
            number += 1
            await asyncio.wait([gone], timeout=0.02)
        self.left.append("stream")


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Member]]:
    """Two of one machine, by sockets; one elsewhere, by its address; one nobody reaches."""
    folder = tmp_path_factory.mktemp("s")
    accounts = open_accounts(sqlite_url(folder), CHEAP)
    registry = DatabaseRegistry(accounts.db, KEY)
    with contextlib.ExitStack() as stack:
        stack.callback(accounts.close)
        members: dict[str, Member] = {}
        for name in ("a-1", "a-2", "b", "c"):
            port = free_port()
            address = f"http://127.0.0.1:{port}" if name == "b" else None
            replica = Replica(name, address, folder if name.startswith("a") else None)
            members[name] = Member(replica, Servers(replica, registry, KEY))
            members[name].servers.tell()
            options = {"uds": str(replica.socket)} if name == "a-2" else {}
            port = stack.enter_context(running(members[name].app(), port=port, **options))
            members[name].port = port
        for member in members.values():
            member.servers.tell()
        yield members


def ask(member: Member, path: str, **options: object) -> httpx.Response:
    return httpx.request(options.pop("method", "GET"), member.url + path, **options)  # type: ignore[arg-type]


def test_without_a_cookie_whoever_is_asked_answers_and_keeps_the_browser(
    members: dict[str, Member],
) -> None:
    answer = ask(members["a-1"], "/app/")
    assert answer.json()["server"] == "a-1"
    assert answer.cookies[SERVER].startswith("a-1.")
    assert not ask(members["a-1"], "/app/", cookies=members["a-1"].cookie).cookies.get(SERVER)


def test_gradio_client_stays_where_it_has_begun(members: dict[str, Member]) -> None:
    cookies = dict(ask(members["b"], "/app/config").cookies)  # which it keeps, and no others
    for path in (f"{API}/info", f"{API}/queue/data?session_hash=x"):
        assert ask(members["a-1"], path, cookies=cookies).json()["server"] == "b"


@pytest.mark.parametrize("there", ["a-2", "b"])
def test_what_is_for_another_reaches_it_as_it_was(members: dict[str, Member], there: str) -> None:
    path = f"{API}/file=/tmp/a%20b%2Fc?x=1&y=%C3%A4"
    headers = {"x-said": "this", "x-forwarded-for": "10.9.9.9", "host": "music.example.org"}
    answer = ask(
        members["a-1"],
        path,
        method="POST",
        cookies=members[there].cookie,
        headers=headers,
        content=b"x" * 3_000_000,
    )
    assert answer.status_code == 201
    assert answer.headers["x-answer"] == "1"
    assert answer.headers.get_list("set-cookie") == ["one=1", "two=2"]
    assert len(answer.headers.get_list("date")) == 1
    assert answer.json() == {
        "server": there,
        "path": f"{API}/file=/tmp/a%20b%2Fc",
        "query": "x=1&y=%C3%A4",
        "method": "POST",
        "client": "10.9.9.9",  # which a proxy on this machine has said
        "scheme": "http",
        "note": False,
        "said": "this",
        "size": 3_000_000,
        "names": [
            *("accept", "accept-encoding", "content-length", "cookie", "host", "user-agent"),
            "x-said",
        ],
    }


@pytest.mark.parametrize("there", ["a-2", "b"])
def test_nothing_is_said_for_whoever_says_nothing(members: dict[str, Member], there: str) -> None:
    with socket.create_connection(("127.0.0.1", members["a-1"].port), timeout=10) as line:
        cookie = f"{SERVER}={members[there].servers.cookie()}"
        head = f"GET {API}/x HTTP/1.1\r\nhost: a\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n"
        line.sendall(head.encode())
        told = b"".join(iter(lambda: line.recv(9999), b""))
    # What would be compressed, say, the browser might not be able to read.
    assert b'"names": ["cookie", "host"]' in told


@pytest.mark.slow
@pytest.mark.parametrize("content", [None, b"x" * 3_000_000])
def test_whoever_leaves_waits_for_no_answer(
    members: dict[str, Member], content: bytes | None
) -> None:
    a, ended = members["a-1"], threading.Event()

    class NeverAnswers(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while self.request.recv(65536):
                pass
            ended.set()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), NeverAnswers) as silent:
        thread = threading.Thread(target=silent.serve_forever)
        thread.start()
        a.servers._peers["s"] = Peer("s", f"http://127.0.0.1:{silent.server_address[1]}")
        cookie = {SERVER: a.servers._sign("s")}
        try:
            with pytest.raises(httpx.ReadTimeout):
                ask(a, f"{API}/x", method="POST", cookies=cookie, content=content, timeout=1)
            assert ended.wait(10)
        finally:
            del a.servers._peers["s"]
            silent.shutdown()
            thread.join()


def test_pages_of_the_portal_and_assets_are_anybodys(members: dict[str, Member]) -> None:
    for path in ("/account", "/app/assets/index.js", "/apple"):
        answer = ask(members["a-1"], path, cookies=members["b"].cookie)
        assert answer.json()["server"] == "a-1"


def test_a_stream_comes_as_it_is_made_and_ends_with_its_browser(
    members: dict[str, Member],
) -> None:
    there = members["a-2"]
    there.left.clear()
    with httpx.stream(
        "GET", members["a-1"].url + f"{API}/stream", cookies=there.cookie, timeout=10
    ) as answer:
        lines = answer.iter_lines()
        assert [next(lines) for _ in range(3)] == ["data: 0", "", "data: 1"]
    deadline = time.monotonic() + 10
    while not there.left and time.monotonic() < deadline:
        time.sleep(0.01)
    assert there.left == ["stream"]


def test_a_stream_of_a_server_that_hangs_ends(
    members: dict[str, Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genregenie.web.peers.forwarding.GONE_AFTER_S", 0.1)
    here = members["a-1"].servers
    with httpx.stream(
        "GET", members["a-1"].url + f"{API}/stream", cookies=members["a-2"].cookie, timeout=10
    ) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "data: 0"
        peer = here._peers.pop("a-2")  # it has said nothing for a while
        try:
            assert all(line.startswith("data: ") for line in lines if line)  # and then no more
        finally:
            here._peers["a-2"] = peer


def test_nobody_else_can_write_the_note(members: dict[str, Member]) -> None:
    forged = {NOTE: json.dumps({"client": ["10.0.0.1", 1], "scheme": "https", "hops": 5})}
    for name in ("a-1", "b"):
        answer = ask(members["a-1"], f"{API}/x", cookies=members[name].cookie, headers=forged)
        told = answer.json()
        assert (told["server"], told["client"], told["scheme"]) == (name, "127.0.0.1", "http")
        assert told["note"] is False


@pytest.mark.parametrize("off_s", [-120, 120])
def test_a_note_of_another_time_is_not_believed_and_said_so(
    members: dict[str, Member], caplog: pytest.LogCaptureFixture, off_s: int
) -> None:
    about = json.dumps({"client": ["10.0.0.1", 1], "scheme": "https", "hops": 1}).encode()
    note = sealer(KEY, "forwarding").encrypt_at_time(about, int(time.time()) + off_s)
    headers = {NOTE: note.decode()}
    answer = ask(members["a-1"], f"{API}/x", cookies=members["b"].cookie, headers=headers)
    told = answer.json()
    # And it is not handed on, which might be for ever.
    assert (told["server"], told["client"], told["scheme"]) == ("a-1", "127.0.0.1", "http")
    assert "another server's clock is" in caplog.text


def test_who_cannot_be_reached_is_not_taken_over_from(members: dict[str, Member]) -> None:
    cookie = members["c"].cookie
    answer = ask(members["b"], f"{API}/queue/join", method="POST", cookies=cookie)
    assert answer.status_code == 421
    assert answer.json() == {
        "detail": "This page was loaded from another server. Please load it again."
    }
    again = ask(members["b"], "/app/", cookies=cookie)
    assert again.json()["server"] == "b"
    assert again.cookies[SERVER].startswith("b.")


def test_who_is_gone_is_taken_over_from(members: dict[str, Member], tmp_path: Path) -> None:
    b = members["b"]
    # One that was killed: its socket is still there, and nobody listens. And one never heard of.
    assert b.replica.sockets is None
    for name in ("a-9", "z"):
        if name == "a-9":
            sockets = members["a-1"].replica.sockets
            assert sockets is not None
            listen_beside(sockets / "a-9.sock").close()
        cookie = {SERVER: b.servers._sign(name)}
        answer = ask(members["a-1"], f"{API}/queue/join", method="POST", cookies=cookie)
        assert answer.json()["server"] == "a-1"
        assert answer.cookies[SERVER].startswith("a-1.")


def test_a_forged_cookie_leads_nowhere(members: dict[str, Member]) -> None:
    for value in ("b", "b.", "b.aaaa", "../../x.sock"):
        answer = ask(members["a-1"], f"{API}/x", cookies={SERVER: value})
        assert answer.json()["server"] == "a-1"


def test_what_breaks_off_is_not_taken_for_whole(members: dict[str, Member]) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        ask(members["a-1"], f"{API}/ends", cookies=members["b"].cookie)


@pytest.mark.slow
def test_who_dies_at_it_is_taken_over_from_with_all_that_was_sent(
    members: dict[str, Member],
) -> None:
    class Dies(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            head = self.request.recv(1000)
            for _ in range(2000 if b"/long " in head else 0):
                self.request.recv(1000)

    a = members["a-1"]
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Dies) as dying:
        thread = threading.Thread(target=dying.serve_forever)
        thread.start()
        a.servers._peers["d"] = Peer("d", f"http://127.0.0.1:{dying.server_address[1]}")
        cookie = {SERVER: a.servers._sign("d")}
        try:
            short = ask(a, f"{API}/x", method="POST", cookies=cookie, content=b"x" * 3_000)
            long = ask(a, f"{API}/long", method="POST", cookies=cookie, content=b"x" * 9_000_000)
        finally:
            del a.servers._peers["d"]
            dying.shutdown()
            thread.join()
    assert (short.json()["server"], short.json()["size"]) == ("a-1", 3_000)
    assert short.cookies[SERVER].startswith("a-1.")
    # What is long is not kept for that: it is told in a sentence.
    assert long.status_code == 502
    assert "Please try again" in long.text


def test_nothing_goes_round_in_circles(members: dict[str, Member]) -> None:
    # Each takes the other for the one that is meant, as a proxy with wrong addresses might have it.
    a, b = members["a-1"], members["b"]
    cookie = {SERVER: a.servers._sign("nobody")}
    a.servers._peers["nobody"] = Peer("nobody", b.url)
    b.servers._peers["nobody"] = Peer("nobody", a.url)
    try:
        assert ask(a, f"{API}/x", cookies=cookie).status_code == 201
    finally:
        del a.servers._peers["nobody"], b.servers._peers["nobody"]
