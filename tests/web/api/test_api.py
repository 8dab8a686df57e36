"""The API over HTTP: what it takes and gives, and that its description says the same."""

import json
import logging
import re
import socket
from typing import Any

import httpx
import pytest
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from genregenie.accounts.results import Result
from genregenie.common.limits import Quotas, UploadLimits
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import record
from genregenie.web.api.bodies import MAX_CLIP_BYTES
from genregenie.web.config import WebConfig
from genregenie.web.saved_results import as_result
from tests import machine
from tests.web.programs import Program, Programs, somebody
from tests.web.servers import Server, Start

pytestmark = pytest.mark.slow

CLIP = machine.ROOT / "assets" / "examples" / "jazz.mp3"
MP3 = {"content-type": "audio/mpeg"}
MB = 1 << 20


@pytest.fixture(scope="module")
def sound() -> bytes:
    return CLIP.read_bytes()


@pytest.fixture(scope="module")
def described(server: Server) -> OpenAPI:
    """The API as it describes itself."""
    with Program(server, somebody(server)) as program:
        config = Config(extra_media_type_deserializers={"application/problem+json": json.loads})
        return OpenAPI.from_dict(program.get("/api/v1/openapi.json").json(), config=config)


def check(described: OpenAPI, answer: httpx.Response) -> Any:
    """Hold an answer to the description; gives what is in it."""
    url = answer.request.url
    request = MockRequest(
        f"http://{url.host}:{url.port}",
        answer.request.method.lower(),
        url.path,
        args=dict(url.params),
        headers={"authorization": "Bearer x"},
        content_type=answer.request.headers.get("content-type", ""),
    )
    response = MockResponse(
        answer.content, answer.status_code, content_type=answer.headers["content-type"]
    )
    described.validate_response(request, response)
    return answer.json()


