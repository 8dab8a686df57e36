"""What the journal takes for the same file, from wherever one stands, and old journals."""

import dataclasses
import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from genregenie.audio.scan import AudioPath
from genregenie.tagging import tagger
from genregenie.tagging.delta import difference
from genregenie.tagging.journal import FILE_NAME, Journal
from genregenie.tagging.places import RealPaths, candidates, probe
from genregenie.tagging.records import CachedResult
from genregenie.tagging.tags import read_genres, write_genres
from tests import sounds
from tests.tagging.conftest import EXAMPLES, snapshot

HEARD = CachedResult("confident", "jazz", 0.9, {"jazz": 0.9}, 3.0, 3.0, None, None)
WHEN = 1_600_000_000 * 10**9


def deaf(*arguments, **more):
    raise AssertionError("something was listened to")


@pytest.fixture
def albums(tmp_path) -> Path:
    """Two albums whose songs share name, size and time of change; c is an untouched copy of a."""
    jazz, metal = ((EXAMPLES / f"{genre}.mp3").read_bytes() for genre in ("jazz", "metal"))
    size = max(len(jazz), len(metal))
    for name, data in (("a", jazz), ("b", metal), ("c", jazz)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "song.mp3").write_bytes(data.ljust(size, b"\0"))
        os.utime(tmp_path / name / "song.mp3", ns=(WHEN, WHEN))
    return tmp_path


# --- where one stands ------------------------------------------------------------------------


def test_a_file_of_the_same_name_size_and_time_is_heard_itself(albums, run, monkeypatch):
    monkeypatch.chdir(albums / "a")
    run("tag", ".")
    monkeypatch.chdir(albums / "b")
    run("tag", ".", "--write")
    assert read_genres(albums / "b/song.mp3") == ("Metal",)


def test_a_run_is_taken_back_from_wherever_one_stands(albums, run, monkeypatch):
    before = snapshot(albums)
    monkeypatch.chdir(albums / "a")
    run("tag", ".", "--write")
    monkeypatch.chdir(albums / "c")
    assert run("untag", 1) == (0, "1 files are as they were before run 1.\n", "")
    assert snapshot(albums) == before


def test_another_file_put_in_a_files_place_is_heard_anew(albums, run, monkeypatch):
    run("tag", albums / "a")
    shutil.copy2(albums / "b/song.mp3", albums / "a/song.mp3")
    monkeypatch.setattr(tagger, "classify_many", deaf)
    with pytest.raises(AssertionError, match="listened"):
        run("tag", albums / "a")


def test_the_same_file_put_back_is_not_heard_again_but_its_tags_are_read(albums, run, monkeypatch):
    run("tag", albums / "a")
    shutil.copy2(albums / "a/song.mp3", albums / "aside")
    (albums / "aside").replace(albums / "a/song.mp3")
    monkeypatch.setattr(tagger, "classify_many", deaf)
    assert "1 to write" in run("tag", albums / "a")[1]


def test_a_genre_that_somebody_wrote_without_a_trace_in_size_and_time_stays(albums, run):
    path = albums / "a/song.mp3"
    write_genres(path, ["Swing"])
    os.utime(path, ns=(WHEN, WHEN))
    run("tag", albums / "a")
    write_genres(path, ["Bebop"])
    os.utime(path, ns=(WHEN, WHEN))
    run("tag", albums / "a", "--write")
    assert read_genres(path) == ("Bebop", "Jazz")


def test_a_genre_that_changes_between_plan_and_writing_is_not_lost(albums, run, monkeypatch):
    path = albums / "a/song.mp3"
    write_genres(path, ["Swing"])
    os.utime(path, ns=(WHEN, WHEN))
    real = tagger.plan

    def plan(*arguments):
        items = list(real(*arguments))
        write_genres(path, ["Bebop"])
        os.utime(path, ns=(WHEN, WHEN))
        return iter(items)

    monkeypatch.setattr(tagger, "plan", plan)
    status, out, _ = run("tag", albums / "a", "--write")
    assert status == 1
    assert "changed since it was listened to" in out
    assert read_genres(path) == ("Bebop",)


