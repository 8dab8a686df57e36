"""What the server keeps of pages that are open, that were left, and that are used by no browser."""

import secrets
import time

import gradio as gr
import pytest
from starlette.routing import Mount

from genregenie.web.ui import open_pages
from genregenie.web.ui.open_pages import OpenPages
from tests.web.security.test_isolation import API, somebody
from tests.web.servers import Browser, Server, Start
from tests.web.test_stopping import reads_to_its_end

pytestmark = pytest.mark.slow


def build_counting_page() -> gr.Blocks:
    def count(so_far: list[int]) -> tuple[list[int], str, dict]:
        return [*so_far, 1], str(len(so_far) + 1), gr.update(label=f"{len(so_far) + 1} times")

    with gr.Blocks() as page:
        so_far, shown, box = gr.State([]), gr.Textbox(), gr.Textbox()
        shown.submit(count, so_far, [so_far, shown, box], api_name="count")
    return page


@pytest.fixture
def place(start: Start, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("GENREGENIE_PAGE_SECONDS", "1")
    monkeypatch.setattr(open_pages, "SWEEP_EVERY_S", 0.1)
    return start(page=build_counting_page)


def kept(place: Server) -> OpenPages:
    (mounted,) = [r for r in place.app.routes if isinstance(r, Mount) and r.path == "/app"]
    pages = mounted.app.state_holder  # type: ignore[attr-defined]
    assert isinstance(pages, OpenPages)
    return pages


def count(browser: Browser, page: str) -> str:
    body = {"data": [None], "fn_index": 0, "session_hash": page}
    assert browser.post(f"{API}/queue/join", json=body).status_code == 200
    said = browser.get(f"{API}/queue/data?session_hash={page}").text
    return said.split('"data":[null,"')[1].split('"')[0]


def is_forgotten(place: Server, page: str) -> bool:
    pages = kept(place)
    for _ in range(200):
        if page not in pages and page not in pages.time_last_used:
            queue = pages.blocks._queue
            return page not in queue.pending_messages_per_session
        time.sleep(0.05)
    return False


def test_what_a_page_has_lasts_while_it_is_open_and_a_while_longer(place: Server) -> None:
    page, left = secrets.token_hex(6), secrets.token_hex(6)
    with somebody(place) as ada:
        reading, _ = reads_to_its_end(ada, f"{API}/heartbeat/{page}")
        with ada.stream("GET", f"{API}/heartbeat/{left}") as heartbeat:
            next(heartbeat.iter_lines())
            assert [count(ada, page), count(ada, page)] == ["1", "2"]
            assert count(ada, left) == "1"
        assert is_forgotten(place, left)
        assert count(ada, left) == "1"  # whoever comes back begins anew
        assert count(ada, page) == "3"
        place.accounts.sessions.end(ada.cookies["genregenie"])
        reading.join(30)
    assert is_forgotten(place, page)


def test_of_who_has_no_heartbeat_nothing_is_kept_for_long(place: Server) -> None:
    page = secrets.token_hex(6)
    with somebody(place) as program:
        assert count(program, page) == "1"
        assert is_forgotten(place, page)


def test_a_page_is_no_copy_of_the_whole_page(place: Server) -> None:
    page = secrets.token_hex(6)
    with somebody(place) as ada:
        count(ada, page)
    assert not kept(place)[page].config_values


def test_there_are_only_so_many(place: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = kept(place)
    assert pages.capacity == open_pages.MAX_PAGES
    monkeypatch.setattr(pages, "capacity", 3)
    for n in range(5):
        pages[f"page {n}"]
    assert len(pages.session_data) == 3
    assert "page 4" in pages
