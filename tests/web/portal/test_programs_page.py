"""What *Use it from programs* shows runs as it stands there, on a real server."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from genregenie.common.genres import GENRES
from genregenie.web.api import routes
from genregenie.web.config import WebConfig
from genregenie.web.portal.guide import guide_paths
from tests import machine
from tests.web.programs import Program, somebody
from tests.web.servers import Server, Start

pytestmark = pytest.mark.slow

PAGE = machine.ROOT / "docs" / "programs.md"
CLIP = machine.ROOT / "assets" / "examples" / "jazz.mp3"


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)


SHELL, PYTHON = examples("sh"), examples("python")


@pytest.fixture(scope="module")
def called_app(start: Start) -> Server:
    return start(WebConfig(gate="on"), page=None)


@pytest.fixture
def program(called_app: Server) -> Iterator[Program]:
    with Program(called_app, somebody(called_app)) as opened:
        yield opened


def run(command: list[str], server: Server, program: Program, folder: Path) -> str:
    shutil.copy(CLIP, folder / "song.mp3")
    environment = {
        **{k: v for k, v in os.environ.items() if "proxy" not in k.lower()},
        "GENREGENIE_URL": server.url,
        "GENREGENIE_TOKEN": program.token,
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_page_is_in_the_guide(called_app: Server) -> None:
    assert "/guide/programs" in guide_paths()
    with called_app.browser() as browser:
        assert "Use it from programs" in browser.show("/guide").text
        html = browser.show("/guide/programs").text
    assert "<h1>Use it from programs</h1>" in html
    assert html.count("<pre>") == len(SHELL) + len(PYTHON) + 1


@pytest.mark.parametrize("number", range(len(SHELL)))
def test_curl(called_app: Server, program: Program, tmp_path: Path, number: int) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    script = f"set -e\n{SHELL[number]}"
    told = run(["bash", "-c", script], called_app, program, tmp_path)
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(told):
        content, at = decoder.raw_decode(told, at)
        found.append(content)
        at += len(told[at:]) - len(told[at:].lstrip())
    if "classify" in SHELL[number]:
        one, kept = found
        assert one["genre"] == kept["genre"] == "jazz"
        assert (one["file"], kept["file"]) == ("song.mp3", "song.mp3")
        (line,) = called_app.accounts.results.summaries(program.user.id)
        assert line.id == kept["id"]
    elif "history" in SHELL[number]:
        assert found == [{"total": 0, "items": [], "next_offset": None}]
    else:
        assert [Path(path).name for path in found[0]] == ["song.mp3"]


@pytest.mark.parametrize("number", range(len(PYTHON)))
def test_python(called_app: Server, program: Program, tmp_path: Path, number: int) -> None:
    script = PYTHON[number]
    if "history" in script:
        clip = {"file": ("song.mp3", CLIP.read_bytes())}
        program.post("/api/v1/classify", files=clip, data={"keep": "true"})
    told = run([sys.executable, "-W", "error", "-c", script], called_app, program, tmp_path)
    if "feedback" in script:
        assert re.fullmatch(r"jazz \d+% confident\n", told)
        (said,) = [
            given.answer.genre
            for given in called_app.accounts.feedback.everything()
            if given.person_id == program.user.id
        ]
        assert said == "blues"
    elif "history" in script:
        assert told.endswith(" jazz confident\n")
        assert told.count("\n") == 1
    else:
        assert told == "jazz confident\n"


def test_it_names_every_call_that_there_is() -> None:
    text = PAGE.read_text("utf-8")
    for route in routes.router.routes:
        (method,) = route.methods  # type: ignore[attr-defined]
        path = route.path.replace("{number}", "{id}")  # type: ignore[attr-defined]
        assert f"| `{method} /api/v1{path}` |" in text
    assert "blues" in GENRES
