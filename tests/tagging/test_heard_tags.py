"""``genregenie tag --tags``: what the network hears, written into files and taken back."""

import csv
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest

from genregenie.audio.scan import AudioPath
from genregenie.autotag.vocabulary import shown
from genregenie.cli.main import main
from genregenie.inference.batch import classify
from genregenie.tagging import tagger
from genregenie.tagging.journal import FILE_NAME, Journal
from genregenie.tagging.policy import TagPolicy
from genregenie.tagging.records import RunRequest
from genregenie.tagging.tags import read_tags, write_tags
from tests.tagging.conftest import EXAMPLES, heard_tags, snapshot
from tests.tagging.files import NOTHING
from tests.tagging.kinds import KINDS, put

ALL = "style,era,mood,voice"
TAGS = {
    "jazz": ["jazz", "blues", "Mellow", "80s", "instrumental"],
    "metal": ["hard rock", "sad"],
    "reggae": ["soul", "happy", "female vocalists"],
    "noise": ["experimental", "sad"],
}


def deaf(*arguments, **more):
    raise AssertionError("something was listened to again")


@pytest.fixture
def heard(music, hearing):
    hearing(TAGS)
    return music


# --- plan, write, take back ------------------------------------------------------------------


@pytest.mark.slow
def test_what_is_really_heard_is_written(music, run, monkeypatch):
    """With the network's own ears."""
    monkeypatch.setenv("GENREGENIE_HEARING", "all")
    clip = classify(EXAMPLES / "classical.mp3")
    assert clip.verdict == "confident"
    named = [shown(tag.name) for tag in clip.heard if tag.group == "voice"][:2]
    assert named
    run("tag", music, "--tags", "voice", "--whole", "--write")
    assert read_tags(music / "classical.mp3")["grouping"] == tuple(named)


def test_a_plan_says_what_would_be_written_and_nothing_changes(heard, run):
    write_tags(heard / "jazz.mp3", {"mood": ["calm"]})
    before = snapshot(heard)
    status, out, _ = run("tag", heard, "--tags", ALL)
    assert status == 0
    assert snapshot(heard) == before
    jazz = out[out.index(f"{heard}/jazz.mp3") :].splitlines()[1:4]
    assert jazz[0].startswith("           Jazz; Blues, ")
    assert jazz[1:] == [
        "           mood: calm -> calm; mellow",
        "           grouping: 80s; instrumental",
    ]
    assert "3 to write, 1 unsure.\n" in out
    assert "In 1 unsure files tags are heard; --unsure writes them.\nNothing was changed." in out


def test_written_then_taken_back_to_the_byte(heard, run):
    before = snapshot(heard)
    status, out, _ = run("tag", heard, "--tags", ALL, "--unsure", "--write")
    assert status == 0
    assert read_tags(heard / "jazz.mp3") == NOTHING | {
        "genre": ("Jazz", "Blues"),
        "mood": ("mellow",),
        "grouping": ("80s", "instrumental"),
    }
    assert read_tags(heard / "metal.mp3") == NOTHING | {
        "genre": ("Metal", "Hard rock"),
        "mood": ("sad",),
    }
    assert "4 written" in out
    assert "add with style, era, mood, voice in" in run("untag")[1]
    assert run("untag", 1)[:2] == (0, "4 files are as they were before run 1.\n")
    assert snapshot(heard) == before


def test_without_it_nothing_that_is_heard_is_written(heard, run):
    run("tag", heard, "--write")
    assert read_tags(heard / "jazz.mp3") == NOTHING | {"genre": ("Jazz",)}
    assert read_tags(heard / "reggae.mp3")["genre"] == ()


def test_an_unsure_file_is_left_alone_unless_it_is_asked_for(heard, run):
    before = snapshot(heard)["reggae.mp3"]
    _, out, _ = run("tag", heard, "--tags", ALL, "--mode", "replace", "--write")
    assert f"unsure     {heard}/reggae.mp3" in out
    assert snapshot(heard)["reggae.mp3"] == before
    status, out, err = run("tag", heard, "--unsure", "--write")
    assert (status, out) == (1, "")
    assert "--unsure is about --tags" in err


def test_asked_for_it_gets_what_is_heard_and_no_genre_of_the_model(heard, run):
    _, out, _ = run("tag", heard, "--tags", ALL, "--unsure", "--write")
    reggae = out[out.index(f"written    {heard}/reggae.mp3") :].splitlines()
    assert reggae[1].startswith("           Soul, not sure: Reggae ")
    assert read_tags(heard / "reggae.mp3") == NOTHING | {
        "genre": ("Soul",),
        "mood": ("happy",),
        "grouping": ("female vocalists",),
    }
    again = run("tag", heard, "--tags", ALL, "--unsure")[1]
    assert f"unsure     {heard}/reggae.mp3" in again
    assert "to write" not in again
    assert "--unsure writes" not in again


