"""What whoever runs the server sees of it, who else does not, and what no log has."""

import json
import logging
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from genregenie.common import settings
from genregenie.storage.database import SQLITE_NAME, DatabaseLostError
from genregenie.web.config import WebConfig
from genregenie.web.portal import health
from genregenie.web.serving import logs, metrics
from genregenie.web.serving.watchers import Watchers
from tests.machine import free_port
from tests.sounds import encode, noise
from tests.web.security.test_isolation import API, file, run, upload
from tests.web.servers import GOOD, HTML, NEW, Browser, Server, Start
from tests.web.test_serve import started, wait_until_up

TOKEN = "a token of thirty letters or so"


def asked(address: str, **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "client": (address, 1), "headers": raw})


@pytest.mark.parametrize(
    ("address", "headers", "seen"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("::ffff:127.0.0.1", {}, True),
        ("192.0.2.1", {}, False),
        ("127.0.0.1", {"x_forwarded_for": "127.0.0.1"}, False),
        ("192.0.2.1", {"authorization": f"Bearer {TOKEN}"}, True),
        ("192.0.2.1", {"authorization": f"Bearer {TOKEN}x"}, False),
        ("192.0.2.1", {"authorization": "Bearer "}, False),
        ("somewhere", {}, False),
    ],
)
def test_who_may_look(address: str, headers: dict[str, str], seen: bool) -> None:
    assert Watchers(token=TOKEN).have(asked(address, **headers)) is seen
    if "authorization" in headers:
        assert not Watchers().have(asked(address, **headers))


def test_this_machine_may_look_unless_all_the_world_seems_to_be_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "127.0.0.0/8" in settings.metrics_from()
    monkeypatch.setenv("GENREGENIE_PUBLIC_URL", "https://music.example.org")
    assert settings.metrics_from() == []
    monkeypatch.setenv("GENREGENIE_TRUSTED_PROXIES", "127.0.0.1")
    assert "127.0.0.0/8" in settings.metrics_from()
    monkeypatch.setenv("GENREGENIE_METRICS_FROM", "10.0.0.0/8")
    assert settings.metrics_from() == ["10.0.0.0/8"]


@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
def test_others_are_told_that_there_is_nothing(start: Start, path: str) -> None:
    shut = start(WebConfig(watchers=Watchers((), TOKEN)))
    with shut.browser() as client:
        assert client.get("/healthz").status_code == 200
        assert client.get(path).status_code == 404
        assert client.get(path).json() == {"detail": "Not found."}
        allowed = client.get(path, headers={"authorization": f"Bearer {TOKEN}"})
        assert allowed.status_code == 200


