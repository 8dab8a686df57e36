"""Clips are opened in workers: what becomes of one that kills its own, and of everybody else."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gradio.utils import NamedString
from gradio_client import Client, handle_file

from genregenie.audio import AudioError
from genregenie.audio.parallel import CRASHED
from genregenie.common.parallel import Pool
from genregenie.inference.classifier import Classifier
from genregenie.web import analysis
from genregenie.web.batch import hear_all
from genregenie.web.ui.examples import EXAMPLES
from genregenie.web.ui.sections.comparing import compared
from genregenie.web.ui.tabs import lab
from genregenie.web.ui.tabs.listening import Source, classify, listen, picture_and_files
from tests import deaths
from tests.common import work
from tests.web.servers import Server

pytestmark = pytest.mark.slow


@pytest.fixture
def deadly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Workers in which deadly files are deadly; this process, the server, must not open them."""
    deaths.make_deadly(monkeypatch)
    pool = Pool(2, analysis._prepare)
    monkeypatch.setattr(analysis, "_pool", pool)
    yield
    pool.close()


@pytest.fixture
def clips(tmp_path: Path) -> dict[str, Path]:
    made = {}
    for name in ("live", *deaths.WAYS, "hang"):
        made[name] = tmp_path / f"{name}.wav"
        made[name].write_bytes(deaths.clip(None if name == "live" else name))
    return made


def test_a_worker_hears_what_the_engine_hears(clips: dict[str, Path]) -> None:
    here = Classifier.load().predict(clips["live"])
    for clip in (str(clips["live"]), clips["live"].read_bytes()):
        there = analysis.predict(clip)
        assert there.verdict == here.verdict
        # BLAS adds in another order where it has threads.
        assert there.confidences == pytest.approx(here.confidences, abs=1e-9)
    with pytest.raises(AudioError, match="not audio"):
        analysis.predict(b"not a song")
    png, words = analysis.picture(str(clips["live"]))
    assert png.startswith(b"\x89PNG")
    assert words.startswith("Spectrogram of 0:02")


def test_no_worker_imports_the_page_for_the_sake_of_a_path() -> None:
    path = NamedString("clip.wav")
    assert analysis.result_of(analysis.in_worker(work.kind_of, path)) == "str"


def test_over_http_a_deadly_clip_costs_its_owner_alone(
    app: Server, deadly: None, clips: dict[str, Path]
) -> None:
    client = Client(f"{app.url}/app/", verbose=False, httpx_kwargs={"timeout": 60})
    names = ["live", "segfault", "live", "kill", "live", "exit", "live"]
    asked = [client.submit(handle_file(clips[name]), api_name="/classify") for name in names]
    for name, answer in zip(names, asked, strict=True):
        found = answer.result()
        assert found["error"] == (None if name == "live" else CRASHED)
        assert found["file"] == f"{name}.wav"
    refused = client.predict(handle_file(clips["segfault"]), "", "", "any", api_name="/recommend")
    client.close()
    assert CRASHED in str(refused)
    assert httpx.get(f"{app.url}/healthz").status_code == 200


def test_on_the_listen_tab(deadly: None, clips: dict[str, Path]) -> None:
    *_, (heard, _, _, verdict, *_) = listen(Source.of(str(clips["segfault"])))
    assert heard is None
    assert CRASHED in verdict
    prediction = analysis.predict(str(clips["live"]))
    assert prediction.confidences


def test_a_picture_that_cannot_be_drawn_takes_nothing_with_it(
    deadly: None, clips: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    heard = Classifier.load().predict(EXAMPLES[0].path)
    picture, *saved = picture_and_files(str(clips["kill"]), heard)
    assert picture == ""
    assert len(saved) == 2
    assert all(Path(file).stat().st_size for file in saved)


def test_among_many_clips(
    deadly: None, clips: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    archive = tmp_path / "clips.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for name in ("segfault", "live"):
            packed.write(clips[name], f"{name}.wav")
    paths = [str(archive), str(clips["exit"]), str(clips["live"])]
    *_, heard = hear_all(paths)
    assert [row.file for row in heard.rows] == ["live.wav", "live.wav"]
    assert [one.file for one in heard.unused] == ["segfault.wav", "exit.wav"]
    assert {one.reason for one in heard.unused} == {CRASHED}


def test_system_a_is_asked_in_a_worker(deadly: None, clips: dict[str, Path]) -> None:
    assert CRASHED in lab.ask_a(str(clips["segfault"]))


def test_earlier_systems_are_asked_in_a_worker(deadly: None, clips: dict[str, Path]) -> None:
    assert CRASHED in compared(str(clips["segfault"]))
    assert "Open it again" in compared(None)


def test_a_clip_that_never_ends_is_given_up(
    deadly: None, clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "after 2 minutes" in analysis.TOO_SLOW
    monkeypatch.setattr(analysis, "MAX_LISTENING_S", 0.3)
    assert classify(str(clips["hang"]))["error"] == analysis.TOO_SLOW
    monkeypatch.undo()


def test_cancel_ends_the_work_and_the_next_clip_is_heard(
    deadly: None, clips: dict[str, Path]
) -> None:
    for _ in range(3):  # more than there are workers
        steps = listen(Source.of(str(clips["hang"])))
        assert "working" in next(steps)[3]
        steps.close()
    assert classify(str(clips["live"]))["error"] is None


def test_stop_ends_the_work_on_many_clips(deadly: None, clips: dict[str, Path]) -> None:
    for _ in range(3):
        steps = hear_all([str(clips["hang"])])
        next(steps)
        assert next(steps).done == 0
        steps.close()
    assert classify(str(clips["live"]))["error"] is None


def test_workers_end_with_the_last_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "_pool", None)
    monkeypatch.setattr(analysis, "_servers", 0)
    with analysis.workers_for_a_server():
        with analysis.workers_for_a_server():
            process = analysis.result_of(analysis.in_worker(os.getpid))
        assert analysis.result_of(analysis.in_worker(os.getpid)) == process
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_workers_end_with_a_server_that_is_killed(clips: dict[str, Path]) -> None:
    """They share its standard output, which ends when the last of them has ended."""
    code = (
        "import sys\n"
        "from genregenie.web import analysis\n"
        "analysis.predict(sys.argv[1])\n"
        "print('ready', flush=True)\n"
        "analysis.predict(sys.argv[2])\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(clips["live"]), str(clips["hang"])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=deaths.environment(),
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        running.kill()
        assert running.communicate(timeout=60) == ("", "")