def test_a_link_and_its_target_are_one_file(albums, run, monkeypatch):
    run("tag", albums / "a")
    (albums / "link").symlink_to(albums / "a")
    monkeypatch.setattr(tagger, "classify_many", deaf)
    assert "1 to write" in run("tag", albums / "link")[1]


# --- a library that was moved ----------------------------------------------------------------


def test_a_moved_library_is_told_so_and_taken_back_where_it_is(albums, run, monkeypatch):
    before = snapshot(albums / "a")
    run("tag", albums / "a", "--write")
    (albums / "a").rename(albums / "moved")
    status, out, _ = run("untag", 1)
    assert status == 1
    assert f"failed  {albums}/a/song.mp3\n        There is no file with this name any more." in out
    assert "--moved OLD NEW" in out

    monkeypatch.setattr(tagger, "classify_many", deaf)
    status, out, _ = run("tag", albums / "moved")
    assert f"1 of these files were somewhere else before: {albums}/moved/song.mp3 was" in out
    assert run("untag", 1, "--moved", albums / "a", albums / "moved")[0] == 0
    assert snapshot(albums / "moved") == before


def test_a_copy_is_no_move_even_while_the_original_is_away(albums, run):
    """A disk that is not plugged in: the copy is not taken for what was tagged."""
    run("tag", albums / "a", "--write")
    (albums / "a").rename(albums / "unplugged")
    run("tag", albums / "c")
    assert run("untag", 1)[0] == 1
    (albums / "unplugged").rename(albums / "a")
    assert run("untag", 1)[0] == 0
    assert read_genres(albums / "a/song.mp3") == ()


@pytest.mark.parametrize(
    ("path", "old", "new", "there"),
    [
        ("/m/a/x.mp3", "/m/a", "/n", "/n/x.mp3"),
        ("/m/a/x.mp3", "/m/a/", "/n/", "/n/x.mp3"),
        ("/m/a/x.mp3", "/m/a/x.mp3", "/n/y.mp3", "/n/y.mp3"),
        ("/m/ab/x.mp3", "/m/a", "/n", "/m/ab/x.mp3"),
        ("/m/a/x.mp3", "/", "/n", "/n/m/a/x.mp3"),
    ],
)
def test_what_moved_with_a_folder(path, old, new, there):
    assert tagger._moved(path, (old, new)) == there


# --- journals of earlier releases ------------------------------------------------------------

OLD_SCHEMA = """
CREATE TABLE heard (
    path BLOB, version TEXT, size INTEGER, changed_ns INTEGER, answer TEXT, genres TEXT,
    PRIMARY KEY (path, version)
) WITHOUT ROWID;
CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, started TEXT, about TEXT, finished INTEGER
);
CREATE TABLE changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER, path BLOB, state TEXT,
    changed_ns INTEGER, genres TEXT, undo BLOB
);
CREATE TABLE folders (path BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE INDEX changes_of_run ON changes (run, state);
PRAGMA user_version = 1;
"""


@pytest.fixture
def old_journal(data_dir):
    with sqlite3.connect(data_dir / FILE_NAME) as connection:
        connection.executescript(OLD_SCHEMA)
    yield connection
    connection.close()


def test_answers_under_absolute_paths_are_kept_and_others_given_up(albums, old_journal):
    path = albums / "a/song.mp3"
    found = AudioPath.at(str(path))
    with old_journal as journal:
        for name in (os.fsencode(path), b"song.mp3", b"./song.mp3"):
            row = (
                name,
                "v",
                found.size,
                found.changed_ns,
                json.dumps(dataclasses.asdict(HEARD)),
                "[]",
            )
            journal.execute("INSERT INTO heard VALUES (?, ?, ?, ?, ?, ?)", row)
    for _ in range(2):
        with Journal() as journal:
            assert journal.recall(found, "v") == (HEARD, None)
            os.chdir(albums / "b")
            assert journal.recall(AudioPath.at("song.mp3"), "v") is None


