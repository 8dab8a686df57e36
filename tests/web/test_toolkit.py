"""What Gradio is told to leave."""

import pytest

from genregenie.web import toolkit
from tests import machine
from tests.web.security.test_refusals import mount
from tests.web.servers import Server

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


def test_an_idle_page_rests(server: Server) -> None:
    queue = mount(server).app.get_blocks()._queue  # type: ignore[attr-defined]
    assert queue.sleep_when_free == toolkit.LOOKS_EVERY_S
    assert queue.progress_update_sleep_when_free == 5 * toolkit.LOOKS_EVERY_S
