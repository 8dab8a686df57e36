"""``genregenie recommend`` and ``genregenie index``, run the way people run them."""

import csv
import io
import json
import shutil
import subprocess
import sys

import pytest

from genregenie.audio.parallel import CRASHED
from tests import deaths, sounds
from tests.machine import genregenie
from tests.spotify.standin import Failure, error


@pytest.fixture
def environment(server):
    return server.environment


@pytest.fixture(scope="module")
def clip(gtzan):
    return gtzan / "audio/full/rock.00001.flac"


def test_json_is_as_promised(clip, environment, server):
    done = genregenie("recommend", "--json", clip, **environment)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    answer = json.loads(done.stdout)
    assert list(answer) == ["file", "genre", "neighbours", "spotify"]
    assert answer["file"] == str(clip)
    assert answer["genre"] == "rock"
    assert len(answer["neighbours"]) == 6
    for neighbour in answer["neighbours"]:
        assert 0 < neighbour["alike"] < 1
        assert neighbour["url"].startswith("https://open.spotify.com/")
    assert list(answer["spotify"]) == ["state", "message", "tracks"]
    assert answer["spotify"]["state"] == "ok"
    assert len(answer["spotify"]["tracks"]) == 10
    for track in answer["spotify"]["tracks"]:
        assert track["url"] == f"https://open.spotify.com/track/{track['id']}"
    assert server.requests["/api/token"] == 1


def test_offline_asks_nobody(here, clip, environment, server):
    done = here("recommend", "--json", "--offline", clip, **environment)
    assert json.loads(done.stdout)["spotify"] == {
        "state": "offline",
        "message": "Spotify was not asked.",
        "tracks": [],
    }
    assert len(json.loads(done.stdout)["neighbours"]) == 6
    assert not server.requests


def test_text_for_people(here, clip, environment):
    done = here("recommend", clip, "--years", "1970-1999", **environment)
    assert done.returncode == 0
    assert "Sounds like" in done.stdout
    assert "More rock" in done.stdout
    assert "% alike" in done.stdout


@pytest.mark.parametrize("failure", [error(429, Retry_After="86000"), error(403), error(503)])
def test_it_answers_when_spotify_does_not(here, clip, environment, server, failure):
    server.api_failure = failure
    done = here("recommend", "--json", clip, **environment)
    assert done.returncode == 0
    answer = json.loads(done.stdout)
    assert len(answer["neighbours"]) == 6
    assert answer["spotify"]["tracks"] == []
    assert answer["spotify"]["message"]


def test_the_command_ends_while_spotify_hangs(clip, environment, server):
    server.api_failure = Failure(how="drip")
    done = genregenie("recommend", "--json", clip, **environment)
    assert not server.stopped.is_set()  # the answer was still dripping
    assert json.loads(done.stdout)["spotify"]["state"] == "slow"
    assert done.returncode == 0


def test_without_keys(here, clip):
    done = here("recommend", clip)
    assert done.returncode == 0
    assert "SPOTIPY_CLIENT_ID" in done.stdout
    assert "Sounds like" in done.stdout


def test_formats(here, clip):
    rows = list(
        csv.DictReader(io.StringIO(here("recommend", clip, "--offline", "--format", "csv").stdout))
    )
    assert len(rows) == 6
    assert here("recommend", clip, "--offline", "--format", "m3u").stdout.startswith("#EXTM3U")
    assert len(here("recommend", clip, "--offline", "--format", "txt").stdout.splitlines()) == 6


def test_errors_are_sentences(here, tmp_path, clip):
    bad = tmp_path / "bad.mp3"
    bad.write_bytes(b"not a song")
    for arguments, words in (
        ((bad,), "not audio"),
        ((tmp_path / "missing.wav",), "no file"),
        ((clip, "--index", tmp_path), "There is no index"),
    ):
        done = here("recommend", "--offline", *arguments)
        assert done.returncode == 1
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    done = here("recommend", "--offline", clip, GENREGENIE_MODEL=str(tmp_path))
    assert done.returncode == 1
    assert "genregenie train" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("recommend",),
        ("recommend", "x.wav", "--years", "soon"),
        ("recommend", "x.wav", "--years", "2000-1990"),
        ("recommend", "x.wav", "--depth", "deep"),
        ("recommend", "x.wav", "--json", "--format", "csv"),
        ("index",),
        ("index", "x", "--jobs", "0"),
    ],
)
def test_wrong_use_is_2(here, arguments):
    done = here(*arguments)
    assert done.returncode == 2
    assert "usage:" in done.stderr


def test_what_is_not_music_has_nothing_like_it(here, tmp_path):
    silence = tmp_path / "noise.wav"
    silence.write_bytes(sounds.encode(sounds.noise(5.0)))
    done = here("recommend", "--json", silence)
    answer = json.loads(done.stdout)
    if answer["genre"] is None:
        assert answer["neighbours"] == []
        assert answer["spotify"]["state"] == "not music"


def test_index_then_recommend_from_it(here, gtzan, tmp_path):
    music = tmp_path / "music"
    music.mkdir()
    for path in sorted((gtzan / "audio/full").glob("jazz*")):
        shutil.copy(path, music)
    done = here("index", music, "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert "3 tracks" in done.stdout
    arguments = ("recommend", "--json", "--offline", gtzan / "audio/full/jazz.00000.flac")
    answer = json.loads(here(*arguments, "--index", music / "genregenie-index").stdout)
    paths = [neighbour["path"] for neighbour in answer["neighbours"]]
    assert paths  # the clip itself is left out
    assert all(path.startswith(str(music)) for path in paths)
    assert not any(path.endswith("jazz.00000.flac") for path in paths)
    same = here(*arguments, GENREGENIE_INDEX=str(music / "genregenie-index"))
    assert json.loads(same.stdout) == answer


@pytest.mark.slow
@pytest.mark.parametrize("command", ["recommend --offline", "similar", "lab --ask"])
def test_a_file_that_ends_its_process_gets_a_sentence(command, tmp_path):
    path = tmp_path / "clip.wav"
    path.write_bytes(deaths.clip("segfault"))
    done = genregenie(*command.split(), path, **deaths.environment())
    assert done.returncode == 1
    assert done.stderr == f"genregenie: {path}: {CRASHED}\n"
    assert done.stdout == ""


def test_classify_pays_for_none_of_this(clip):
    code = (
        "import sys; from genregenie.cli.main import main; main(['classify', sys.argv[1]]);"
        "print([m for m in sys.modules if m.split('.')[0] in ('spotipy', 'requests', 'faiss',"
        " 'cachetools', 'sqlite3') or m.startswith('genregenie.recommend.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(clip)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
