"""Clips are opened in workers: what becomes of one that kills its own, and of everybody else."""

import io
import logging
import operator
import os
import socket
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import httpx
import numpy as np
import pytest
from gradio.utils import NamedString
from gradio_client import Client, handle_file
from mutagen.id3 import APIC, ID3
from PIL import Image

from genregenie.audio import AudioError
from genregenie.audio.about import About
from genregenie.audio.parallel import CRASHED
from genregenie.common.parallel import Pool
from genregenie.inference.classifier import Classifier
from genregenie.lab.answers import answers_to
from genregenie.web import analysis, opening
from genregenie.web.batch import hear_all
from genregenie.web.ui.examples import EXAMPLES
from genregenie.web.ui.sections.comparing import compared
from genregenie.web.ui.tabs import lab
from genregenie.web.ui.tabs.listening import Source, classify, listen, picture_and_files
from tests import deaths, sounds
from tests.web.servers import Server

pytestmark = pytest.mark.slow


@pytest.fixture
def deadly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Workers in which deadly files are deadly; this process, the server, must not open them."""
    deaths.make_deadly(monkeypatch)
    pool = Pool(2, opening.prepare)
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


def test_a_worker_is_given_what_is_in_a_file_and_no_name(clips: dict[str, Path]) -> None:
    path = NamedString(clips["live"])
    named = analysis.in_worker(operator.attrgetter("name"), path)
    assert isinstance(analysis.result_of(named), int)


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


def test_what_a_clip_makes_its_decoder_do_ends_at_the_workers_limits(
    app: Server, deadly: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(f"{app.url}/app/", verbose=False, httpx_kwargs={"timeout": 60})

    def answer(how: str) -> str | None:
        clip = tmp_path / "clip.wav"
        clip.write_bytes(deaths.clip(how))
        return client.predict(handle_file(clip), api_name="/classify")["error"]

    written = tmp_path / "written"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert answer(f"connect {port}")
        listening.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listening.accept()
    assert answer(f"write {written}")
    assert not written.exists()
    assert answer(f"take {2 * opening.MORE_BYTES}")
    assert answer(f"take {opening.MORE_BYTES // 2}") is None
    monkeypatch.setattr(analysis, "MAX_CPU_S", 0.2)
    assert answer("hang") == CRASHED
    client.close()


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mp3", "libmp3lame"),
        ("flac", "flac"),
        ("ogg", "vorbis"),
        ("ogg", "libopus"),
        ("ipod", "aac"),
        ("ipod", "alac"),
        ("matroska", "ac3"),
    ],
)
def test_a_confined_worker_lacks_nothing_that_a_format_needs(container: str, codec: str) -> None:
    tune = sounds.tune(3.0, 48_000)
    clip = sounds.encode(tune, 48_000, container, codec, tags={"title": "Ünter"})
    there, here = analysis.predict(clip), Classifier.load().predict(clip)
    assert there.title == here.title
    assert there.confidences == pytest.approx(here.confidences, abs=1e-9)


@pytest.mark.parametrize(
    "samples",
    [sounds.tune(12.0), sounds.noise(3.0), sounds.tone(3.0), 0 * sounds.tone(3.0)],
    ids=["tune", "noise", "tone", "silence"],
)
def test_nor_what_a_sound_needs(samples: np.ndarray) -> None:
    for clip in (sounds.encode(samples), sounds.encode(samples, 8_000, codec="pcm_mulaw")):
        there, here = analysis.predict(clip), Classifier.load().predict(clip)
        assert there.verdict == here.verdict
        assert there.tempo_bpm == here.tempo_bpm


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP"])
def test_nor_what_a_cover_needs(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp3"
    path.write_bytes(sounds.encode(sounds.tune(2.0), sounds.RATE, "mp3", "libmp3lame"))
    picture = io.BytesIO()
    Image.new("P" if kind == "GIF" else "RGB", (600, 400)).save(picture, kind)
    tags = ID3()
    tags.add(APIC(encoding=3, mime=f"image/{kind.lower()}", type=3, data=picture.getvalue()))
    tags.save(path)
    about = next(told for told in analysis.listen(str(path)) if isinstance(told, About))
    assert about.cover
    assert Image.open(io.BytesIO(about.cover)).size == (320, 320)


def test_the_log_says_that_a_worker_was_lost_and_not_by_whose_clip(
    deadly: None, clips: dict[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert classify(str(clips["segfault"]))["error"] == CRASHED
    (line,) = [r.getMessage() for r in caplog.records if r.name == "genregenie.web"]
    assert "ended the process" in line
    assert "segfault" not in line


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
            process = analysis.result_of(analysis._workers().run(os.getpid))
        assert analysis.result_of(analysis._workers().run(os.getpid)) == process
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


def test_earlier_systems_are_asked_beside_the_workers_that_open_clips(
    deadly: None, clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysis, "_beside", None)
    monkeypatch.setattr(analysis, "_servers", 0)
    with analysis.workers_for_a_server():
        assert CRASHED in compared(str(clips["segfault"]))
        heard = analysis.middle(str(clips["live"]))
        assert heard.samples.dtype == np.float32
        told = analysis.result_of(analysis.beside(answers_to, heard))
        assert {answer.system for answer in told} == set("ABCDE")
        assert any(answer.confidences for answer in told)
    assert analysis._beside is None


@pytest.mark.parametrize("kept", [tempfile.TemporaryFile, tempfile.SpooledTemporaryFile])
def test_a_clip_may_be_an_open_file_which_stays_open(kept: Callable[[], BinaryIO]) -> None:
    clip = EXAMPLES[0].path.read_bytes()
    with kept() as file:
        file.write(clip)
        first, again = analysis.predict(file), analysis.predict(file)
        assert file.seek(0) == 0
        assert analysis._whole(file) == analysis._whole(clip) == clip
    assert first == again == analysis.predict(clip)
