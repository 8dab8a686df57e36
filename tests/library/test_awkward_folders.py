"""Every command over a library, where files and folders are not as they should be.

A command runs in this process, so whatever it raises but a sentence fails the test.
"""

import json
import os
import shutil
from pathlib import Path

import pytest

from genregenie.common import resources
from tests import machine, sounds

EXAMPLES = resources.assets() / "examples"
ODD = b"caf\xe9 \n\x1b[31m.mp3"

pytestmark = pytest.mark.slow


@pytest.fixture
def music(tmp_path):
    """Two songs, and between them all that cannot be heard; one more whose name is no text."""
    folder = tmp_path / "music"
    (folder / "folder.mp3").mkdir(parents=True)
    shutil.copy(EXAMPLES / "jazz.mp3", folder / "a.mp3")
    shutil.copy(EXAMPLES / "metal.mp3", folder / "z.mp3")
    shutil.copy(EXAMPLES / "metal.mp3", os.fsencode(folder) + b"/" + ODD)
    (folder / "broken.mp3").write_bytes(b"no audio" * 99)
    (folder / "empty.mp3").touch()
    (folder / "gone.mp3").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.mp3")
    return folder


UNREADABLE = ("broken.mp3", "empty.mp3", "gone.mp3", "pipe.mp3")


@pytest.mark.parametrize("command", ["check", "duplicates", "tag", "index"])
def test_what_cannot_be_heard_is_a_line_and_costs_itself_alone(command, music, here):
    done = here(command, music, "--jobs", "1")
    assert done.returncode == (0 if command == "index" else 1)
    lines = (done.stdout + done.stderr).splitlines()
    for name in UNREADABLE:
        assert sum(name in line for line in lines) == 1, name
    assert "\x1b" not in done.stdout + done.stderr
    told = {"check": "6 files: 3 unreadable", "duplicates": "3 files: 1 recording"}
    assert told.get(command, "") in done.stdout
    if command == "index":
        assert done.stdout.startswith("3 tracks in ")


def test_what_comes_of_such_an_index(music, here, tmp_path):
    here("index", music, "--jobs", "1")
    assert here("map", "--index", music, "--output", tmp_path / "map.html").returncode == 0
    assert len(json.loads(here("map", "--index", music, "--json").stdout)) == 3
    playlist = tmp_path / "all.m3u8"
    (music / "z.mp3").unlink()  # its copy is left, whose name is no text
    done = here("playlist", "--index", music, "--json", "--output", playlist)
    songs = json.loads(done.stdout)["songs"]
    assert {os.fsencode(Path(song["path"]).name) for song in songs} == {b"a.mp3", ODD}
    assert "music/caf%E9%20%0A%1B%5B31m.mp3" in playlist.read_text().splitlines()
    xspf = tmp_path / "all.xspf"
    assert here("playlist", "--index", music, "--output", xspf).returncode == 0
    assert "caf%E9" in xspf.read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check",), "There is no file or folder with this name."),
        (("duplicates",), "There is no file or folder with this name."),
        (("tag",), "There is no file or folder with this name."),
        (("index",), "There is no folder"),
        (("watch",), "There is no folder"),
        (("map", "--index"), "There is no index in"),
        (("playlist", "--index"), "There is no index in"),
    ],
)
def test_a_folder_that_does_not_exist(words, said, here, tmp_path):
    done = here(*words, tmp_path / "nowhere")
    assert done.returncode == 1
    assert said in done.stderr
    assert "\n" not in done.stderr.strip()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
@pytest.mark.parametrize("command", ["index", "watch"])
def test_an_index_where_nothing_may_be_written(command, here, tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    (folder / "a.wav").write_bytes(sounds.encode(sounds.tune(2.0)))
    folder.chmod(0o555)
    done = here(command, folder)
    folder.chmod(0o755)
    assert done.returncode == 1
    assert "Permission denied. Choose another --output." in done.stderr


def test_where_the_system_knows_no_letters_but_its_own(music, tmp_path):
    """Python takes UTF-8 there by itself, unless it is told not to."""
    (music / "žlutý 音楽.wav").write_bytes(sounds.encode(sounds.tune(2.0)))
    done = machine.genregenie(
        *("check", music, "--no-genres", "--jobs", "1"),
        LC_ALL="C",
        PYTHONUTF8="0",
        PYTHONCOERCECLOCALE="0",
    )
    assert done.returncode == 1
    assert "7 files: 3 unreadable" in done.stdout
    assert "Traceback" not in done.stderr
