"""Which files a command means."""

import os
import sys
from pathlib import Path

import pytest

from genregenie.audio.scan import AudioPath, Unreadable, walk
from genregenie.datasets import folder as training
from genregenie.recommend import indexing


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
    troubles = {e.path: e.reason for e in found if isinstance(e, Unreadable)}
    assert len(found) - len(troubles) == len(EVERY)
    assert troubles[paths[0]] == "There is no file or folder with this name."
    assert troubles[paths[1]] == "Nothing matches this pattern."
    assert troubles[str(music / "gone.mp3")] == "There is no file or folder with this name."
    assert len(troubles) == 5


def test_a_wrong_pattern_is_an_error():
    with pytest.raises(ValueError, match="!"):
        walk(["."], ["!"])


def test_index_and_train_walk_by_the_same_rules(music):
    """Hidden files, links that lead round, and what is left out, as `tag` and `classify` see it."""
    (music / "rock/round").symlink_to(music)
    (music / "more").symlink_to(music / "rock")
    (music / "speech/gone.mp3").symlink_to(music / "nowhere.mp3")
    (music / ".genregenieignore").write_text("d.wav\n")
    heard = [e.path for e in walk([str(music)]) if isinstance(e, AudioPath)]
    assert len(heard) == len(EVERY) - 1
    indexed, skipped = indexing._files(music, music / "genregenie-index")
    assert [str(path) for path in indexed] == heard
    assert [skip.path.name for skip in skipped] == ["gone.mp3"]
    trained, skipped = training._audio_files(music)
    assert [str(path) for path, _ in trained] == [p for p in heard if Path(p).parent != music]
    assert {genre for _, genre in trained} == {"more", "speech"}
    assert [skip.path.name for skip in skipped] == ["gone.mp3"]
