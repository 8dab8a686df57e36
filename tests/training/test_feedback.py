"""What feedback weighs, what it does for a model, and that it replaces nothing by itself."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genregenie.accounts import open_accounts
from genregenie.accounts.feedback import Answer
from genregenie.accounts.passwords import HashCost
from genregenie.cli.main import main
from genregenie.common.errors import DataError
from genregenie.datasets.feedback import ONE_PERSON, FeedbackTable, read_feedback
from genregenie.datasets.table import Table
from genregenie.features.statistics import Statistics
from genregenie.features.tangent import as_row, as_rows
from genregenie.model.model import Model
from genregenie.storage.database import sqlite_url
from genregenie.training import compare
from genregenie.training.feedback import Change, Outcome, _clashes, fit, measure
from genregenie.training.improve import improve
from genregenie.training.train import select, train
from tests.training.tables import make_table


def said(*answers: tuple[str, str, str]) -> FeedbackTable:
    """Feedback from (person, track, genre)."""
    person, track, genre = (np.array(column) for column in zip(*answers, strict=True))
    none = np.full(len(answers), "")
    rows = as_rows(
        np.zeros((len(answers), 13)), np.tile(np.eye(13), (len(answers), 1, 1)), [9] * len(answers)
    )
    return FeedbackTable(Table(track, genre, none, none, none, rows), person)


def weights(feedback: FeedbackTable, curated: int = 1000) -> dict[tuple[str, str], float]:
    clips, weight = feedback.clips(curated)
    keys = zip(clips.track.tolist(), clips.genre.tolist(), strict=True)
    return dict(zip(keys, weight.tolist(), strict=True))


def test_a_word_weighs_less_than_a_curated_clip_and_agreement_more_than_a_word():
    assert weights(said(("a", "x", "dub"))) == {("x", "dub"): 0.5}
    both = said(("a", "x", "dub"), ("b", "x", "dub"), ("c", "y", "ska"))
    assert weights(both) == {("x", "dub"): 0.75, ("y", "ska"): 0.5}
    many = said(*((str(i), "x", "dub") for i in range(20)))
    assert 0.99 < weights(many)["x", "dub"] < 1


def test_those_who_disagree_cancel_each_other():
    assert weights(said(("a", "x", "dub"), ("b", "x", "ska"))) == {}
    assert weights(said(("a", "x", "dub"), ("b", "x", "ska"), ("c", "x", "dub"))) == {
        ("x", "dub"): 0.5
    }


def test_who_changes_their_mind_is_heard_once():
    changed = said(("a", "x", "dub"), ("a", "x", "ska"), ("a", "x", "ska"))
    assert weights(changed) == {("x", "ska"): 0.5}


def test_one_person_weighs_only_so_much():
    busy = [("busy", f"b{i}", "dub") for i in range(300)]
    found = weights(said(*busy, ("calm", "c", "ska")), curated=100)
    total = sum(weight for (track, _), weight in found.items() if track != "c")
    assert total == pytest.approx(ONE_PERSON * 100)
    assert found["c", "ska"] == 0.5


# --- what it does for a model ----------------------------------------------------------------


def tables() -> tuple[Table, Table]:
    """A small curated table, and many clips of the same genres by other artists."""
    curated = make_table(clips=12, artists=12, spread=8.0)
    others = make_table(clips=40, artists=10, seed=1, spread=8.0)
    return curated, replace(others, artist=np.char.add("other ", others.artist))


def feedback(table: Table, *, wrong: bool = False) -> FeedbackTable:
    """Each artist's clips labelled by three people, rightly or with the next genre."""
    genre = np.roll(table.genres, 1)[table.labels] if wrong else table.genre
    everybody = [
        FeedbackTable(replace(table, genre=genre), np.char.add(table.artist, f" {i}"))
        for i in range(3)
    ]
    columns = {
        name: np.concatenate([getattr(f.table, name) for f in everybody])
        for name in ("track", "genre", "artist", "title", "fold", "rows")
    }
    return FeedbackTable(Table(**columns), np.concatenate([f.person for f in everybody]))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the curated table."""
    folder = tmp_path_factory.mktemp("models") / "base"
    train(
        tables()[0],
        folder,
        source="a test",
        command="train",
        chosen=select(["logistic_regression"]),
        folds=3,
        seeds=1,
        jobs=1,
    )
    return folder


@pytest.fixture
def model(base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(base, tmp_path / "model"))


def improved(model: Path, given: FeedbackTable, **options: object):
    curated, _ = tables()
    usual = {"source": "a test", "command": "train", "folds": 3, "seeds": 2, "jobs": 1}
    return improve(curated, model, given, **usual | options)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
def test_good_feedback_helps_and_goes_beside_the_model(model):
    before = contents(model)
    curated, others = tables()
    result = improved(model, feedback(others))
    assert result.outcome.verdict == "helped"
    assert result.outcome.accuracy.difference > 0
    assert result.outcome.log_loss.difference < 0
    assert result.outcome.agreement.with_feedback > result.outcome.agreement.without
    assert not result.replaced
    assert result.folder == model.with_name("model-with-feedback")
    assert contents(model) == before
    new = Model.load(result.folder)
    fresh = make_table(seed=7, spread=8.0)
    assert (new.confidences(fresh.rows).argmax(1) == fresh.labels).mean() > 0.5
    assert new.version != Model.load(model).version
    assert new.metadata.feedback.verdict == "helped"
    assert new.catalogue.title.tolist() == curated.title.tolist()
    assert "## Feedback" in (result.folder / "README.md").read_text()


@pytest.mark.slow
def test_it_replaces_the_model_when_that_is_asked_for_and_it_helped(model):
    result = improved(model, feedback(tables()[1]), replace=True)
    assert result.replaced
    assert Model.load(model).metadata.feedback is not None
    assert [path.name for path in model.parent.iterdir()] == ["model"]


@pytest.mark.slow
def test_poisoned_feedback_is_found_out_and_replaces_nothing(model):
    before = contents(model)
    result = improved(model, feedback(tables()[1], wrong=True), replace=True)
    assert result.outcome.verdict == "hurt"
    assert result.outcome.log_loss.low > 0
    assert not result.replaced
    assert contents(model) == before


@pytest.mark.slow
def test_a_person_alone_cannot_do_much(model):
    given = feedback(tables()[1], wrong=True)
    alone = FeedbackTable(given.table, np.full(len(given), "alone"))
    crowd = improved(model, given).outcome
    assert improved(model, alone).outcome.log_loss.difference < 0.2 * crowd.log_loss.difference


def test_feedback_about_a_held_out_clip_is_not_learned_from(model):
    """The very clips that are scored would lift any score; here nothing moves."""
    curated, _ = tables()
    copies = replace(curated, artist=np.full(len(curated), ""))
    only_artist = replace(
        make_table(clips=12, artists=12, seed=5, spread=8.0), artist=curated.artist
    )
    space = Model.load(model).catalogue.space
    assert _clashes(copies, curated, space).diagonal().all()
    assert _clashes(only_artist, curated, space).diagonal().all()
    (candidate,) = select(["logistic_regression"])
    parameters = Model.load(model).metadata.parameters
    own = FeedbackTable(replace(copies, track=curated.track), np.full(len(curated), "fan"))
    outcome = measure(candidate, parameters, curated, own, folds=3, seeds=1, jobs=1)
    cheat = compare.fit(candidate, curated)
    assert (cheat.predict(curated.rows) == curated.labels).mean() > 0.9
    assert outcome.accuracy.with_feedback < 0.9


def test_spellings_of_an_artist_are_one_in_feedback_too(model):
    curated, _ = tables()
    shouted = replace(
        make_table(clips=12, artists=12, seed=5, spread=8.0),
        artist=np.array([f"{a.upper()} feat. Somebody" for a in curated.artist.tolist()]),
    )
    space = Model.load(model).catalogue.space
    assert _clashes(shouted, curated, space).diagonal().all()


@pytest.mark.slow
def test_what_it_was_measured_on_is_said_without_claiming_more(model):
    curated, others = tables()
    usual = {"source": "a test", "command": "train", "folds": 2, "seeds": 1, "jobs": 1}
    said_lines: list[str] = []
    known = improve(curated, model, feedback(others), **usual, say=said_lines.append)
    assert known.outcome.measured.endswith("artists that it had not heard, nor in the feedback")
    assert "the artist known of 120, 30 artists; curated: 36 clips" in said_lines[-1]

    nameless = feedback(others)
    blank = replace(nameless.table, artist=np.full(len(nameless), ""))
    unsaid = improve(curated, model, FeedbackTable(blank, nameless.person), **usual)
    assert "120 of 120 clips of the feedback name no artist" in unsaid.outcome.measured
    assert "nor in the feedback" not in unsaid.outcome.measured
    assert "name no artist" in (unsaid.folder / "README.md").read_text()

    unknown = replace(curated, artist=np.full(len(curated), ""))
    files = improve(unknown, model, feedback(others), **usual)
    assert "nothing is known of the artists of 36 of 36 clips" in files.outcome.measured
    content = json.loads((files.folder / "model.json").read_text())
    assert content["protocol"]["kind"] == "files"
    assert "files apart, which flatters" in content["reason"]
    card = (files.folder / "README.md").read_text()
    assert "artists apart" not in card
    assert "by artists it had not heard" not in card


def test_feedback_of_no_weight_changes_nothing():
    curated, others = tables()
    (candidate,) = select(["soft_vote"])
    alone = compare.fit(candidate, curated)
    with_others = fit(candidate, curated, candidate.pipeline, others, np.full(len(others), 1e-9))
    fresh = make_table(seed=9)
    assert with_others.predict_proba(fresh.rows) == pytest.approx(
        alone.predict_proba(fresh.rows), abs=1e-3
    )


def test_verdicts_say_only_what_is_beyond_doubt():
    def verdict(accuracy: tuple[float, float], log_loss: tuple[float, float]) -> str:
        return Outcome(Change(0.6, 0.6, *accuracy), Change(1, 1, *log_loss), None, None).verdict

    assert verdict((-0.01, 0.02), (-0.02, 0.01)) == "made no clear difference"
    assert verdict((0.01, 0.02), (-0.02, 0.01)) == "helped"
    assert verdict((-0.01, 0.02), (-0.02, -0.01)) == "helped"
    assert verdict((-0.02, -0.01), (-0.02, -0.01)) == "hurt"
    assert verdict((0.01, 0.02), (0.01, 0.02)) == "hurt"


def test_what_does_not_fit_together_is_refused_in_words(model, tmp_path):
    curated, others = tables()
    said_lines: list[str] = []
    with pytest.raises(DataError, match="other genres"):
        improve(make_table(genres=2), model, feedback(others), source="", command="")
    unknown = replace(others, genre=np.full(len(others), "polka"))
    with pytest.raises(DataError, match="no feedback to learn from"):
        improved(model, feedback(unknown), say=said_lines.append)
    assert "name genres that the table does not have" in said_lines[0]
    (knn,) = select(["knn"])
    with pytest.raises(DataError, match="--candidates soft_vote"):
        fit(knn, curated, knn.pipeline, others, np.ones(len(others)))
    model.with_name("model-with-feedback").mkdir()
    (model.with_name("model-with-feedback") / "thesis.txt").write_text("years of work")
    with pytest.raises(DataError, match="not a model"):
        improved(model, feedback(others))


# --- the whole way, from the database --------------------------------------------------------


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with two people and nobody, who agree about two clips and not about a third."""
    folder = tmp_path / "data"
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(folder))
    accounts = open_accounts(sqlite_url(folder), HashCost(memory_kib=16, passes=1))
    ada, bea = (
        accounts.people.sign_up(n, "", "a calm indigo morning")[0].id for n in ("Ada", "Bea")
    )
    rng = np.random.default_rng(0)
    clips = [Statistics.of(rng.normal(size=(300, 13))) for _ in range(3)]
    for person, clip, genre in (
        *((ada, 0, "dub"), (ada, 1, "dub"), (ada, 2, "dub")),
        *((bea, 0, "dub"), (bea, 2, "techno"), (None, 1, "dub")),
    ):
        numbers = clips[clip].to_bytes()
        accounts.feedback.give(person, Answer(genre, "techno", "unsure", "0", "Somebody", numbers))
    accounts.close()
    return folder


