"""What Gradio is told to leave."""

import pytest
from gradio import utils as gradio_utils
from playwright.sync_api import Page, expect

from genregenie.web import toolkit
from genregenie.web.ui.examples import EXAMPLES
from tests import machine
from tests.web.pages import judged
from tests.web.security.test_refusals import mount
from tests.web.servers import NewTab, Server

WITHOUT_STUBS = """
import os, sys
from pathlib import Path

stubs = []
def note(event, arguments):
    if event == "open" and str(arguments[0]).endswith(".pyi"):
        stubs.append(arguments[0])
sys.addaudithook(note)

from genregenie.web import toolkit
toolkit.before_loading()
toolkit.before_loading()  # a second server in the same process
import gradio
assert not stubs, stubs
assert not any(isinstance(finder, toolkit._NoStubs) for finder in sys.meta_path)

class Louder(gradio.Textbox):
    EVENTS = [*gradio.Textbox.EVENTS, "shouted"]

with gradio.Blocks() as page:
    Louder().shouted(str.upper)
assert [fn.api_name for fn in page.fns.values()] == ["upper"]
assert not stubs, stubs
assert os.environ["MPLBACKEND"] == "svg", "what somebody has set stays"
"""


@pytest.mark.slow
def test_gradio_is_loaded_without_writing_stubs() -> None:
    done = machine.run("-c", WITHOUT_STUBS, environment={"MPLBACKEND": "svg"})
    assert done.returncode == 0, done.stderr


def test_a_step_of_a_handler_changes_nothing_in_what_was_sent_before(app: Server) -> None:
    """Gradio's page would do so, and what the step before had would not be shown."""
    before = {"value": "six songs", "visible": True, "__type__": "update"}
    after = {"__type__": "update"}
    assert gradio_utils.diff(before, after) == [("replace", [], after)]
    assert gradio_utils.diff(before, dict(before)) == []


def test_an_idle_page_rests(server: Server) -> None:
    queue = mount(server).app.get_blocks()._queue  # type: ignore[attr-defined]
    assert queue.sleep_when_free == toolkit.LOOKS_EVERY_S
    assert queue.progress_update_sleep_when_free == 5 * toolkit.LOOKS_EVERY_S


def test_a_page_has_its_title_before_any_script_runs(app: Server, server: Server) -> None:
    with app.browser() as client:
        assert "<title>GenreGenie</title>" in client.show("/app/").text
    with server.browser() as client:
        client.cookies.set("genregenie", server.guest())
        assert client.show("/app/").text.count("<title>Behind the gate</title>") == 1


NOTE_WHEN_FRAMES_ARE_ASKED_FOR = """
  const frame = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (step) => {
    window.asked = performance.now();
    return frame(step);
  };
"""


def expect_rest(page: Page) -> None:
    page.wait_for_function("performance.now() - asked > 1000", polling=100)


def test_a_page_in_a_browser_rests(new_tab: NewTab, app: Server) -> None:
    page = new_tab(app)
    page.add_init_script(NOTE_WHEN_FRAMES_ARE_ASKED_FOR)
    page.goto("/app/")
    expect(page.locator("#listen-button")).to_be_visible()
    expect_rest(page)
    judged(page, EXAMPLES[0].path)
    expect(page.locator("#timeline .gg-strip")).to_be_visible()
    expect_rest(page)
    # As soon as there is something to show there are frames.
    page.locator("#timeline .gg-strip").press("ArrowRight")
    expect(page.locator("#timeline .gg-cursor")).to_be_visible()
    expect_rest(page)
