"""Connections that do not end: who holds them is cut off, and everybody else is served."""

import asyncio
import contextlib
import functools
import logging
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from genregenie.web.serving import connections as module
from genregenie.web.serving.connections import Connections
from genregenie.web.serving.descriptors import Room, raise_open_files, room
from genregenie.web.serving.shares import Shares
from tests import machine
from tests.machine import free_port

GENEROUS_S = 30
HALF = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: "
BODY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
WHOLE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Reads what it is sent; at ``/much`` it has a lot to say, at ``/stream`` no end."""
    if scope["type"] == "lifespan":
        for _ in range(2):
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
        return
    more = True
    while more and scope["method"] == "POST":
        message = await receive()
        more = message.get("more_body", False) and message["type"] == "http.request"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(200 if scope["path"] == "/much" else 1):
        body = bytes(1 << 20 if scope["path"] == "/much" else 2)
        await send({"type": "http.response.body", "body": body, "more_body": True})
    if scope["path"] == "/stream":
        while (await receive())["type"] != "http.disconnect":
            pass
    await send({"type": "http.response.body", "body": b""})


Serve = Callable[..., tuple[int, Connections]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with contextlib.ExitStack() as stack:

        def begin(most: int = 50, an_address: int = 50, proxies: tuple[str, ...] = ()) -> Any:
            port, counted = free_port(), Connections(Room(most, an_address, 50), proxies)
            options: Any = {"http": counted.protocol, "ws": "none", "lifespan": "on"}
            config = uvicorn.Config(
                Shares(app, an_address) if proxies else app,
                port=port,
                log_level="warning",
                timeout_keep_alive=1,
                timeout_graceful_shutdown=1,
                forwarded_allow_ips=list(proxies),
                **options,
            )
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, daemon=True)
            thread.start()
            stack.callback(thread.join, 10)
            stack.callback(setattr, server, "should_exit", True)
            while not server.started:
                time.sleep(0.01)
            return port, counted

        yield begin


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_S", "PACE_S", "READ_S"):
        monkeypatch.setattr(module, name, 0.5)


@contextlib.contextmanager
def talking(port: int, *words: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), GENEROUS_S) as connection:
        for word in words:
            connection.sendall(word)
        yield connection


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side ends it; a connection that stays open is a time-out."""
    try:
        while connection.recv(1 << 16):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("words", [(), (HALF,), (BODY,), (BODY, b"a little"), (WHOLE,)])
def test_what_never_comes_to_an_end_is_closed(serve: Serve, words: tuple[bytes, ...]) -> None:
    port, counted = serve()
    with talking(port, *words) as connection:
        assert is_closed(connection)
    assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
    assert sum(counted.turned_away.values()) == (words != (WHOLE,))


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
def test_a_second_request_has_its_time_as_well(serve: Serve) -> None:
    port, counted = serve()
    with talking(port, WHOLE, HALF) as connection:
        assert is_closed(connection)
    with talking(port, WHOLE) as connection:
        connection.recv(100)
        connection.sendall(HALF)
        assert is_closed(connection)
    assert counted.turned_away


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
def test_who_sends_slowly_but_steadily_is_served(serve: Serve) -> None:
    port, counted = serve()
    with talking(port, BODY) as connection:
        for _ in range(20):
            connection.sendall(bytes(5000))
            time.sleep(0.1)
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    assert not counted.turned_away


@pytest.mark.usefixtures("impatient")
def test_an_answer_that_nobody_reads_is_not_kept_for_ever(serve: Serve) -> None:
    port, counted = serve()
    with talking(port, WHOLE.replace(b"/", b"/much", 1)):
        deadline = time.monotonic() + GENEROUS_S
        while not counted.turned_away and time.monotonic() < deadline:
            time.sleep(0.05)
    assert counted.turned_away["nobody read the answer"] == 1


def test_the_oldest_that_waits_makes_room_for_who_comes(serve: Serve) -> None:
    port, _ = serve(most=10, an_address=10)
    with contextlib.ExitStack() as stack:
        halves = [stack.enter_context(talking(port, HALF)) for _ in range(30)]
        for _ in range(5):
            assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
        assert all(map(is_closed, halves[:20]))


def test_who_is_being_served_keeps_the_place_and_others_are_told(serve: Serve) -> None:
    port, counted = serve(most=40, an_address=10)
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            stream = stack.enter_context(talking(port, WHOLE.replace(b"/", b"/stream", 1)))
            assert stream.recv(100).startswith(b"HTTP/1.1 200")
        refused = stack.enter_context(talking(port))
        told = refused.recv(1000)
        assert told.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 10" in told
        assert b"Please try again in 10 seconds." in told
    assert counted.turned_away == {"address": 1}


