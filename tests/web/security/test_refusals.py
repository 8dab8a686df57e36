"""Whatever is sent to Gradio's routes: no 5xx, no traceback, and a sentence where it is refused."""

import errno
import io
import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.routing import Mount
from starlette.types import Message, Receive, Scope, Send

from genregenie.web.config import WebConfig
from genregenie.web.security.refusals import Refusals
from tests.web.servers import Browser, Server, Start, in_a_loop

pytestmark = pytest.mark.slow

API = "/app/gradio_api"
JSON = {"content-type": "application/json"}
MULTIPART = {"content-type": "multipart/form-data; boundary=B"}
GOOD_FILE = b'Content-Disposition: form-data; name="files"; filename="a.wav"'
TEXT = b'Content-Disposition: form-data; name="note"'
ODD_NAMES = ["x", "-1", "a" * 3000, "%00", "%ff", "%F0%9F%8E%B5", "..%2f..", "%25", "'\"<"]
# These open a stream that stays open.
ENDLESS = re.compile(rf"{API}/heartbeat/")


def body(**changes: object) -> bytes:
    usual: dict[str, object] = {"data": ["a"], "fn_index": 1, "session_hash": "s", "event_id": "e"}
    return json.dumps(usual | changes).encode()


BODIES = {
    "nothing": b"",
    "null": b"null",
    "a number": b"3",
    "a text": b'"x"',
    "a list": b"[]",
    "an empty object": b"{}",
    "half": b'{"data":',
    "no text": b"\xff\xfe\x00",
    "NaN inside": body(data=[float("nan")]),
    "NaN as names": body(session_hash=float("nan"), event_id=float("nan"), fn_index=float("nan")),
    "too large for a float": body().replace(b'"a"', b"1e999"),
    "half a character": body(data=["\ud800"], session_hash="\ud800"),
    "half a character as key": body(**{"\ud800": 1}),
    "deep": body(data=json.loads("[" * 300 + "]" * 300)),
    "deeper": b"[" * 90_000 + b"]" * 90_000,
    "a long number": b"9" * 5000,
    "a large number": body(fn_index=10**30, data=[10**30]),
    "no function": body(fn_index=None),
    "an unknown function": body(fn_index=9999),
    "a negative function": body(fn_index=-1),
    "a function by name": body(fn_index="make"),
    "data as text": body(data="x"),
    "data as object": body(data={}),
    "too little data": body(data=[]),
    "too much data": body(data=list(range(50))),
    "names as numbers": body(session_hash=3, event_id=4),
    "names as lists": body(session_hash=["s"], event_id={}),
    "no names": body(session_hash=None, event_id=None),
    "a long name": body(session_hash="s" * 100_000),
    "a name with a nought": body(session_hash="s\0", event_id="e\0", data=["\0"]),
    "a batch": body(batched=True, data=[["a"]]),
    "an unknown trigger": body(trigger_id=10**9, event_data=[1]),
    "twice": body()[:-1] + b', "data": 3, "fn_index": "q", "session_hash": "t"}',
    "a file without meta": body(data=[{"path": "x"}]),
    "a file with a list": body(data=[{"path": ["x"], "meta": {"_type": "gradio.FileData"}}]),
    "a path with a nought": body(data=[{"path": "/\0", "meta": {"_type": "gradio.FileData"}}]),
    "a long path": body(data=[{"path": "a" * 9000, "meta": {"_type": "gradio.FileData"}}]),
}


def parts(*parts: bytes | tuple[bytes, bytes], end: bytes = b"--B--\r\n") -> bytes:
    """A multipart body of headers, or of headers and content."""
    pairs = (part if isinstance(part, tuple) else (part, b"RIFF") for part in parts)
    return b"".join(b"--B\r\n%s\r\n\r\n%s\r\n" % pair for pair in pairs) + end


def named(filename: bytes) -> bytes:
    return GOOD_FILE.replace(b"a.wav", filename)