@pytest.mark.parametrize("asked", ["a", "", "a/*.mp3"])
@pytest.mark.parametrize("state", ["written", "killed before"])
def test_a_run_under_a_relative_path_is_taken_back(asked, state, albums, old_journal, run):
    path = albums / "a/song.mp3"
    old = path.read_bytes()
    write_genres(path, ["Jazz"])
    undo = difference(old, path.read_bytes())
    if state != "written":
        path.write_bytes(old)
    about = json.dumps({"paths": [str(albums / asked)], "mode": "add"})
    typed = {"a": b"./song.mp3", "": b"a/song.mp3", "a/*.mp3": b"a/song.mp3"}[asked]
    with old_journal as journal:
        journal.execute("INSERT INTO runs VALUES (1, '', ?, 1)", (about,))
        row = typed, "written", WHEN, "[]", undo
        journal.execute("INSERT INTO changes VALUES (1, 1, ?, ?, ?, ?, ?)", row)
    os.chdir(albums / "c")
    assert run("untag", 1)[1] == "1 files are as they were before run 1.\n"
    assert path.read_bytes() == old
    assert (albums / "c/song.mp3").read_bytes() == old


def test_where_nothing_fits_an_old_run_says_so(albums, old_journal, run):
    undo = difference(b"old", b"new")
    with old_journal as journal:
        about = json.dumps({"paths": [str(albums)], "mode": "add"})
        journal.execute("INSERT INTO runs VALUES (1, '', ?, 1)", (about,))
        for name in (b"a/song.mp3", b"gone.mp3"):
            row = name, "written", WHEN, "[]", undo
            journal.execute("INSERT INTO changes VALUES (NULL, 1, ?, ?, ?, ?, ?)", row)
    status, out, _ = run("untag", 1)
    assert status == 1
    assert "changed since" in out
    assert "no file with this name" in out


@pytest.fixture(autouse=True)
def stay_here():
    here = Path.cwd()
    yield
    os.chdir(here)


# --- paths and probes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "asked", "wanted"),
    [
        ("/m/x.mp3", ["/n"], "/m/x.mp3"),
        ("x.mp3", ["/m"], "/m/x.mp3"),
        ("./x.mp3", ["/m"], "/m/x.mp3"),
        ("m/x.mp3", ["/home/m"], "/home/m/x.mp3"),
        ("m/n/x.mp3", ["/home/m/n"], "/home/m/n/x.mp3"),
        ("../m/x.mp3", ["/home/m"], "/home/m/x.mp3"),
        ("m/n/x.mp3", ["/home/m/**/*.mp3"], "/home/m/n/x.mp3"),
        ("x.mp3", ["/home/x.mp3"], "/home/x.mp3"),
    ],
)
def test_what_a_relative_path_of_old_may_mean(path, asked, wanted):
    assert wanted in list(candidates(path, asked))


def test_real_paths(tmp_path, monkeypatch):
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/x").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "y").symlink_to("a/b/x")
    monkeypatch.chdir(tmp_path / "a")
    real = os.path.realpath(tmp_path / "a/b/x")
    paths = RealPaths()
    for path in ("b/x", "./b/x", "b/../b/x", "../link/b/x", "../y", str(tmp_path / "y")):
        assert paths.path(path) == real
    assert paths.path(".") == str(Path(real).parent.parent)


def test_a_probe_sees_differences_all_over_and_none_where_there_is_none(tmp_path):
    data = bytearray(sounds.encode(sounds.noise(5.0)))
    path = tmp_path / "x"
    seen = set()
    for at in (None, 0, len(data) // 2, len(data) - 1):
        changed = bytearray(data)
        if at is not None:
            for i in range(max(at - 10_000, 0), min(at + 10_000, len(data))):
                changed[i] ^= 1
        path.write_bytes(changed)
        seen.add(probe(str(path)))
    assert len(seen) == 4
    path.write_bytes(b"")
    assert probe(str(path)) not in seen
    assert probe(str(tmp_path / "none")) is None
