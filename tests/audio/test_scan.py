"""Which files a command means."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from genregenie.audio.scan import AudioPath, Skipped, walk
from genregenie.cli.main import main
from genregenie.common import resources
from genregenie.datasets import folder as training
from genregenie.recommend import indexing
from tests import sounds


@pytest.fixture
def music(tmp_path) -> Path:
    for name in (
        *("a.mp3", "b.FLAC", "notes.txt", ".hidden.mp3", ".cache/x.mp3"),
        *("rock/c.ogg", "rock/live/d.wav", "rock/live/e.mp3", "speech/f.mp3"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path


def names(music: Path, *paths: str | Path, exclude: tuple[str, ...] = ()) -> list[str]:
    found = list(walk([os.fspath(p) for p in paths or (music,)], exclude))
    assert all(isinstance(entry, AudioPath) for entry in found), found
    return [os.path.relpath(entry.path, music) for entry in found]


EVERY = ["a.mp3", "b.FLAC", "rock/c.ogg", "rock/live/d.wav", "rock/live/e.mp3", "speech/f.mp3"]


def test_folders_are_walked_and_hidden_files_passed_over(music):
    assert names(music) == EVERY


def test_size_and_time_come_along(music):
    (found,) = walk([str(music / "a.mp3")])
    status = (music / "a.mp3").stat()
    assert found == AudioPath(str(music / "a.mp3"), status.st_size, status.st_mtime_ns)


def test_patterns(music):
    assert names(music, f"{music}/**/*.mp3") == ["a.mp3", "rock/live/e.mp3", "speech/f.mp3"]
    assert names(music, f"{music}/r*") == [n for n in EVERY if n.startswith("rock")]
    assert names(music, f"{music}/*.txt", music / "a.mp3") == ["a.mp3"]


def test_a_name_that_looks_like_a_pattern_is_a_name_first(music):
    (music / "[live].mp3").write_bytes(b"x")
    assert names(music, music / "[live].mp3") == ["[live].mp3"]


def test_a_file_named_itself_is_taken_whatever_it_is_called(music):
    assert names(music, music / "notes.txt") == ["notes.txt"]


def test_nothing_comes_twice(music):
    assert names(music, music, music / "rock", music / "a.mp3") == EVERY
    (music / "again").symlink_to(music / "rock")
    (music / "rock/round").symlink_to(music)
    (music / "copy.mp3").symlink_to(music / "a.mp3")
    os.link(music / "a.mp3", music / "hard.mp3")
    found = names(music)
    real = {os.path.realpath(music / name) for name in found}
    assert len(found) == len(EVERY)
    assert {os.path.relpath(path, music) for path in real} == set(EVERY)


def test_a_link_out_of_the_folder_is_followed(music, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "far.mp3").write_bytes(b"x")
    (music / "link").symlink_to(elsewhere)
    assert "link/far.mp3" in names(music)


def test_ignore_files_and_excludes(music):
    assert names(music, exclude=("speech/", "*.FLAC")) == [
        *("a.mp3", "rock/c.ogg", "rock/live/d.wav", "rock/live/e.mp3")
    ]
    (music / ".genregenieignore").write_text("# not these\nspeech\n*.mp3\n")
    assert names(music) == ["b.FLAC", "rock/c.ogg", "rock/live/d.wav"]
    (music / "rock/.genregenieignore").write_text("/c.ogg\n!e.mp3\n")
    assert names(music) == ["b.FLAC", "rock/live/d.wav", "rock/live/e.mp3"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems want text")
def test_odd_names(music):
    odd = [b"two\nlines.mp3", b"\xff\xfe.mp3", "é".encode() * 125 + b".flac", "夜.ogg".encode()]
    for name in odd:
        (Path(os.fsdecode(os.fsencode(music) + b"/" + name))).write_bytes(name)
    found = [e for e in walk([str(music)]) if isinstance(e, AudioPath)]
    assert {os.fsencode(Path(e.path).name) for e in found} >= set(odd)


def test_what_cannot_be_looked_at_is_said_and_the_rest_goes_on(music):
    (music / "gone.mp3").symlink_to(music / "nowhere.mp3")
    (music / "rock/.genregenieignore").mkdir()
    paths = [str(music / "missing"), str(music / "*.xyz"), str(music), "nul\0byte"]
    found = list(walk(paths))
    troubles = {e.path: e.reason for e in found if isinstance(e, Skipped)}
    assert len(found) - len(troubles) == len(EVERY)
    assert troubles[paths[0]] == "There is no file or folder with this name."
    assert troubles[paths[1]] == "Nothing matches this pattern."
    assert troubles[str(music / "gone.mp3")] == "There is no file or folder with this name."
    assert len(troubles) == 5


def test_a_wrong_pattern_is_an_error():
    with pytest.raises(ValueError, match="!"):
        walk(["."], ["!"])


@pytest.mark.slow
def test_links_in_a_circle_end_and_every_command_means_the_same_files(tmp_path, capsys):
    """Hidden files, links that lead round, ignore files: as one command takes them, so do all."""
    music, elsewhere = tmp_path / "music", tmp_path / "elsewhere"
    for i, name in enumerate(
        ("chords/a.wav", "chords/deep/b.wav", "drone/c.wav", "drone/.hidden.wav", "drone/demo.wav")
    ):
        path = music / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sounds.encode(sounds.tune(1.0, seed=i)))
    elsewhere.mkdir()
    shutil.copy(resources.assets() / "examples/jazz.mp3", elsewhere / "d.mp3")
    (elsewhere / "back").symlink_to(music)
    (music / "linked").symlink_to(elsewhere)
    (music / "chords/round").symlink_to(music)
    (music / "drone/itself").symlink_to(music / "drone/itself")  # no system follows this one
    (music / ".genregenieignore").write_text("demo.wav\n")
    wanted = {"chords/a.wav", "chords/deep/b.wav", "drone/c.wav", "linked/d.mp3"}

    def below(paths) -> set[str]:
        return {Path(path).relative_to(music).as_posix() for path in paths}

    main(["classify", str(music), "--json", "--jobs", "1"])
    heard = below(answer["file"] for answer in json.loads(capsys.readouterr().out))
    main(["tag", str(music), "--jsonl", str(tmp_path / "tagged"), "--jobs", "1"])
    lines = (tmp_path / "tagged").read_text().splitlines()
    tagged = below(json.loads(line)["file"] for line in lines)
    seen = []
    made = indexing.index_folder(
        music, jobs=1, progress=lambda done, total, name: seen.append((name, total))
    )
    table, skipped = training.read_folder(music, jobs=1)
    assert heard == tagged == wanted
    assert set(seen) == {(Path(name).name, len(wanted)) for name in wanted}
    assert made.tracks == 1  # the others are no music, and there is no genre to index them by
    assert set(table.track.tolist()) == wanted
    assert set(table.genre.tolist()) == {"chords", "drone", "linked"}
    assert below(skip.path for skip in skipped) == {"drone/itself"}