UPLOADS: dict[str, tuple[dict[str, Any], bytes]] = {
    "no boundary": ({"content-type": "multipart/form-data"}, parts(GOOD_FILE)),
    "an empty boundary": ({"content-type": "multipart/form-data; boundary="}, parts(GOOD_FILE)),
    "another boundary": ({"content-type": "multipart/form-data; boundary=C"}, parts(GOOD_FILE)),
    "a long boundary": ({"content-type": "multipart/form-data; boundary=" + "B" * 5000}, b"--B"),
    "a strange boundary": ({"content-type": b"multipart/form-data; boundary=\xe9"}, b"--B"),
    "a strange charset": (
        {"content-type": "multipart/form-data; boundary=B; charset=rot13"},
        parts(GOOD_FILE),
    ),
    "another kind": ({"content-type": "multipart/mixed; boundary=B"}, parts(GOOD_FILE)),
    "no kind": ({}, parts(GOOD_FILE)),
    "JSON": (JSON, b"{}"),
    "a form": ({"content-type": "application/x-www-form-urlencoded"}, b"files=a"),
    "junk as kind": ({"content-type": b"\xff; ;;=="}, b"x"),
    "nothing": (MULTIPART, b""),
    "junk": (MULTIPART, b"junk" * 20),
    "a text field beside the file": (MULTIPART, parts(GOOD_FILE, TEXT)),
    "a text field before the file": (MULTIPART, parts(TEXT, GOOD_FILE)),
    "a text field for the file": (
        MULTIPART,
        parts(b'Content-Disposition: form-data; name="files"'),
    ),
    "two files": (MULTIPART, parts(GOOD_FILE, named(b"b.wav"))),
    "an empty file": (MULTIPART, parts((GOOD_FILE, b""))),
    "no file name": (MULTIPART, parts(named(b""))),
    "another field": (MULTIPART, parts(GOOD_FILE.replace(b'"files"', b'"file"'))),
    "no field name": (MULTIPART, parts(b'Content-Disposition: form-data; filename="a"')),
    "no disposition": (MULTIPART, parts(b"X: y")),
    "a name of dots": (MULTIPART, parts(named(b".."))),
    "a name of a slash": (MULTIPART, parts(named(b"/"))),
    "a long name": (MULTIPART, parts(named(b"a" * 3000 + b".wav"))),
    "a name with a nought": (MULTIPART, parts(named(b"a\0b.wav"))),
    "a name of bytes": (MULTIPART, parts(named(b"\xff\xfe.wav"))),
    "a name in another way": (
        MULTIPART,
        parts(b"Content-Disposition: form-data; name=\"files\"; filename*=utf-8''%00%ff.wav"),
    ),
    "cut short": (MULTIPART, parts(GOOD_FILE, end=b"")[:-3]),
    "no end": (MULTIPART, parts(GOOD_FILE, end=b"")),
    "a long header": (MULTIPART, parts(GOOD_FILE + b"\r\nX: " + b"a" * 20_000)),
    "many headers": (MULTIPART, parts(GOOD_FILE + b"\r\nX: a" * 500)),
    "many files": (MULTIPART, parts(*[GOOD_FILE] * 1001)),
    "many fields": (MULTIPART, parts(*[TEXT] * 1001)),
}


