"""Errors become words in one place: on the portal's pages, and in the events of the page."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import gradio as gr
import httpx
import pytest

from genregenie.accounts.errors import AccountError, NoRoomError, WeakPasswordError
from genregenie.common.errors import AudioError, GenreGenieError
from genregenie.storage.database import DatabaseError
from genregenie.web.config import WebConfig
from genregenie.web.errors import PROBLEMS, FormError, Problem, problem_of
from tests.web.servers import HTML, Browser, Server, Start

API = "/app/gradio_api"


def test_a_class_goes_before_its_bases_and_a_place_before_all() -> None:
    assert problem_of(WeakPasswordError("x")) == PROBLEMS[WeakPasswordError]
    assert problem_of(NoRoomError("x")) == PROBLEMS[AccountError]
    here = {WeakPasswordError: Problem(418, "here", text="Otherwise")}
    problem = problem_of(WeakPasswordError("x"), here)
    assert problem == here[WeakPasswordError]
    assert problem.words(WeakPasswordError("x")) == "Otherwise"
    assert problem_of(FormError("x"), here) == PROBLEMS[FormError]


def test_a_fault_is_not_put_into_words() -> None:
    assert problem_of(ValueError("x")) is None


def test_every_error_of_ours_has_words_and_no_database_speaks() -> None:
    class NewError(GenreGenieError):
        pass

    problem = problem_of(NewError("/a/path/of/the/server"))
    assert problem is not None
    assert "path" not in problem.words(NewError("/a/path/of/the/server"))
    away = DatabaseError(RuntimeError("SELECT secret"))
    problem = problem_of(away)
    assert problem is not None
    assert problem.status == 503
    assert "secret" not in problem.words(away)
    assert "RuntimeError" not in problem.words(away)


@pytest.mark.slow
def test_on_the_portal_what_the_server_is_to_blame_for_is_a_page_and_a_line_in_the_log(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_token: str) -> None:
        raise GenreGenieError("The file /srv/secret is damaged.")

    monkeypatch.setattr(server.accounts.shares, "find", fail)
    with caplog.at_level(logging.ERROR, "genregenie.web"):
        answer = httpx.get(f"{server.url}/s/x", headers=HTML)
    assert answer.status_code == 500
    assert "<h1>Not available</h1>" in answer.text
    assert "secret" not in answer.text
    assert "/srv/secret" in caplog.text


def build_failing_page() -> gr.Blocks:
    errors: dict[str, Exception] = {
        "audio": AudioError("This clip is silent."),
        "database": DatabaseError(RuntimeError("SELECT secret")),
        "server": GenreGenieError("The file /srv/secret is damaged."),
        "fault": ZeroDivisionError("secret"),
    }

    def fail(kind: str) -> str:
        raise errors[kind]

    def fail_later(kind: str) -> Iterator[str]:
        yield "so far"
        raise errors[kind]

    with gr.Blocks(analytics_enabled=False) as page:
        text, shown = gr.Textbox(), gr.Textbox()
        text.submit(fail, text, shown, api_name="fail")
        text.change(fail_later, text, shown, api_name="fail_later")
    return page


@pytest.fixture(scope="module")
def failing(start: Start) -> Iterator[Browser]:
    with start(WebConfig(gate="off"), page=build_failing_page).browser() as client:
        yield client


def said(client: Browser, name: str, kind: str) -> dict[str, Any]:
    """The last event of a handler that was called over the queue."""
    joined = client.get("/app/config").json()["dependencies"]
    number = next(handler["id"] for handler in joined if handler["api_name"] == name)
    session = f"{name}-{kind}"
    asked = {"data": [kind], "fn_index": number, "session_hash": session}
    assert client.post(f"{API}/queue/join", json=asked).status_code == 200
    stream = client.get(f"{API}/queue/data", params={"session_hash": session}).text
    events = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]
    output: dict[str, Any] = next(e for e in events if e["msg"] == "process_completed")["output"]
    return output


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fail", "fail_later"])
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("audio", "This clip is silent."),
        (
            "database",
            "The accounts cannot be reached at the moment. Please try again in 10 seconds.",
        ),
        ("server", "GenreGenie cannot do this at the moment."),
    ],
)
def test_an_event_of_the_page_tells_in_the_same_words(
    failing: Browser, capfd: pytest.CaptureFixture[str], name: str, kind: str, words: str
) -> None:
    assert said(failing, name, kind)["error"] == words
    answer = failing.post(f"{API}/run/{name}", json={"data": [kind]})
    if name == "fail":
        assert answer.status_code == 500
        assert answer.json()["error"] == words
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.slow
def test_a_fault_in_an_event_stays_a_traceback(
    failing: Browser, capfd: pytest.CaptureFixture[str]
) -> None:
    assert "secret" not in str(said(failing, "fail", "fault"))
    assert "ZeroDivisionError" in capfd.readouterr().err