def problem(described: OpenAPI, answer: httpx.Response, status: int) -> str:
    """Hold an answer to what errors look like; gives its sentence."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    content = check(described, answer)
    assert content["status"] == status
    assert re.fullmatch(r"[A-Z“a-z].*[.!?]", content["detail"]), content
    return str(content["detail"])


def keep(server: Server, program: Program, sound: bytes) -> int:
    answer = program.post("/api/v1/classify?keep=true", content=sound, headers=MP3)
    assert answer.status_code == 201
    return int(answer.json()["id"])


@pytest.mark.parametrize("way", ["form", "bytes", "named bytes", "octets"])
def test_a_clip_gives_what_the_command_line_prints(
    described: OpenAPI, server: Server, programs: Programs, sound: bytes, way: str
) -> None:
    program = programs("classify")
    name, sent = {
        "form": ("Corner Table.mp3", {"files": {"file": ("Corner Table.mp3", sound)}}),
        "bytes": ("", {"content": sound, "headers": MP3}),
        "named bytes": ("x.mp3", {"content": sound, "headers": MP3, "params": {"name": "x.mp3"}}),
        "octets": ("", {"content": sound, "headers": {"content-type": "application/octet-stream"}}),
    }[way]
    answer = program.post("/api/v1/classify", **sent)  # type: ignore[arg-type]
    assert answer.status_code == 200
    expected = json.loads(json.dumps(record(name, Classifier.load().predict(sound))))
    assert check(described, answer) == expected
    assert server.accounts.results.count(program.user.id) == 0


def test_what_is_kept_is_in_the_history(
    described: OpenAPI, server: Server, programs: Programs, sound: bytes
) -> None:
    program = programs()
    form = {"keep": "true", "name": "my/own „name“.mp3"}
    answer = program.post("/api/v1/classify", files={"file": ("a.mp3", sound)}, data=form)
    assert answer.status_code == 201
    heard = check(described, answer)
    assert heard["file"] == "own „name“.mp3"
    assert answer.headers["location"] == f"history/{heard['id']}"
    entry = check(described, program.get(answer.url.join(answer.headers["location"])))
    assert {k: v for k, v in heard.items() if k not in ("file", "error")}.items() <= entry.items()
    (line,) = server.accounts.results.summaries(program.user.id)
    assert (line.id, line.genre, line.audio_bytes) == (heard["id"], heard["genre"], 0)
    with Program(server, somebody(server)) as other:
        assert "no such result" in problem(
            described, other.get(f"/api/v1/history/{heard['id']}"), 404
        )
        said = other.post("/api/v1/feedback", json={"id": heard["id"], "right": True})
        assert "no such result" in problem(described, said, 404)


def test_the_history_comes_in_pages_and_can_be_filtered(
    described: OpenAPI, server: Server, programs: Programs
) -> None:
    program = programs("history")
    for n in range(25):
        genre, verdict = ("jazz", "confident") if n % 5 == 0 else ("rock", "unsure")
        server.accounts.results.keep(
            program.user.id, Result(f"{n}.mp3", genre, verdict, 0.5, 30.0, "{}")
        )
    seen: list[str] = []
    offset: int | None = 0
    while offset is not None:
        answer = program.get("/api/v1/history", params={"offset": offset, "limit": 10})
        page = check(described, answer)
        assert page["total"] == 25
        seen += [line["name"] for line in page["items"]]
        offset = page["next_offset"]
    assert seen == [f"{n}.mp3" for n in reversed(range(25))]
    for asked, count in (
        ({"genre": "jazz"}, 5),
        ({"verdict": "unsure"}, 20),
        ({"genre": "jazz", "verdict": "unsure"}, 0),
        ({"only": "shared"}, 0),
        ({"genre": "no such\0genre"}, 0),
        ({"offset": 1000}, 25),
    ):
        assert check(described, program.get("/api/v1/history", params=asked))["total"] == count


def test_an_entry_of_an_earlier_release_is_there(
    described: OpenAPI, server: Server, programs: Programs
) -> None:
    program = programs("history")
    prediction = Classifier.load().predict(CLIP)
    kept = as_result(prediction, "old.mp3")
    old = {
        name: value
        for name, value in json.loads(kept.details).items()
        if name not in ("silent_s", "quality", "autotags", "beyond", "parts", "key", "tempo_bpm")
    }
    result = Result("old.mp3", "jazz", "confident", 0.5, 30.0, json.dumps(old))
    number = server.accounts.results.keep(program.user.id, result)
    entry = check(described, program.get(f"/api/v1/history/{number}"))
    assert (entry["name"], entry["genre"]) == ("old.mp3", "jazz")


def test_what_is_said_is_kept_as_on_the_page(
    described: OpenAPI, server: Server, programs: Programs, sound: bytes
) -> None:
    program = programs()
    number = keep(server, program, sound)

    def said() -> list[tuple[str, str | None]]:
        return [
            (given.answer.genre, given.answer.model_genre)
            for given in server.accounts.feedback.everything()
            if given.person_id == program.user.id
        ]

    def say(**what: object) -> Any:
        answer = program.post("/api/v1/feedback", json={"id": number, **what})
        assert answer.status_code == 200
        return check(described, answer)

    assert say(right=True) == {"id": number, "genre": "jazz"}
    assert said() == [("jazz", "jazz")]
    assert say(genre="blues") == {"id": number, "genre": "blues"}
    assert said() == [("blues", "jazz")]
    assert say(genre=None) == {"id": number, "genre": None}
    assert said() == []
    for what in (
        {},
        {"right": True, "genre": "blues"},
        {"genre": "no such genre"},
        {"right": False},
    ):
        answer = program.post("/api/v1/feedback", json={"id": number, **what})
        problem(described, answer, 422)
    problem(described, program.post("/api/v1/feedback", json={"id": number, "x": 1}), 422)
    problem(described, program.post("/api/v1/feedback", content=b"{", headers=MP3), 422)
    assert said() == []


@pytest.mark.parametrize(
    ("sent", "status", "sentence"),
    [
        ({"content": b"no sound at all", "headers": MP3}, 422, "not audio"),
        ({"content": b"", "headers": MP3}, 422, "empty"),
        ({"files": {"file": ("a.mp3", b"")}}, 422, "empty"),
        ({"json": {"file": "a"}}, 415, "multipart/form-data"),
        ({"data": {"file": "a"}}, 415, "multipart/form-data"),
        ({"content": b"x"}, 415, "multipart/form-data"),
        ({"files": {"name": (None, "a")}}, 400, "no file"),
        ({"files": [("a", ("a", b"x")), ("b", ("b", b"y"))]}, 400, "Too many files"),
        ({"files": {f"f{n}": (None, "x") for n in range(20)}}, 400, "Too many fields"),
        ({"files": {"file": ("a", b"x"), "name": (None, "x" * 9999)}}, 400, "maximum size"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "boundary"),
        ({"content": b"x", "headers": MP3, "params": {"keep": "perhaps"}}, 422, "true or false"),
    ],
)
def test_what_is_no_clip_is_told(
    described: OpenAPI, programs: Programs, sent: dict[str, Any], status: int, sentence: str
) -> None:
    answer = programs().post("/api/v1/classify", **sent)
    assert sentence in problem(described, answer, status)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/history?limit=0", 422),
        ("GET", "/api/v1/history?limit=101", 422),
        ("GET", "/api/v1/history?offset=-1", 422),
        ("GET", "/api/v1/history?offset=x", 422),
        ("GET", "/api/v1/history/x", 422),
        ("GET", "/api/v1/history/0", 404),
        ("GET", f"/api/v1/history/{10**30}", 404),
    ],
)
def test_what_cannot_be_asked_is_told(
    described: OpenAPI, programs: Programs, method: str, path: str, status: int
) -> None:
    problem(described, programs().request(method, path), status)


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v2/classify", "/api/v1/x"])
def test_other_addresses_are_problems_too(programs: Programs, path: str) -> None:
    for method in ("GET", "POST", "DELETE", "PROPFIND"):
        answer = programs().request(method, path, headers={"accept": "text/html"})
        assert answer.status_code in (404, 405)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"].endswith(".")


def begin(program: Program, server: Server, kind: str, *more: str) -> socket.socket:
    """Send the head of a request to classify."""
    line = socket.create_connection(("localhost", server.port), timeout=30)
    head = ["POST /api/v1/classify HTTP/1.1", "host: localhost", f"content-type: {kind}"]
    token = f"authorization: Bearer {program.token}"
    line.sendall("\r\n".join([*head, token, *more, "", ""]).encode())
    return line


def told(line: socket.socket) -> str:
    """The whole answer: its head, and the object that ends it."""
    answer = b""
    while not answer.endswith(b"}"):
        piece = line.recv(10_000)
        assert piece, answer
        answer += piece
    return answer.decode()


@pytest.mark.parametrize("kind", ["audio/mpeg", "multipart/form-data; boundary=x"])
def test_no_more_is_read_than_a_clip_may_have(
    server: Server, programs: Programs, kind: str
) -> None:
    length = f"content-length: {MAX_CLIP_BYTES + (1 << 20)}"
    with begin(programs(), server, kind, length) as line:
        answer = told(line)  # before anything of it was sent
    assert answer.startswith("HTTP/1.1 413")
    assert "A clip may have 50 MB." in answer


def test_a_body_that_does_not_say_how_long_it_is_is_not_read(
    server: Server, programs: Programs
) -> None:
    with begin(programs(), server, "audio/mpeg", "transfer-encoding: chunked") as line:
        answer = told(line)
    assert answer.startswith("HTTP/1.1 411")
    assert "application/problem+json" in answer


def test_few_words_are_all_that_feedback_takes(described: OpenAPI, programs: Programs) -> None:
    said = {"id": 1, "genre": "x" * (17 << 10)}
    answer = programs().post("/api/v1/feedback", json=said)
    assert problem(described, answer, 413)


def test_a_body_that_breaks_off_costs_nothing(
    server: Server, programs: Programs, caplog: pytest.LogCaptureFixture
) -> None:
    program = programs()
    with caplog.at_level(logging.ERROR):
        with begin(program, server, "audio/mpeg", "content-length: 100000") as line:
            line.sendall(b"x" * 5000)
        assert program.get("/api/v1/history").status_code == 200
    assert not caplog.records
    metrics = httpx.get(f"{server.url}/metrics").text
    assert 'kind="ClientDisconnect"' not in metrics


def test_uploads_count_in_minutes(start: Start, sound: bytes) -> None:
    server = start(WebConfig(uploads=UploadLimits(megabytes=1, files=3, kept_megabytes=1)))
    with Program(server, somebody(server)) as program, Program(server, program.user) as again:
        for _ in range(3):
            answer = program.post("/api/v1/classify", content=b"x", headers=MP3)
            assert answer.status_code == 422
        answer = again.post("/api/v1/classify", content=b"x", headers=MP3)
        assert answer.status_code == 429
        assert answer.headers["content-type"] == "application/problem+json"
        assert "3 files in 10 minutes" in answer.json()["detail"]
        assert int(answer.headers["retry-after"]) > 0
        # The same account in a browser, or with Gradio's own upload.
        upload = program.post("/app/gradio_api/upload", files={"files": ("a", b"x")})
        assert upload.status_code == 429


def test_uploads_count_in_a_day(start: Start, sound: bytes) -> None:
    server = start(WebConfig(quotas=Quotas(uploaded_mb=1)))
    with Program(server, somebody(server)) as program:
        first = program.post("/api/v1/classify", content=sound, headers=MP3)
        assert first.status_code == 200
        counted = server.accounts.daily.uploaded_today(program.user.id)
        assert counted == len(sound)
        server.accounts.daily.count_upload(program.user.id, MB - counted - 1, MB)
        answer = program.post("/api/v1/classify", content=sound, headers=MP3)
        assert answer.status_code == 429
        assert "in a day" in answer.json()["detail"]
        assert int(answer.headers["retry-after"]) > 0


def test_where_the_gate_is_off_clips_are_heard_and_nothing_is_kept(
    start: Start, sound: bytes
) -> None:
    server = start(WebConfig(gate="off"))
    with httpx.Client(base_url=server.url, timeout=60) as client:
        heard = client.post("/api/v1/classify", content=sound, headers=MP3)
        assert (heard.status_code, heard.json()["genre"]) == (200, "jazz")
        kept = client.post("/api/v1/classify?keep=true", content=sound, headers=MP3)
        assert kept.status_code == 404
        assert "gate of this server is off" in kept.json()["detail"]


def test_calls_and_tokens_are_counted(server: Server, programs: Programs) -> None:
    def counted() -> dict[str, float]:
        text = httpx.get(f"{server.url}/metrics").text
        found = re.findall(r"^(genregenie_(?:api|tokens)_total\{[^}]+\}) (\S+)$", text, re.M)
        return {name: float(number) for name, number in found}

    before = counted()
    programs().get("/api/v1/history")
    after = counted()
    for name in ('genregenie_api_total{call="history"}', 'genregenie_tokens_total{outcome="in"}'):
        assert after[name] == before.get(name, 0) + 1


def test_a_fault_is_no_more_than_a_sentence(
    server: Server, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the secret of the house")

    monkeypatch.setattr(server.accounts.results, "count", broken)
    answer = programs().get("/api/v1/history")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert answer.json()["request"] == answer.headers["x-request-id"]