def test_feedback_leaves_the_database_as_a_table(database, tmp_path, capsys):
    path = tmp_path / "feedback.npz"
    assert main(["feedback", "export", str(path)]) == 0
    out = capsys.readouterr().out
    assert "6 answers, by 3 people" in out
    assert "the artist is known of 6 answers" in out
    found = read_feedback(path)
    assert found.person.tolist() == ["person 1"] * 3 + ["person 2"] * 2 + ["person 3"]
    assert sorted(found.clips(1000)[1].tolist()) == [0.75, 0.75]
    first = Statistics.of(np.random.default_rng(0).normal(size=(300, 13)))
    assert (found.table.rows[0] == as_row(first)).all()
    assert set(found.table.artist.tolist()) == {"Somebody"}
    for secret in (b"Ada", b"Bea"):
        assert secret not in b"".join(np.load(path)[name].tobytes() for name in np.load(path).files)
    assert main(["feedback", "export", str(path)]) == 1
    assert "exists already" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_trains_with_what_is_in_the_database(database, model, tmp_path, capsys):
    curated, _ = tables()
    table = tmp_path / "curated.npz"
    mean, cov = curated.rows[:, 1:14], [_covariance(row) for row in curated.rows]
    columns = {name: getattr(curated, name) for name in ("track", "genre", "artist", "title")}
    np.savez(table, **columns, mean=mean, cov=cov, count=curated.rows[:, 0])
    usual = [
        "train",
        str(table),
        "--output",
        str(model),
        "--folds",
        "2",
        "--seeds",
        "1",
        "--jobs",
        "1",
    ]
    before = contents(model)
    assert main([*usual, "--with-feedback", "--replace"]) == 1
    out, err = capsys.readouterr()
    assert "6 answers by 3 people about 3 clips, worth 1.5 curated ones" in out
    assert "The feedback made no clear difference." in out
    assert f"GENREGENIE_MODEL={model}-with-feedback" in out
    assert "not replaced" in err
    assert contents(model) == before
    card = json.loads((Path(f"{model}-with-feedback") / "model.json").read_text())
    assert card["trained_on"]["command"] == "genregenie train curated.npz --with-feedback"

    exported = tmp_path / "feedback.npz"
    assert main(["feedback", "export", str(exported)]) == 0
    assert main([*usual, "--with-feedback", str(exported)]) == 0
    assert main([*usual, "--replace"]) == 1
    assert main([*usual, "--with-feedback", str(table)]) == 1
    assert "lacks the column person" in capsys.readouterr().err


def test_nothing_said_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path))
    assert main(["feedback", "export", str(tmp_path / "f.npz")]) == 1
    assert "Nobody has given feedback" in capsys.readouterr().err
    assert not (tmp_path / "f.npz").exists()


def _covariance(row: np.ndarray) -> np.ndarray:
    cov = np.zeros((13, 13))
    cov[np.triu_indices(13)] = row[14:]
    return cov + np.triu(cov, 1).T
