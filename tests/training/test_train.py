"""Training, from a table and from a folder, to a model that answers."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from genregenie.audio import RATE_HZ
from genregenie.audio.parallel import CRASHED
from genregenie.common.errors import DataError
from genregenie.datasets.folder import read_folder
from genregenie.datasets.table import read_table
from genregenie.evaluation.evaluate import evaluate
from genregenie.evaluation.protocols import GROUPED
from genregenie.inference.classifier import Classifier
from genregenie.model.model import Model
from genregenie.model.scorers import ArrayScorer, PipelineScorer
from genregenie.training import artifacts, compare, estimators
from genregenie.training.candidates import candidates
from genregenie.training.train import select, train
from tests import deaths, sounds
from tests.training.tables import make_table

NAMES = [c.name for c in candidates()]


def trained(folder, table=None, names=("lda",), **more):
    options = {"source": "a test", "command": "genregenie train", "jobs": 1, "seeds": 1}
    table = make_table() if table is None else table
    return train(table, folder, chosen=select(names), folds=3, **options | more)


def test_every_family_is_compared():
    wanted = {"knn", "knn_kl", "logistic_regression", "sgd", "lda", "linear_svm", "rbf_svm"}
    wanted |= {"decision_tree", "bagging", "random_forest", "extra_trees", "mlp", "soft_vote"}
    assert wanted | {"hist_gradient_boosting"} <= set(NAMES)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_candidate_learns_saves_and_loads_without_pickle(name, tmp_path):
    table, fresh = make_table(), make_table(seed=1)
    (candidate,) = select([name])
    fitted = compare.fit(candidate, table)
    expected = fitted.predict_proba(fresh.rows)
    assert expected.sum(axis=1) == pytest.approx(1.0)
    assert (expected.argmax(axis=1) == fresh.labels).mean() > 0.6

    artifacts.dump(fitted, tmp_path / "model.skops")
    loaded = PipelineScorer(tmp_path / "model.skops")
    assert np.exp(loaded.log_confidences(fresh.rows)) == pytest.approx(expected, abs=1e-9)

    arrays = artifacts.as_arrays(fitted)
    quick = {"lda", "kernel_logistic_regression", "soft_vote"}
    assert (arrays is not None) == (name in quick)
    if arrays is not None:
        arrays.save(tmp_path / "arrays.npz")
        confidences = np.exp(ArrayScorer.load(tmp_path / "arrays.npz").log_confidences(fresh.rows))
        confidences /= confidences.sum(axis=1, keepdims=True)
        assert confidences == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ["lda", "kernel_logistic_regression", "soft_vote"])
def test_two_genres_work_too(name):
    table = make_table(genres=2)
    fitted = compare.fit(select([name])[0], table)
    arrays = artifacts.as_arrays(fitted)
    assert arrays is not None
    confidences = np.exp(arrays.log_confidences(table.rows))
    assert confidences == pytest.approx(fitted.predict_proba(table.rows), abs=1e-9)


def test_kl_divergence_is_the_textbook_one():
    table = make_table(clips=3)
    model = estimators.KLNeighbours(1).fit(table.rows, table.labels)
    divergences = model.divergences(table.rows)
    assert divergences.diagonal() == pytest.approx(0, abs=1e-6)
    assert divergences == pytest.approx(divergences.T)
    means, covs, _ = estimators._gaussians(table.rows)

    def kl(a: int, b: int) -> float:
        inverse, d = np.linalg.inv(covs[b]), means[b] - means[a]
        logs = np.linalg.slogdet(covs[b])[1] - np.linalg.slogdet(covs[a])[1]
        return 0.5 * (np.trace(inverse @ covs[a]) + d @ inverse @ d - 13 + logs)

    assert divergences[0, 5] == pytest.approx(kl(0, 5) + kl(5, 0))


@pytest.mark.slow
def test_a_model_folder_holds_everything(tmp_path):
    folder = tmp_path / "model"
    result = trained(folder, names=["lda", "knn"])
    files = {p.name for p in folder.iterdir()}
    assert files >= {"model.json", "model.skops", "catalogue.npz", "map.npz", "README.md"}
    assert "scores.csv" in files
    with (folder / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {(r["candidate"], r["protocol"]) for r in rows} == {
        (c, p) for c in ("lda", "knn") for p in ("grouped", "stratified")
    }
    card = (folder / "README.md").read_text()
    assert f"`{result.winner}`" in card
    assert "artists apart" in card
    assert re.search(r"calibration error 0\.\d+", card)

    table = make_table()
    model = Model.load(folder)
    assert evaluate(model, table).accuracy > 0.9
    assert list(model.catalogue.artist) == table.artist.tolist()


@pytest.mark.slow
def test_two_runs_write_the_same_model(tmp_path):
    for name in ("a", "b"):
        trained(tmp_path / name, names=["soft_vote"])
    a, b = (Model.load(tmp_path / name) for name in ("a", "b"))
    rows = make_table(seed=5).rows
    assert np.array_equal(a.confidences(rows), b.confidences(rows))
    written = {path.name for path in (tmp_path / "a").iterdir()}
    for name in written - {"scores.csv", "model.skops"}:  # with times, and with addresses
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    timeless = [_without_times(tmp_path / name / "scores.csv") for name in ("a", "b")]
    assert timeless[0] == timeless[1]


def _without_times(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        rows = list(csv.DictReader(file))
    return [{k: v for k, v in row.items() if k not in ("fit_s", "predict_ms")} for row in rows]


@pytest.mark.slow
def test_scores_are_of_held_out_artists():
    """With labels that only the artist explains, artists apart must score at chance."""
    rng = np.random.default_rng(0)
    table = make_table(clips=40, artists=20)
    by_artist = {a: rng.integers(0, 3) for a in sorted(set(table.artist.tolist()))}
    genre = np.array([f"g{by_artist[a]}" for a in table.artist.tolist()])
    shuffled = type(table)(table.track, genre, table.artist, table.title, table.fold, table.rows)
    (score,) = compare.compare(select(["lda"]), shuffled, [GROUPED], folds=4, seeds=2, jobs=1)
    assert score.accuracy < 0.5
    assert score.confidences.shape == (2, len(table), 3)
    assert not np.isnan(score.confidences).any()


def test_the_winner_is_the_most_accurate_then_the_most_honest():
    table = make_table()
    scores = compare.compare(
        select(["lda", "decision_tree"]), table, [GROUPED], folds=3, seeds=1, jobs=1
    )
    best, worst = sorted(scores, key=lambda s: -s.accuracy)
    if best.accuracy - worst.accuracy > 0.005:
        assert compare.choose(scores)[0] == best.candidate
    lda = next(s for s in scores if s.candidate == "lda")
    name, reason = compare.choose([lda])
    assert name == "lda"
    assert f"{lda.accuracy:.3f}" in reason


@pytest.mark.slow
def test_nothing_but_a_model_is_ever_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DataError, match="not a model"):
        trained(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    trained(tmp_path / "model")
    trained(tmp_path / "model")  # a model may be
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_too_few_clips_are_refused_in_words(tmp_path):
    with pytest.raises(DataError, match="3 clips"):
        trained(tmp_path / "model", make_table(clips=3, artists=3))


@pytest.mark.slow
def test_candidates_that_need_more_clips_are_left_out(tmp_path):
    said = []
    tiny = make_table(clips=4, artists=4)
    result = trained(tmp_path / "model", tiny, ["knn", "lda", "mlp", "soft_vote"], say=said.append)
    assert any("Left out" in line for line in said) == (len(result.scores) < 8)
    assert Model.load(tmp_path / "model").confidences(tiny.rows).shape == (12, 3)


def test_an_unknown_candidate_is_named():
    with pytest.raises(DataError, match="perceptron"):
        select(["perceptron"])


# --- tables and folders ----------------------------------------------------------------------


def save_table(path, **changes):
    table = make_table(clips=3)
    columns = {
        "track": table.track,
        "genre": table.genre,
        "mean": table.rows[:, 1:14],
        "cov": np.tile(np.eye(13), (len(table), 1, 1)),
    }
    columns |= changes
    np.savez(path, **{k: v for k, v in columns.items() if v is not None})
    return path


def test_a_table_with_only_the_needed_columns(tmp_path):
    table = read_table(save_table(tmp_path / "t.npz"))
    assert len(table) == 9
    assert set(table.artist.tolist()) == {""}
    assert set(table.rows[:, 0].tolist()) == {2993.0}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cov": None}, "lacks the columns cov"),
        ({"mean": np.zeros((9, 12))}, "shape"),
        ({"mean": np.full((9, 13), np.nan)}, "finite"),
        ({"cov": np.random.default_rng(0).normal(size=(9, 13, 13))}, "symmetric"),
        ({"genre": np.array(["dub"] * 8)}, "shape"),
        ({"count": np.zeros(9)}, "count"),
        ({"mean": np.full((9, 13), "x")}, "numbers"),
        ({"genre": np.array([{}] * 9, dtype=object)}, "not a table"),
    ],
)
def test_bad_tables_are_refused_in_words(tmp_path, changes, message):
    with pytest.raises(DataError, match=message):
        read_table(save_table(tmp_path / "t.npz", **changes))


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 broken"])
def test_files_that_are_no_tables(tmp_path, content):
    (tmp_path / "t.npz").write_bytes(content)
    with pytest.raises(DataError):
        read_table(tmp_path / "t.npz")
    with pytest.raises(DataError, match="no table"):
        read_table(tmp_path / "missing.npz")


@pytest.fixture(scope="module")
def music_folder(tmp_path_factory):
    """Two genres that differ, by three artists each, and two files that are no use."""
    folder = tmp_path_factory.mktemp("music")
    rate = 22_050
    for genre in ("chords", "drone"):
        (folder / genre / "album").mkdir(parents=True)
        for i in range(6):
            if genre == "chords":
                sound = sounds.tune(6.0, rate, seed=i)
            else:
                hiss = sounds.noise(6.0, rate, seed=i, level=0.05)
                sound = sounds.tone(6.0, rate, hz=100.0 + 10 * i, level=0.2) + hiss
            tags = {"artist": f"{genre} artist {i % 3}", "title": f"{genre} {i}"}
            data = sounds.encode(sound, rate, "flac", "flac", tags=tags)
            (folder / genre / "album" / f"{i}.flac").write_bytes(data)
    (folder / "chords" / "broken.mp3").write_bytes(b"not music at all")
    (folder / "chords" / "notes.txt").write_text("not even audio by name")
    return folder


@pytest.mark.slow
def test_a_folder_becomes_a_model_that_tells_its_genres_apart(music_folder, tmp_path):
    seen = []
    table, skipped = read_folder(
        music_folder, jobs=1, progress=lambda done, total, name: seen.append((done, total))
    )
    assert [Path(s.path).name for s in skipped] == ["broken.mp3"]
    assert seen == [(i, 13) for i in range(1, 14)]
    assert table.genres == ("chords", "drone")
    assert set(table.artist.tolist()) == {f"{g} artist {i}" for g in table.genres for i in range(3)}

    trained(tmp_path / "own", table, ["lda", "soft_vote"])
    classifier = Classifier.load(tmp_path / "own")
    assert classifier.model.genres == ("chords", "drone")
    new = sounds.encode(sounds.tune(5.0, RATE_HZ, seed=99), RATE_HZ)
    prediction = classifier.predict(new)
    assert max(prediction.confidences, key=prediction.confidences.get) == "chords"


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_ends_its_process_is_skipped(tmp_path, monkeypatch, jobs):
    deaths.make_deadly(monkeypatch)
    for genre, how in (("one", "segfault"), ("two", "kill")):
        folder = tmp_path / genre
        folder.mkdir()
        for name in ("a", "c"):
            (folder / f"{name}.wav").write_bytes(deaths.clip())
        (folder / "b.wav").write_bytes(deaths.clip(how))
    table, skipped = read_folder(tmp_path, jobs=jobs)
    assert [s.path for s in skipped] == [str(tmp_path / g / "b.wav") for g in ("one", "two")]
    assert {s.reason for s in skipped} == {CRASHED}
    assert table.genre.tolist() == ["one", "one", "two", "two"]
    assert table.title.tolist() == ["a", "c", "a", "c"]


def test_a_folder_without_two_genres(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.wav").write_bytes(sounds.encode(sounds.tune(2.0)))
    with pytest.raises(DataError, match="two genres"):
        read_folder(tmp_path, jobs=1)
    with pytest.raises(DataError, match="no folder"):
        read_folder(tmp_path / "missing", jobs=1)


def test_the_committed_model_is_what_its_card_says():
    """Its JSON and its table of scores agree, and its promises are kept."""
    from genregenie.common import resources

    folder = resources.models() / "gtzan"
    description = json.loads((folder / "model.json").read_text())
    with (folder / "scores.csv").open() as file:
        rows = [r for r in csv.DictReader(file) if r["protocol"] == "grouped"]
    best = max(float(r["accuracy"]) for r in rows)
    winner = next(r for r in rows if r["candidate"] == description["winner"])
    assert float(winner["accuracy"]) >= best - 0.005
    assert float(winner["accuracy"]) > 0.58
    assert description["held_out"]["ece"] <= 0.05
    assert description["held_out"]["music_turned_away"] <= 0.02
    assert description["held_out"]["confident_accuracy"] >= 0.78