def test_what_is_not_music_is_left_alone(heard, run):
    before = snapshot(heard)["noise.wav"]
    _, out, _ = run("tag", heard, "--tags", ALL, "--unsure", "--write", "--mode", "replace")
    assert f"not music  {heard}/noise.wav" in out
    assert snapshot(heard)["noise.wav"] == before


@pytest.mark.parametrize(
    ("mode", "mood", "genre"),
    [
        ("add", ("calm", "mellow"), ("Jazz", "Blues")),
        ("replace", ("mellow",), ("Jazz", "Blues")),
        ("if-empty", ("calm",), ("Jazz", "Blues")),
    ],
)
def test_modes(mode, mood, genre, heard, run):
    write_tags(heard / "jazz.mp3", {"mood": ["calm"], "grouping": ["Mine"]})
    run("tag", heard, "--tags", "style,mood", "--mode", mode, "--write")
    held = {"genre": genre, "mood": mood, "grouping": ("Mine",)}
    assert read_tags(heard / "jazz.mp3") == NOTHING | held


def test_names_and_numbers_of_ones_own(heard, run, tmp_path):
    names = tmp_path / "names.toml"
    names.write_text('Mellow = "Quiet"\n80s = ["1980s", "Eighties"]\n')
    run("tag", heard, "--tags", ALL, "--at-most", "1", "--names", names, "--write")
    held = read_tags(heard / "jazz.mp3")
    assert held == NOTHING | {
        "genre": ("Jazz",),
        "mood": ("Quiet",),
        "grouping": ("1980s", "Eighties", "instrumental"),
    }


@pytest.fixture
def answer(monkeypatch):
    """Have every file heard as the jazz that it is not, but for what is said otherwise."""

    def answer(**changes):
        monkeypatch.setenv("GENREGENIE_HEARING", "all")
        clip = replace(classify(EXAMPLES / "jazz.mp3", fast=True), **changes)
        monkeypatch.setattr(tagger, "classify_many", lambda paths, **_: iter([clip] * len(paths)))

    return answer


def test_a_telephone_has_no_style(tmp_path, run, answer):
    shutil.copy(EXAMPLES / "jazz.mp3", tmp_path)
    answer(autotags=heard_tags("jazz", "sad"), quality="narrow", verdict="unsure")
    assert "1 unsure" in run("tag", tmp_path, "--tags", ALL, "--unsure")[1]


def test_where_there_is_no_place_the_rest_is_written_and_it_is_said(tmp_path, run, answer):
    path = put(KINDS["WAV, a list of texts"], tmp_path)
    answer(autotags=heard_tags("soul", "sad", "80s"))
    status, out, _ = run("tag", path, "--tags", ALL, "--write")
    assert status == 0
    assert "The tags of this file have no place for a mood or a grouping." in out
    assert read_tags(path) == {"genre": ("Baroque", "Jazz", "Soul")}


# --- what is remembered ----------------------------------------------------------------------


def test_what_was_heard_is_remembered_with_its_tags(heard, run, monkeypatch):
    run("tag", heard)
    monkeypatch.setattr(tagger, "classify_many", deaf)
    assert "3 written" in run("tag", heard, "--tags", ALL, "--write")[1]
    assert "3 as it is" in run("tag", heard, "--tags", ALL, "--write")[1]
    run("untag", 1)
    assert "4 to write" in run("tag", heard, "--tags", ALL, "--unsure")[1]


def test_an_answer_of_an_earlier_release_does_for_genres_and_is_heard_again_for_tags(
    heard, run, data_dir, monkeypatch
):
    run("tag", heard)
    with sqlite3.connect(data_dir / FILE_NAME) as journal:
        for path, answer, held in journal.execute("SELECT path, answer, genres FROM heard"):
            old = json.loads(answer)
            del old["autotags"]
            row = json.dumps(old), json.dumps(json.loads(held)["genre"]), path
            journal.execute("UPDATE heard SET answer = ?, genres = ? WHERE path = ?", row)
        journal.execute("PRAGMA user_version = 2")
    journal.close()
    listening = tagger.classify_many
    monkeypatch.setattr(tagger, "classify_many", deaf)
    assert "3 to write" in run("tag", heard)[1]
    with pytest.raises(AssertionError, match="again"):
        run("tag", heard, "--tags", "mood")
    monkeypatch.setattr(tagger, "classify_many", listening)
    assert "3 to write" in run("tag", heard, "--tags", ALL)[1]
    monkeypatch.setattr(tagger, "classify_many", deaf)
    assert "3 to write" in run("tag", heard, "--tags", ALL)[1]


