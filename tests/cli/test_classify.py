"""``genregenie classify``; as a process of its own where that is what matters."""

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from genregenie.common.genres import GENRES
from genregenie.features.key import KEYS
from tests import sounds
from tests.machine import genregenie


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "a clip, with [odd] 'name' é.wav"
    path.write_bytes(sounds.encode(sounds.tune(8.0)))
    return path


@pytest.mark.slow
def test_json_has_every_promised_key(here, clip, tmp_path):
    bad = tmp_path / "bad.mp3"
    bad.write_bytes(b"not a song")
    done = here("classify", "--json", clip, bad, tmp_path / "missing.wav")
    assert done.returncode == 1
    good, broken, missing = json.loads(done.stdout)
    keys = {"file", "genre", "verdict", "confidence", "confidences", "duration_s", "timeline"}
    keys |= {"neighbours", "error", "autotags", "beyond", "parts"}
    keys |= {"tempo_bpm", "tempo_confidence", "key", "key_confidence"}
    assert keys <= good.keys() == broken.keys() == missing.keys()

    assert good["file"] == str(clip)
    assert good["error"] is None
    assert good["verdict"] in ("confident", "unsure", "not music")
    assert (good["genre"] is None) == (good["verdict"] == "not music")
    assert list(good["confidences"]) == list(GENRES)
    assert sum(good["confidences"].values()) == pytest.approx(1.0)
    assert good["confidence"] == max(good["confidences"].values())
    assert good["duration_s"] == pytest.approx(8.0, abs=0.1)
    for moment in good["timeline"]:
        assert moment.keys() == {"start_s", "end_s", "confidences", "heard"}
    for neighbour in good["neighbours"]:
        assert neighbour.keys() == {"artist", "title", "genre", "distance"}

    assert len(good["autotags"]) == 50
    levels = [tag["level"] for tag in good["autotags"]]
    assert levels == sorted(levels, reverse=True)
    assert good["autotags"][0].keys() == {"name", "group", "probability", "level", "heard"}
    assert good["parts"] == ["timbre", "temporal", "autotags"]
    assert 30 < good["tempo_bpm"] < 330
    assert good["key"] in KEYS

    assert broken["error"].startswith("This is not audio")
    assert missing["error"] == "There is no file with this name."
    assert missing["genre"] is None


def test_the_table_names_genre_and_verdict(gtzan):
    done = genregenie("classify", *sorted((gtzan / "audio/full").glob("metal*"))[:2])
    assert done.returncode == 0
    first, second = (line for line in done.stdout.splitlines() if not line.startswith(" "))
    for line in (first, second):
        assert "confident" in line
        assert "Metal" in line
        assert "0:30" in line
    below = [line for line in done.stdout.splitlines() if line.startswith("    ")]
    assert any("; heard: metal" in line for line in below)
    assert any(re.match(r"    about \d+ BPM", line) for line in below)
    assert done.stderr == ""


def test_fast_leaves_the_network_out(here, clip, gtzan):
    metal = min((gtzan / "audio/full").glob("metal*"))
    done = here("classify", "--fast", metal)
    assert (done.returncode, done.stderr) == (0, "")
    line, below = done.stdout.splitlines()
    assert "Metal" in line
    assert re.match(r"    about \d+ BPM", below)
    assert "heard" not in below
    done = here("classify", "--fast", "--json", clip)
    (told,) = json.loads(done.stdout)
    assert told["autotags"] == []
    assert told["parts"] == ["timbre", "temporal"]


@pytest.fixture(scope="module")
def album(tmp_path_factory, clip):
    """A folder with two songs, and with what is passed over."""
    folder = tmp_path_factory.mktemp("album")
    (folder / "disc 2").mkdir()
    for name in ("one.wav", "disc 2/two.wav", ".hidden.wav", "left out.wav"):
        (folder / name).write_bytes(clip.read_bytes()[: -len(name)])
    (folder / "cover.jpg").write_bytes(b"no song")
    (folder / ".genregenieignore").write_text("left*\n")
    (folder / "again").symlink_to(folder / "disc 2")
    return folder


@pytest.mark.slow
def test_a_folder_stands_for_the_songs_in_it(here, album):
    done = here("classify", album)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    named = [line.split(".wav")[0] for line in lines if not line.startswith(" ")]
    assert named == [f"{album}/again/two", f"{album}/one"]
    done = here("classify", "--json", album / "*.wav", album / "gone.wav", album / "disc 2")
    assert done.returncode == 1
    files = [(Path(row["file"]).name, row["error"]) for row in json.loads(done.stdout)]
    gone = "There is no file with this name."
    assert files == [
        ("left out.wav", None),
        ("one.wav", None),
        ("gone.wav", gone),
        ("two.wav", None),
    ]


@pytest.mark.slow
def test_a_name_moves_no_cursor(here, tmp_path):
    """Whoever made the file chose its name, and control characters can rewrite what is shown."""
    (tmp_path / "a\x1b[2Jb\nc.wav").write_bytes(b"no sound")
    done = here("classify", str(tmp_path))
    assert done.stdout.count("\n") == 1
    assert "a\\x1b[2Jb\\nc.wav  failed" in done.stdout
    for command in ("index", "recommend"):
        path = tmp_path if command == "index" else next(tmp_path.iterdir())
        refused = here(command, str(path))
        assert refused.returncode == 1
        assert "\x1b" not in refused.stdout + refused.stderr


@pytest.mark.slow
def test_where_there_is_nothing_to_hear_a_sentence_says_so(here, tmp_path):
    done = here("classify", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "genregenie: There are no audio files there.\n"
    done = here("classify", tmp_path / "*.mp3")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Nothing matches this pattern." in done.stderr


@pytest.mark.slow
def test_a_terminal_sees_a_bar(album):
    theirs, ours = pty.openpty()
    termios.tcsetwinsize(ours, (24, 100))
    command = [sys.executable, "-m", "genregenie", "classify", str(album)]
    done = subprocess.run(command, stderr=ours, stdout=subprocess.PIPE, text=True, check=True)
    os.close(ours)
    seen = ""
    with contextlib.suppress(OSError):  # how a terminal ends
        while piece := os.read(theirs, 10_000):
            seen += piece.decode()
    os.close(theirs)
    assert "2/2" in seen
    assert done.stdout.count(".wav") == 2


@pytest.mark.slow
def test_several_processes_say_the_same(here, clip):
    one = here("classify", "--json", "--jobs", "1", clip, clip)
    two = here("classify", "--json", "--jobs", "2", clip, clip)
    assert (one.returncode, two.returncode) == (0, 0)
    for a, b in zip(json.loads(one.stdout), json.loads(two.stdout), strict=True):
        assert a["confidences"] == pytest.approx(b["confidences"], abs=1e-9)


def test_without_a_model_there_is_a_sentence(here, clip, tmp_path):
    done = here("classify", clip, GENREGENIE_MODEL=str(tmp_path))
    assert done.returncode == 1
    assert "genregenie train" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_never_pays_for_what_it_does_not_use(clip):
    code = (
        "import sys; from genregenie.cli.main import main; main(['classify', sys.argv[1]]);"
        "print(sorted({'gradio', 'fastapi', 'sklearn', 'skops', 'pandas', 'joblib',"
        "'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(clip)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_a_closed_pipe_is_not_an_error(clip):
    head = f"{sys.executable} -m genregenie classify '{clip.parent}'/* | true"
    done = subprocess.run(["bash", "-c", head], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
