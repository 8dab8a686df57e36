"""``genregenie tag --tags tempo,key``: written where they are sure, and taken back."""

import json
import shutil
import sqlite3
from dataclasses import replace

import pytest

from genregenie.inference.batch import classify
from genregenie.tagging import tagger
from genregenie.tagging.journal import FILE_NAME
from genregenie.tagging.policy import short_key
from genregenie.tagging.tags import read_tags, write_tags
from tests.tagging.conftest import EXAMPLES, snapshot
from tests.tagging.files import NOTHING, as_mutagen_reads
from tests.tagging.kinds import KINDS, put

SURE = {"tempo_bpm": 117.6, "tempo_confidence": 0.99, "key": "F# minor", "key_confidence": 0.99}
WRITTEN = {"tempo": ("118",), "key": ("F#m",)}


@pytest.fixture
def answer(run, monkeypatch):
    """Have every file heard as jazz at 118 BPM in F sharp minor, but for what is said otherwise."""

    def answer(**changes):
        clip = replace(classify(EXAMPLES / "jazz.mp3", fast=True), **SURE | changes)
        monkeypatch.setattr(tagger, "classify_many", lambda paths, **_: iter([clip] * len(paths)))

    answer()
    return answer


@pytest.fixture
def song(tmp_path):
    return shutil.copy(EXAMPLES / "jazz.mp3", tmp_path)


def deaf(*arguments, **more):
    raise AssertionError("something was listened to again")


def test_what_is_really_heard_is_written_where_it_is_sure(music, run):
    before = snapshot(music)
    assert run("tag", music, "--tags", "tempo,key", "--write")[0] == 0
    for name in ("classical", "jazz", "metal"):
        told = classify(EXAMPLES / f"{name}.mp3", fast=True)
        held = as_mutagen_reads(music / f"{name}.mp3")
        wanted = {}
        if told.is_tempo_sure:
            wanted["tempo"] = (f"{told.tempo_bpm:.0f}",)
        if told.is_key_sure:
            wanted["key"] = (short_key(told.key),)
        assert {field: v for field, v in held.items() if field != "genre"} == wanted
    assert "tempo" in as_mutagen_reads(music / "classical.mp3")
    assert "key" in as_mutagen_reads(music / "classical.mp3")
    assert snapshot(music)["reggae.mp3"] == before["reggae.mp3"]
    assert "add with tempo, key in" in run("untag")[1]
    run("untag", 1)
    assert snapshot(music) == before


def test_a_plan_says_what_would_be_written(song, run, answer):
    write_tags(song, {"key": ["8A"]})
    _, out, _ = run("tag", song, "--tags", "key,tempo", "--mode", "replace")
    assert out.splitlines()[2:4] == ["           tempo: 118", "           key: 8A -> F#m"]
    assert read_tags(song) == NOTHING | {"key": ("8A",)}


def test_without_it_neither_is_written(song, run, answer):
    run("tag", song, "--write")
    assert read_tags(song) == NOTHING | {"genre": ("Jazz",)}


@pytest.mark.parametrize(
    ("changes", "written"),
    [
        ({}, WRITTEN),
        ({"tempo_confidence": 0.2}, {"key": ("F#m",)}),
        ({"key_confidence": 0.2}, {"tempo": ("118",)}),
        ({"tempo_bpm": None, "key": None}, {}),
    ],
)
def test_what_is_not_sure_is_not_written(changes, written, song, run, answer):
    answer(**changes)
    run("tag", song, "--tags", "tempo,key", "--write")
    assert read_tags(song) == NOTHING | {"genre": ("Jazz",)} | written


@pytest.mark.parametrize("mode", ["add", "if-empty"])
def test_what_somebody_has_written_stays(mode, song, run, answer):
    write_tags(song, {"tempo": ["59"], "key": ["8A"]})
    run("tag", song, "--tags", "tempo,key", "--mode", mode, "--write")
    assert read_tags(song) == NOTHING | {"genre": ("Jazz",), "tempo": ("59",), "key": ("8A",)}


def test_a_file_whose_genre_is_unsure_is_left_alone_unless_it_is_asked_for(song, run, answer):
    answer(verdict="unsure")
    _, out, _ = run("tag", song, "--tags", "tempo,key", "--write")
    assert "In 1 unsure files tags are heard; --unsure writes them." in out
    assert read_tags(song) == NOTHING
    run("tag", song, "--tags", "tempo,key", "--unsure", "--write")
    assert read_tags(song) == NOTHING | WRITTEN


def test_where_there_is_no_place_the_genre_is_written_and_it_is_said(tmp_path, run, answer):
    path = put(KINDS["WAV, a list of texts"], tmp_path)
    _, out, _ = run("tag", path, "--tags", "tempo,key", "--write")
    assert "The tags of this file have no place for a tempo or a key." in out
    assert read_tags(path) == {"genre": ("Baroque", "Jazz")}


def test_they_need_no_network(song, run, answer, monkeypatch):
    monkeypatch.setenv("GENREGENIE_HEARING", "all")
    assert run("tag", song, "--tags", "tempo,key", "--fast", "--write")[0] == 0
    assert read_tags(song) == NOTHING | {"genre": ("Jazz",)} | WRITTEN
    status, _, err = run("tag", song, "--tags", "mood,tempo", "--fast")
    assert status == 1
    assert err.startswith("genregenie: --tags mood writes what the network hears")


def test_a_journal_of_an_earlier_release_does_for_genres_and_is_heard_again_for_both(
    song, run, answer, data_dir, monkeypatch
):
    run("tag", song)
    with sqlite3.connect(data_dir / FILE_NAME) as journal:
        ((told, held),) = journal.execute("SELECT answer, genres FROM heard")
        old = json.loads(told)
        for name in ("tempo_bpm", "key", "is_measured"):
            del old[name]
        known = {name: json.loads(held)[name] for name in ("genre", "mood", "grouping")}
        journal.execute(
            "UPDATE heard SET answer = ?, genres = ?", (json.dumps(old), json.dumps(known))
        )
        journal.execute("PRAGMA user_version = 3")
    journal.close()
    listening = tagger.classify_many
    monkeypatch.setattr(tagger, "classify_many", deaf)
    assert "1 to write" in run("tag", song)[1]
    with pytest.raises(AssertionError, match="again"):
        run("tag", song, "--tags", "key")
    monkeypatch.setattr(tagger, "classify_many", listening)
    out = run("tag", song, "--tags", "tempo,key", "--write")[1]
    assert "no place" not in out
    assert read_tags(song) == NOTHING | {"genre": ("Jazz",)} | WRITTEN


def test_reports_tell_both(song, run, answer, tmp_path):
    lines = tmp_path / "a.jsonl"
    run("tag", song, "--tags", "tempo,key", "--jsonl", lines)
    (told,) = map(json.loads, lines.read_text().splitlines())
    names = ("tempo_before", "tempo_after", "key_before", "key_after")
    assert [told[name] for name in names] == [[], ["118"], [], ["F#m"]]
