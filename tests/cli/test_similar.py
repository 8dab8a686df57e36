"""``genregenie index`` and ``genregenie similar`` on one's own files."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import genregenie
from genregenie.autotag.qualities import WORDS, Change
from genregenie.autotag.vocabulary import probabilities_of
from genregenie.cli.main import main
from tests.tagging.conftest import EXAMPLES


@pytest.fixture
def indexed(tmp_path, run) -> Path:
    music = tmp_path / "music"
    (music / "deep/er").mkdir(parents=True)
    for name in ("jazz", "metal", "classical"):
        shutil.copy(EXAMPLES / f"{name}.mp3", music / "deep")
    shutil.copy(EXAMPLES / "jazz.mp3", music / "deep/er/same.mp3")
    assert run("index", music, "--jobs", "1")[0] == 0
    return music


@pytest.mark.slow
def test_neighbours_in_ones_own_library_without_the_file_itself(indexed, run):
    file = indexed / "deep/jazz.mp3"
    status, out, _ = run("similar", file)
    assert status == 0
    first, path, *_ = out.splitlines()
    assert first.startswith("100% alike")
    assert path.strip() == str(indexed / "deep/er/same.mp3")
    assert str(file) not in out
    assert len(out.splitlines()) == 6

    status, out, _ = run("similar", file, "--json", "--count", "2")
    rows = json.loads(out)
    assert rows[0]["path"] == str(indexed / "deep/er/same.mp3")
    assert len(rows) == 2
    assert rows[0].keys() == {"path", "artist", "title", "genre", "alike"}


@pytest.mark.slow
def test_a_file_from_elsewhere_needs_the_index_named(indexed, run, monkeypatch):
    status, _, err = run("similar", EXAMPLES / "jazz.mp3")
    assert status == 1
    assert "genregenie index FOLDER" in err
    index = indexed / "genregenie-index"
    assert run("similar", EXAMPLES / "jazz.mp3", "--index", index)[0] == 0
    monkeypatch.setenv("GENREGENIE_INDEX", str(index))
    assert run("similar", EXAMPLES / "jazz.mp3")[0] == 0


@pytest.mark.slow
def test_what_is_wrong_is_said(indexed, run):
    assert "There is no file with this name." in run("similar", indexed / "gone.mp3")[2]
    (indexed / "genregenie-index/vectors.npy").write_bytes(b"?")
    status, _, err = run("similar", indexed / "deep/jazz.mp3")
    assert status == 1
    assert "genregenie index" in err


@pytest.mark.slow
def test_like_a_file_but(indexed, run, monkeypatch):
    monkeypatch.setenv("GENREGENIE_HEARING", "all")  # and what --fast sets goes with it
    files = sorted(str(file) for file in indexed.rglob("*.mp3"))
    tags = {file: probabilities_of(genregenie.classify(file).autotags) for file in files}
    clip, index = str(indexed / "deep/metal.mp3"), indexed / "genregenie-index"
    for word in ("calmer", "livelier", "older", "more electronic"):
        gains = Change.of([word], tags[clip]).gains(np.array(list(tags.values())))
        more = {file for file, gain in zip(files, gains, strict=True) if gain > 0}
        status, out, err = run("similar", clip, "--but", word, "--json")
        assert status == 0
        assert {row["path"] for row in json.loads(out)} == more
        assert (f"Nothing is like it and clearly {word}." in err) == (not more)
        _, out, err = run("recommend", clip, "--offline", "--index", index, "--but", word, "--json")
        assert {row["path"] for row in json.loads(out)["neighbours"]} <= more
        assert (f"Nothing is like it and clearly {word}." in err) == (not more)

    status, _, err = run("similar", clip, "--but", "calmer", "--fast")
    assert status == 1
    assert "which has not heard this clip" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("louder", "'louder' is not among calmer"),
        ("older,newer", "older and newer are opposites"),
        (" , ", "No word is given"),
    ],
)
def test_words_for_but_that_mean_nothing(capsys, words, said):
    with pytest.raises(SystemExit) as ended:
        main(["similar", "song.mp3", "--but", words])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_help_names_all_words_for_but(capsys):
    with pytest.raises(SystemExit):
        main(["similar", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert ", ".join(word.replace(" ", "-") for word in WORDS) in told


@pytest.mark.slow
@pytest.mark.parametrize("command", [("similar",), ("recommend", "--offline")])
def test_an_old_index_is_made_anew_on_its_first_use(indexed, run, command):
    index = indexed / "genregenie-index"
    header = json.loads((index / "library.json").read_text())
    (index / "library.json").write_text(json.dumps(header | {"model": "another"}))
    asking = (*command, indexed / "deep/jazz.mp3", "--index", index, "--json")
    status, first, err = run(*asking)
    assert status == 0
    assert "Its 4 files are listened to again." in err
    again = run(*asking)
    assert (again[0], again[1]) == (0, first)
    assert "listened to again" not in again[2]