def test_a_run_with_other_groups_is_another_run(data_dir):
    policies = TagPolicy(), TagPolicy(kinds=("mood",)), TagPolicy(kinds=("mood",), unsure=True)
    plain, moods, unsure = (RunRequest(("/m",), policy) for policy in policies)
    assert not {"tags", "unsure"} & plain.to_dict().keys()
    with Journal() as journal:
        asked = plain, moods, moods, unsure
        assert [journal.start_run(request) for request in asked] == [1, 2, 2, 3]
        assert [run.request for run in journal.runs()] == [plain, moods, unsure]


def test_tags_that_somebody_changes_between_plan_and_writing_are_not_lost(heard, run, monkeypatch):
    real = tagger.plan

    def plan(*arguments):
        items = list(real(*arguments))
        path = heard / "jazz.mp3"
        then = path.stat().st_mtime_ns
        write_tags(path, {"mood": ["mine"]})
        os.utime(path, ns=(then, then))
        return iter(items)

    monkeypatch.setattr(tagger, "plan", plan)
    status, out, _ = run("tag", heard, "--tags", "mood", "--write")
    assert status == 1
    assert "changed since it was listened to" in out
    assert read_tags(heard / "jazz.mp3")["mood"] == ("mine",)


# --- without the network ---------------------------------------------------------------------


@pytest.mark.slow
def test_fast_writes_genres_without_the_network(music):
    code = (
        "import sys; from genregenie.cli.main import main\n"
        "status = main(['tag', sys.argv[1], '--fast', '--jobs', '1', '--write']);"
        "print(status, 'onnxruntime' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(music)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "0 False"
    assert " written" in done.stdout
    assert read_tags(music / "classical.mp3")["genre"] == ("Classical",)


def test_what_was_heard_fast_is_heard_again(music, run, monkeypatch):
    monkeypatch.setenv("GENREGENIE_HEARING", "timbre")
    run("tag", music)
    monkeypatch.setattr(tagger, "classify_many", deaf)
    run("tag", music)
    monkeypatch.setenv("GENREGENIE_HEARING", "all")
    with pytest.raises(AssertionError, match="again"):
        run("tag", music)


@pytest.mark.parametrize("how", ["--fast", "variable"])
def test_where_nothing_is_heard_no_tag_can_be_asked_for(how, music, run, monkeypatch):
    monkeypatch.setenv("GENREGENIE_HEARING", "all" if how == "--fast" else "timbre")
    before = snapshot(music)
    words = [how] if how == "--fast" else []
    status, out, err = run("tag", music, "--tags", "mood", "--write", *words)
    assert (status, out) == (1, "")
    assert err.startswith("genregenie: --tags mood writes what the network hears")
    assert snapshot(music) == before


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        ("moods", "'moods' is none of"),
        ("style,genre,x", "'genre', 'x' is none of"),
        (",", "name some of"),
    ],
)
def test_another_group_is_a_sentence_with_the_right_ones(typed, part, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["tag", ".", "--tags", typed])
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert part in told
    assert "style, era, mood, voice, tempo, key" in told


def test_groups_are_taken_in_one_order(heard, run):
    run("tag", heard, "--tags", " mood, style,mood", "--write")
    assert "add with style, mood in" in run("untag")[1]


# --- reports ---------------------------------------------------------------------------------


def test_reports_tell_what_is_heard(heard, run, tmp_path):
    table, lines, page = (tmp_path / name for name in ("a.csv", "a.jsonl", "a.html"))
    reports = "--csv", table, "--jsonl", lines, "--html", page
    run("tag", heard, "--tags", "mood", *reports)
    with table.open(encoding="utf-8", newline="") as file:
        (row,) = (row for row in csv.DictReader(file) if "jazz.mp3" in row["file"])
    assert row["heard"] == "jazz; blues; mellow; 80s; instrumental"
    assert (row["mood_before"], row["mood_after"], row["grouping_after"]) == ("", "mellow", "")
    told = [json.loads(line) for line in lines.read_text().splitlines()]
    (jazz,) = (one for one in told if "jazz.mp3" in one["file"])
    assert [(tag["name"], tag["group"]) for tag in jazz["autotags"]][2:4] == [
        ("Mellow", "mood"),
        ("80s", "era"),
    ]
    assert jazz["mood_after"] == ["mellow"]
    assert "jazz, blues, mellow, 80s, instrumental" in page.read_text()
    assert "mood: " in page.read_text()


def test_what_is_heard_is_in_the_journal(heard, run, data_dir):
    run("tag", heard)
    with sqlite3.connect(data_dir / FILE_NAME) as journal:
        ((version,),) = journal.execute("SELECT DISTINCT version FROM heard")
    journal.close()
    with Journal() as opened:
        answer = opened.recall(AudioPath.at(str(heard / "metal.mp3")), version)
    assert [tag.name for tag in answer[0].autotags] == TAGS["metal"]