@pytest.mark.slow
def test_ready_says_what_stands_in_the_way(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start()

    def checks() -> tuple[int, dict[str, str]]:
        answer = httpx.get(f"{server.url}/readyz")
        return answer.status_code, answer.json()["checks"]

    ok = dict.fromkeys(("database", "model", "disk", "queue"), "ok")
    assert checks() == (200, ok)
    with monkeypatch.context() as patch:
        patch.setattr(health.shutil, "disk_usage", lambda _: SimpleNamespace(free=5 << 20))
        assert checks() == (503, ok | {"disk": "failing: 5 MB are left"})
    with monkeypatch.context() as patch:
        patch.setitem(server.app.state._state, "waiting", lambda: (7, 7))
        assert checks() == (503, ok | {"queue": "failing: full with 7 events"})
    with monkeypatch.context() as patch:
        patch.setenv("GENREGENIE_MODEL", "/nowhere")
        status, found = checks()
        assert (status, found["model"][:8]) == (503, "failing:")
    with monkeypatch.context() as patch:  # what is written would not last, and it answers
        patch.setattr(server.accounts.db, "fault", lambda: "it was deleted")
        assert checks() == (503, ok | {"database": "failing: the database has gone"})
        assert httpx.get(f"{server.url}/healthz").status_code == 503
    monkeypatch.setattr(server.accounts.db, "ask", lost)
    assert checks() == (503, ok | {"database": "failing: DatabaseLostError"})


def lost() -> None:
    raise DatabaseLostError(OSError())


def value(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(f"genregenie_{name}", labels) or 0


def test_log_ins_and_answers_are_counted(server: Server) -> None:
    before = {k: value("logins_total", outcome=k) for k in ("in", "WrongCredentialsError")}
    missing = value("requests_total", status="404")
    with server.browser() as ada:
        ada.sign_up("Counted")
        assert ada.stranger().log_in("Counted").status_code == 303
        assert ada.stranger().log_in("Counted", NEW).status_code == 401
        ada.get("/s/nothing")
        told = ada.get("/metrics").text
    assert {k: value("logins_total", outcome=k) - v for k, v in before.items()} == {
        "in": 1,
        "WrongCredentialsError": 1,
    }
    assert value("requests_total", status="404") > missing
    for name in ("queue ", "connections ", "clip_seconds_bucket", "clips", "spotify", "errors"):
        assert f"genregenie_{name}" in told
    assert "Counted" not in told


def test_clips_are_counted_by_what_became_of_them() -> None:
    kinds = ("confident", "refused", "given up")
    before = [value("clips_total", verdict=kind) for kind in kinds]
    timed = value("clip_seconds_count")
    with metrics.clip() as heard:
        heard.verdict = "confident"
    with pytest.raises(ValueError, match="no clip"), metrics.clip():
        raise ValueError("no clip")

    def steps() -> Iterator[int]:
        with metrics.clip():
            yield 1

    leaving = steps()
    next(leaving)
    leaving.close()  # type: ignore[attr-defined]
    assert [value("clips_total", verdict=kind) for kind in kinds] == [n + 1 for n in before]
    assert value("clip_seconds_count") == timed + 3


def test_a_fault_has_a_name_on_the_page_in_the_answer_and_in_the_log(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = start()

    def break_down(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(server.app.state.portal, "page", break_down)
    counted = value("errors_total", kind="ZeroDivisionError")
    caplog.handler.addFilter(logs.SaysWhich())
    uvicorns = logging.getLogger("uvicorn.error")  # which the tests' servers keep to itself
    uvicorns.addHandler(caplog.handler)
    with server.browser() as client:
        answer = client.get("/login")
    found: list[logging.LogRecord] = []
    while not found:  # it is written when the answer has been sent
        time.sleep(0.01)
        found = [r for r in caplog.records if r.exc_info and "ASGI" in r.getMessage()]
    uvicorns.removeHandler(caplog.handler)
    name = answer.headers["x-request-id"]
    assert (answer.status_code, answer.json()["request"]) == (500, name)
    assert "fault of ours" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert found[0].__dict__["request_id"] == name
    assert value("errors_total", kind="ZeroDivisionError") == counted + 1


def test_a_page_that_says_no_gives_the_requests_name(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start()
    monkeypatch.setattr(server.accounts.sessions, "of", lambda *_: lost())
    with server.browser() as client:
        client.sign_up("Ada")
        answer = client.show("/account")
    assert answer.status_code == 503
    assert f"<code>{answer.headers['x-request-id']}</code>" in answer.text


def test_what_a_client_calls_its_request_does_not_count(server: Server) -> None:
    names = set()
    with server.browser() as client:
        for _ in range(3):
            answer = client.get("/healthz", headers={"x-request-id": "mine\tand more"})
            names.add(answer.headers["x-request-id"])
    assert len(names) == 3
    assert all(len(name) == 12 and name.isalnum() for name in names)


def test_a_line_of_json_has_all_that_a_line_has() -> None:
    try:
        raise ValueError("of its own")
    except ValueError:
        fault = sys.exc_info()
    record = logging.LogRecord("a.b", logging.ERROR, "", 1, "said: %s\n", ('"quoted"\n',), fault)
    logs.request_id.set("abc")
    logs.SaysWhich("a-1").filter(record)
    logs.request_id.set("")
    written = logs.JsonLines().format(record)
    assert "\n" not in written
    line: dict[str, Any] = json.loads(written)
    assert line.pop("traceback").endswith("ValueError: of its own")
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "error",
        "logger": "a.b",
        "message": 'said: "quoted"',
        "server": "a-1",
        "request": "abc",
    }


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "text"])
def test_no_log_of_a_whole_visit_has_a_name_a_file_or_a_token(tmp_path: Path, form: str) -> None:
    port, log = free_port(), tmp_path / "log"
    url = f"http://127.0.0.1:{port}"
    process = started(
        log,
        *("-m", "genregenie", "serve", "--verbose"),
        GENREGENIE_DATA_DIR=str(tmp_path / "data"),
        GRADIO_SERVER_PORT=str(port),
        GENREGENIE_LOG=form,
    )
    secrets = ["Adelheid", "Wrongheid", "ade@example.org", GOOD, NEW, "hummed-at-home", "unheard"]
    try:
        wait_until_up(process, url, log)
        with Browser(url) as ada:
            secrets += ada.sign_up("Adelheid", email="ade@example.org")
            secrets += list(ada.cookies.values())
            path = upload(ada, encode(noise(3)), "hummed-at-home.wav")
            (answer,) = run(ada, "classify", file(path))
            assert "verdict" in answer
            broken = upload(ada, b"no sound at all", "unheard.mp3")
            stream = ada.post(f"{API}/call/classify", json={"data": [file(broken)]}).json()
            ada.get(f"{API}/call/classify/{stream['event_id']}")
            ada.post(f"{API}/call/classify", content=b"{", headers={"x-what": "hummed-at-home"})
            ada.get("/history/results.json")
            ada.get("/s/hummed-at-home")
            ada.get(f"{API}/file=hummed-at-home")
            ada.post("/account/password", data={"token": "x"}, headers=HTML)
            ada.stranger().log_in("Wrongheid", NEW)
            ada.log_in("Adelheid", NEW)
            ada.log_in("Adelheid")
            secrets += list(ada.cookies.values())
            seen = ada.get("/metrics").text
            (tmp_path / "data" / SQLITE_NAME).unlink()
            ada.stranger().fill("/signup", username="Wrongheid", email="", password=GOOD)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    text = log.read_text()
    assert "signed up: person 1" in text
    assert "genregenie_clips_total" in seen
    for secret in secrets:
        assert secret not in text
        assert secret not in seen
    if form == "json":
        lines = [json.loads(line) for line in text.splitlines()]
        (signed_up,) = [x for x in lines if x["message"] == "signed up: person 1"]
        assert len(signed_up["request"]) == 12
    else:
        (line,) = [x for x in text.splitlines() if "signed up: person 1" in x]
        assert line.endswith("]")
