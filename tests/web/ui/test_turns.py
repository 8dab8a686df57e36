"""One person who asks for very much, and what becomes of everybody else; over HTTP."""

import threading
import time
from collections.abc import Iterator

import gradio as gr
import pytest

from genregenie.web.ui import events, turns
from tests.web.security.test_isolation import API, run, somebody
from tests.web.servers import Browser, Server, Start

pytestmark = pytest.mark.slow


class Work:
    """A page whose heavy work is done when somebody lets it."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.order: list[str] = []

    def page(self) -> gr.Blocks:
        def heavy(text: str) -> str:
            self.order.append(text)
            if text != "brief":
                self.may_end.wait(60)
            return text

        with gr.Blocks() as page:
            box = gr.Textbox()
            analysis = {**events.ANALYSIS, "concurrency_limit": 2}
            box.submit(heavy, box, box, api_name="heavy", **analysis)
            box.blur(heavy, box, box, api_name="learn", **events.LAB)
            box.input(heavy, box, box, api_name="afterwards", **events.AFTERWARDS)
            box.change(lambda text: text, box, box, api_name="light")
        return page.queue(max_size=None)


@pytest.fixture
def work() -> Iterator[Work]:
    work = Work()
    yield work
    work.may_end.set()


@pytest.fixture
def place(start: Start, work: Work) -> Server:
    return start(page=work.page)


@pytest.fixture
def ada(place: Server) -> Iterator[Browser]:
    with somebody(place) as client:
        yield client


@pytest.fixture
def bob(place: Server) -> Iterator[Browser]:
    with somebody(place) as client:
        yield client


def ask(person: Browser, name: str, text: str) -> int:
    return person.post(f"{API}/call/{name}", json={"data": [text]}).status_code


def test_a_flood_is_refused_and_another_is_served_at_once(
    place: Server, work: Work, ada: Browser, bob: Browser
) -> None:
    answers = [ask(ada, "heavy", f"ada {n}") for n in range(102)]
    assert answers.count(200) in (turns.MAX_HEAVY, turns.MAX_HEAVY + 1)  # one may be at work
    assert set(answers) == {200, 429}
    refused = ada.post(f"{API}/call/heavy", json={"data": ["one more"]})
    assert "wait already" in refused.json()["detail"]
    assert refused.headers["retry-after"] == "5"
    assert run(bob, "heavy", "brief") == ["brief"]
    assert run(ada, "light", "who am I") == ["who am I"]  # her own page goes on
    assert len([text for text in work.order if text.startswith("ada")]) == 1


def test_people_take_turns(place: Server, work: Work, ada: Browser, bob: Browser) -> None:
    for person, texts in ((ada, ("ada 1", "ada 2", "ada 3")), (bob, ("bob 1", "bob 2"))):
        for text in texts:
            assert ask(person, "learn", text) == 200
    work.may_end.set()
    run(bob, "learn", "bob 3")
    at = work.order.index
    assert at("bob 1") < at("ada 3")
    assert at("ada 3") < at("bob 3")


def test_what_is_drawn_afterwards_waits_for_those_who_have_no_verdict(
    place: Server, work: Work, ada: Browser, bob: Browser
) -> None:
    with somebody(place) as carla, somebody(place) as dora:
        for person, text in ((ada, "ada"), (bob, "bob"), (carla, "carla"), (dora, "dora")):
            assert ask(person, "heavy", text) == 200  # two at work, two in the queue
        assert ask(ada, "afterwards", "picture of ada") == 200
        assert run(bob, "light", "who am I") == ["who am I"]  # so the queue has been looked through
        work.may_end.set()
        run(bob, "heavy", "bob again")
    while "picture of ada" not in work.order:
        time.sleep(0.01)
    at = work.order.index
    assert at("picture of ada") > min(at("carla"), at("dora"))


def test_the_whole_queue_is_bounded_too(
    place: Server, work: Work, ada: Browser, bob: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "MAX_HEAVY", 1)
    assert {ask(ada, "heavy", "ada") for _ in range(4)} == {200, 429}
    monkeypatch.setattr(events, "MAX_QUEUE", 0)
    answer = bob.post(f"{API}/call/light", json={"data": ["x"]})
    assert answer.status_code == 503
    assert "Many people" in answer.json()["detail"]


def test_with_the_gate_off_an_address_is_a_person(start: Start, work: Work) -> None:
    from genregenie.web.config import WebConfig

    with start(WebConfig(gate="off"), page=work.page).browser() as one:
        answers = [ask(one, "heavy", str(n)) for n in range(20)]
    assert set(answers) == {200, 429}