def test_people_behind_a_proxy_are_counted_one_by_one(serve: Serve) -> None:
    port, counted = serve(most=100, an_address=5, proxies=("127.0.0.1/32",))

    def stream(of: int) -> bytes:
        head = WHOLE.replace(b"/", b"/stream", 1).removesuffix(b"\r\n")
        return head + b"X-Forwarded-For: 203.0.113.%d\r\n\r\n" % of

    with contextlib.ExitStack() as stack:
        for of, status in [(1, b"200")] * 5 + [(1, b"503")] + [(2, b"200")] * 5:
            answer = stack.enter_context(talking(port, stream(of))).recv(100)
            assert answer.startswith(b"HTTP/1.1 " + status)
    assert not counted.turned_away


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("10.1.2.3", ""),
        ("a socket", ""),
    ],
)
def test_what_an_address_counts_for(address: str, counted_as: str) -> None:
    assert Connections(Room(9, 9, 9), ["10.0.0.0/8"]).count_as(address) == counted_as


@pytest.mark.parametrize("files", [16, 256, 1024, 4096, 65_536])
def test_descriptors_stay_for_everything_else(files: int) -> None:
    found = room(files)
    assert 1 <= found.an_address <= max(found.most // 2, 1)
    assert found.most + found.backlog + min(files // 4, 256) <= max(files, 3)


def in_a_process_of_its_own() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 128))
    print(raise_open_files(), resource.getrlimit(resource.RLIMIT_NOFILE))


def test_the_limit_of_open_files_is_raised_as_far_as_it_goes() -> None:
    code = f"from {__name__} import in_a_process_of_its_own as run; run()"
    assert machine.run("-c", code, cwd=machine.ROOT).stdout.strip() == "128 (128, 128)"


@pytest.mark.slow
def test_a_thousand_half_sent_requests_shut_nobody_out(tmp_path: Path) -> None:
    """The app as people start it, with 1,024 descriptors and no more."""
    port, log = free_port(), tmp_path / "log"
    few = functools.partial(resource.setrlimit, resource.RLIMIT_NOFILE, (512, 1024))
    with log.open("wb") as file:
        process = machine.start(
            "app.py",
            environment={
                "GENREGENIE_DATA_DIR": str(tmp_path / "data"),
                "GRADIO_SERVER_PORT": str(port),
            },
            cwd=machine.ROOT,
            stderr=file,
            preexec_fn=few,
        )
    url = f"http://127.0.0.1:{port}/login"
    try:
        for _ in range(1200):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(url).status_code == 200:
                    break
            time.sleep(0.05)
        with contextlib.ExitStack() as stack:
            halves = [stack.enter_context(talking(port, HALF)) for _ in range(1051)]
            for _ in range(3):
                assert httpx.get(url, timeout=GENEROUS_S).status_code == 200
            assert all(map(is_closed, halves))
            assert httpx.get(url, timeout=GENEROUS_S).status_code == 200
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    text = log.read_text()
    assert "cut off connections" in text
    assert "Traceback" not in text
    assert len(text) < 20_000


def test_the_same_line_is_written_seldom(caplog: pytest.LogCaptureFixture) -> None:
    from genregenie.web.serving.logs import Seldom

    logger, seldom = logging.getLogger("test.seldom"), Seldom(free=3, every_s=0.2)
    logger.addFilter(seldom)
    for number in range(1000):
        logger.warning("number %d of many\nand more", number)
    logger.warning("something else")
    time.sleep(0.3)
    logger.warning("number %d of many\nand more", 1000)
    told = [record.getMessage().replace("\n", " ") for record in caplog.records]
    assert told == [
        *(f"number {n} of many and more" for n in range(3)),
        "something else",
        "number 1000 of many and more (and 997 more like it)",
    ]


def test_asyncio_says_with_this_first_line_that_no_descriptor_is_left() -> None:
    """What `Seldom` takes for one kind of line, whatever socket it names."""
    loop = asyncio.new_event_loop()
    met: list[str] = []
    loop.set_exception_handler(lambda _, context: met.append(context["message"]))
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)

    class Full:
        def __getattr__(self, name: str) -> Any:
            return getattr(listening, name)

        def accept(self) -> Any:
            raise OSError(24, "Too many open files")

    loop._accept_connection(asyncio.Protocol, Full(), backlog=1)  # type: ignore[attr-defined]
    loop.close()
    listening.close()
    assert met == ["socket.accept() out of system resource"]