class Log:
    """All that is logged or printed while a test runs."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._text = ""
        self.logged = io.StringIO()

    @property
    def text(self) -> str:
        self._text += self._capsys.readouterr().err  # Gradio prints its tracebacks
        return self._text + self.logged.getvalue()

    def check(self, client: httpx.Client) -> None:
        """Nothing here is a traceback, once the server has answered something else as well."""
        assert client.get("/app/config").status_code == 200
        assert "Traceback" not in self.text, self.text[self.text.index("Traceback") :][:3500]


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[Log]:
    written = Log(capsys)
    handler = logging.StreamHandler(written.logged)
    loggers = [logging.getLogger(name) for name in (None, "uvicorn", "uvicorn.error")]
    for logger in loggers:
        logger.addHandler(handler)
    yield written
    for logger in loggers:
        logger.removeHandler(handler)


@pytest.fixture(scope="session")  # to the end, since names in addresses are their first user's
def client(server: Server) -> Iterator[Browser]:
    with server.browser() as somebody:
        somebody.cookies.set("genregenie", server.guest())
        yield somebody


def mount(server: Server) -> Mount:
    """Where Gradio is."""
    return next(r for r in server.app.routes if isinstance(r, Mount) and r.path == "/app")


def gradio_routes(server: Server, method: str) -> list[str]:
    """Paths of all that Gradio serves, as it declares them."""

    def below(routes: list[Any]) -> Iterator[str]:
        for route in routes:
            if inner := getattr(route, "original_router", None):
                yield from below(inner.routes)
            elif method in (getattr(route, "methods", None) or ()):
                yield f"/app{route.path}"

    found = sorted(set(below(mount(server).routes)))
    assert f"{API}/queue/join" in found or f"{API}/queue/data" in found
    return found


def ask(client: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response:
    """Send a request; of an answer without end its beginning is enough."""
    with client.stream(method, path, **options) as answer:
        if not ENDLESS.match(path) or answer.status_code >= 400:
            answer.read()
    check(answer)
    return answer


def check(answer: httpx.Response) -> None:
    assert answer.status_code < 500
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        plain = answer.headers["content-type"].startswith("text/plain")  # the upload's allowance
        sentence = answer.text if plain else answer.json()["detail"]
        assert isinstance(sentence, str)
        assert " " in sentence.strip()


def test_an_unknown_session_is_a_404(client: Browser, log: Log) -> None:
    for path in ("queue/data?session_hash=nobody", "call/make/nothing", "call/v2/make/nothing"):
        answer = ask(client, "GET", f"{API}/{path}")
        assert answer.status_code == 404
        assert answer.json()["detail"] == "There is no such session or event, or it is over."
    log.check(client)


def test_a_text_field_beside_the_file_is_a_400(client: Browser, log: Log) -> None:
    path = f"{API}/upload?upload_id=u"
    answer = ask(client, "POST", path, content=parts(GOOD_FILE, TEXT), headers=MULTIPART)
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"].startswith("This upload cannot be read: it takes files alone")
    assert ask(client, "POST", path, content=parts(GOOD_FILE), headers=MULTIPART).is_success
    log.check(client)


@pytest.mark.parametrize("name", BODIES)
def test_no_body_breaks_a_route(server: Server, client: Browser, log: Log, name: str) -> None:
    for route in gradio_routes(server, "POST"):
        for filled in {re.sub(r"\{[^}]+\}", name, route) for name in ("make", "nothing")}:
            ask(client, "POST", filled, content=BODIES[name], headers=JSON)
    log.check(client)


@pytest.mark.parametrize("kind", ["text/plain", "application/json; charset=utf-16", "nonsense"])
def test_no_content_type_breaks_a_route(
    server: Server, client: Browser, log: Log, kind: str
) -> None:
    for route in gradio_routes(server, "POST"):
        path = re.sub(r"\{[^}]+\}", "make", route)
        ask(client, "POST", path, content=body(), headers={"content-type": kind})
        ask(client, "POST", path, content=parts(GOOD_FILE, TEXT), headers=MULTIPART)
    log.check(client)


@pytest.mark.parametrize("query", ["", "?upload_id=u", "?upload_id=", "?upload_id=a&upload_id=b"])
@pytest.mark.parametrize("name", UPLOADS)
def test_no_upload_breaks_the_route(client: Browser, log: Log, name: str, query: str) -> None:
    headers, content = UPLOADS[name]
    ask(client, "POST", f"{API}/upload{query}", content=content, headers=headers)
    log.check(client)


@pytest.mark.parametrize("name", ODD_NAMES, ids=lambda name: name[:12])
def test_no_address_breaks_a_route(server: Server, client: Browser, log: Log, name: str) -> None:
    for route in gradio_routes(server, "GET"):
        if "{" not in route and name != ODD_NAMES[0]:
            continue  # the same address for every name
        path = re.sub(r"\{[^}]+\}", name, route)
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
            ask(client, method, path)
    log.check(client)


@pytest.mark.parametrize(
    "query",
    [
        "session_hash=",
        "session_hash=a&session_hash=b",
        "session_hash=%00",
        "session_hash=%ff",
        "session_hash=" + "a" * 9000,
        "page=nothing&deep_link=..%2f..",
        "all_endpoints=nothing",
        "%ff=%ff&&&===",
    ],
)
def test_no_query_breaks_a_route(server: Server, client: Browser, log: Log, query: str) -> None:
    for route in gradio_routes(server, "GET"):
        ask(client, "GET", f"{re.sub(r'{[^}]+}', 'nothing', route)}?{query}")
    log.check(client)


def test_progress_of_an_unknown_upload_is_a_404(client: Browser, log: Log) -> None:
    assert ask(client, "GET", f"{API}/upload_progress?upload_id=nobody").status_code == 404
    log.check(client)


plain = st.none() | st.booleans() | st.integers() | st.floats()
values = st.recursive(
    plain | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
requests = st.fixed_dictionaries(
    {},
    optional={
        "data": values | st.lists(values, max_size=3),
        "fn_index": st.integers(-1, 9) | values,
        # No names that another test asks for: the stream of a session that is there has no end.
        "session_hash": st.sampled_from(["h1", "h2"]) | plain | st.lists(values, max_size=2),
        "event_id": st.sampled_from(["e1", "e2"]) | plain | st.lists(values, max_size=2),
        "event_data": values,
        "trigger_id": st.integers(0, 12) | values,
        "batched": values,
        "simple_format": values,
    },
)
routes = st.sampled_from(
    [
        *("queue/join", "call/make", "call/v2/size", "run/size", "run/make", "component_server"),
        *("cancel", "reset", "stream/e1", "stream/e1/close"),
    ]
)
quietly = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@given(route=routes, content=requests)
@quietly
def test_no_json_breaks_a_route(client: Browser, log: Log, route: str, content: object) -> None:
    ask(client, "POST", f"{API}/{route}", content=json.dumps(content).encode(), headers=JSON)
    log.check(client)


whole = parts(GOOD_FILE, TEXT, named(b"b.wav"))


@given(
    at=st.integers(0, len(whole)),
    length=st.integers(0, 20),
    put=st.binary(max_size=20),
    query=st.sampled_from(["", "?upload_id=h"]),
)
@quietly
def test_no_multipart_breaks_the_upload(
    client: Browser, log: Log, at: int, length: int, put: bytes, query: str
) -> None:
    content = whole[:at] + put + whole[at + length :]
    ask(client, "POST", f"{API}/upload{query}", content=content, headers=MULTIPART)
    log.check(client)


# --- handlers ----------------------------------------------------------------------------------


def told(
    client: httpx.Client, number: int, session: str, *, closes: bool = False, **content: object
) -> list[Any]:
    """Run a handler over the queue; all that is said to the page until it is done."""
    content = {"fn_index": number, "session_hash": session, **content}
    joined = ask(client, "POST", f"{API}/queue/join", json=content)
    if closes:  # a stream would wait a minute for the second second of sound
        ask(client, "POST", f"{API}/stream/{joined.json().get('event_id')}/close")
    answer = ask(client, "GET", f"{API}/queue/data?session_hash={session}")
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


@pytest.mark.slow
def test_no_input_breaks_a_handler_of_the_page(app: Server, log: Log) -> None:
    with app.browser() as client:
        handlers = client.get("/app/config").json()["dependencies"]
        deep = json.loads("[" * 200 + "]" * 200)
        odd = [None, -1, 10**30, "x\0", [None], {"index": [1], "value": {}}, {"headers": 1}, deep]
        for handler in handlers:
            data = [[value] * len(handler["inputs"]) for value in odd]
            is_stream = any(kind == "stream" for _, kind in handler["targets"])
            for number, given in enumerate([[], [*data[0], 1], *data]):
                event = given[0] if given else None
                # A session for each kind of input: making one costs more than what is tested.
                session = f"odd-{number}"
                content = {"data": given, "event_data": event, "closes": is_stream}
                events = told(client, handler["id"], session, **content)
                assert "process_completed" in {event["msg"] for event in events}
        log.check(client)


def test_an_event_is_neither_preceded_nor_followed_by_what_nobody_wants(
    server: Server, client: Browser
) -> None:
    """Neither is matplotlib loaded, nor are figures worked out for a page that is shut."""
    queue = mount(server).app.get_blocks()._queue  # type: ignore[attr-defined]
    before = queue.events_recorded
    sys.modules.pop("matplotlib.pyplot", None)  # another test's library may have wanted it
    assert "process_completed" in {event["msg"] for event in told(client, 1, "figures", data=["a"])}
    assert queue.events_recorded == before + 1
    assert queue.cached_event_analytics_summary == {"functions": {}}
    assert "matplotlib.pyplot" not in sys.modules


def build_failing_page() -> gr.Blocks:
    def divide(text: str) -> float:
        return 1 / len(text)

    with gr.Blocks(analytics_enabled=False) as page:
        text = gr.Textbox()
        pick = gr.Dropdown(["one", "two"], value="one", label="Which")
        file = gr.File()
        shown = gr.Textbox()
        text.submit(divide, text, shown, api_name="divide")
        pick.input(str.upper, pick, shown, api_name="pick")
        file.upload(str, file, shown, api_name="file")
        text.change(None, text, shown, js="(x) => x")
    return page


@pytest.fixture(scope="module")
def failing(start: Start) -> Iterator[Browser]:
    with start(WebConfig(gate="off"), page=build_failing_page).browser() as client:
        yield client


@pytest.mark.parametrize(
    ("number", "value", "sentence"),
    [
        (1, None, "Which: nothing was chosen."),
        (1, "three", "is not in the list of choices"),
        (2, None, "File: nothing was chosen."),
        (2, 5, "What was sent is not what this function takes."),
        (3, "x", "What was sent is not what this function takes."),
    ],
)
def test_what_a_handler_does_not_take_is_told(
    failing: Browser, log: Log, number: int, value: object, sentence: str
) -> None:
    *_, done, _ = told(failing, number, f"{number} {value}", data=[value])
    assert done["success"] is False
    assert sentence in done["output"]["error"]
    name = ["divide", "pick", "file", "nothing"][number]
    if number < 3:
        answer = ask(failing, "POST", f"{API}/run/{name}", json={"data": [value]})
        assert answer.status_code == 400
        assert sentence in answer.json()["detail"]
    log.check(failing)


def test_a_fault_of_a_handler_is_still_in_the_log(failing: Browser, log: Log) -> None:
    *_, done, _ = told(failing, 0, "s", data=[""])
    assert done["success"] is False
    assert "ZeroDivisionError" in log.text
    assert failing.post(f"{API}/run/divide", json={"data": [""]}).status_code == 500


# --- the middleware by itself ------------------------------------------------------------------


def answered(app: Callable[[Scope, Receive, Send], Any], path: str = "/app/x") -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    in_a_loop(Refusals(app, "/app/"), scope, receive, send)
    return sent


def failing_with(error: Exception, *before: Message) -> Callable[[Scope, Receive, Send], Any]:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in before:
            await send(message)
        raise error

    return app


def start_of(status: int, kind: bytes) -> Message:
    headers = [(b"content-type", kind)]
    return {"type": "http.response.start", "status": status, "headers": headers}


FAILED = (start_of(500, b"text/plain"), {"type": "http.response.body", "body": b"Internal"})


@pytest.mark.parametrize(
    "error",
    [
        KeyError(3),
        TypeError("x"),
        UnicodeError(),
        RecursionError(),
        OSError(errno.ENAMETOOLONG, ""),
    ],
)
@pytest.mark.parametrize("before", [(), FAILED])
def test_what_a_request_causes_is_a_400(error: Exception, before: tuple[Message, ...]) -> None:
    start, content = answered(failing_with(error, *before))
    assert start["status"] == 400
    assert json.loads(content["body"]) == {"detail": "This request cannot be read."}


@pytest.mark.parametrize(
    "error", [OSError(errno.EIO, "broken"), MemoryError(), RuntimeError("can't start new thread")]
)
def test_what_the_server_causes_stays_an_error(error: Exception) -> None:
    with pytest.raises(type(error)):
        answered(failing_with(error, *FAILED))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_no_room_is_a_sentence(number: int) -> None:
    start, body = answered(failing_with(OSError(number, "full"), *FAILED))
    assert start["status"] == 507
    assert "no room" in json.loads(body["body"])["detail"]


def test_elsewhere_nothing_is_changed() -> None:
    with pytest.raises(KeyError):
        answered(failing_with(KeyError(3)), path="/account")


def test_a_stream_that_fails_later_ends() -> None:
    begun = start_of(200, b"text/event-stream")
    event = {"type": "http.response.body", "body": b'data: {"msg": "estimation"}\n\n'}
    sent = answered(failing_with(TypeError(), begun, {**event, "more_body": True}))
    assert [message.get("body") for message in sent] == [None, event["body"], b""]
    assert sent[-1]["more_body"] is False
