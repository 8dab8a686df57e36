"""What is known beside timbre: learnt, weighed, and left out where it is not known."""

from dataclasses import replace

import numpy as np
import pytest

from genregenie.evaluation import metrics
from genregenie.evaluation.protocols import GROUPED
from genregenie.model.blend import HEADS_NPZ
from genregenie.model.model import Model
from genregenie.training import artifacts, compare, parts
from genregenie.training.train import select, train
from genregenie.training.weighing import fit_weights
from tests.training.tables import make_table


def richer(table, *, informed: float = 1.0, unknown: int = 0, seed: int = 0):
    """The table with autotags and movement that tell genres apart the more, the more `informed`."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(len(table.genres), 114))
    values = informed * centres[table.labels] + rng.normal(size=(len(table), 114))
    autotags = 1 / (1 + np.exp(-values[:, :50]))
    autotags[:unknown] = np.nan
    return replace(table, autotags=autotags, temporal=values[:, 50:])


def trained(folder, table):
    return train(
        table,
        folder,
        source="a test",
        command="genregenie train",
        chosen=select(["lda"]),
        folds=3,
        seeds=1,
        jobs=1,
    )


@pytest.fixture(scope="module")
def table():
    return richer(make_table(spread=6.0), unknown=4)


@pytest.fixture(scope="module")
def folder(table, tmp_path_factory):
    """A model of all parts."""
    made = tmp_path_factory.mktemp("parts") / "model"
    trained(made, table)
    return made


@pytest.mark.slow
def test_a_model_of_all_parts_answers_with_whatever_is_known(table, folder):
    model = Model.load(folder)
    assert [h.parts for h in model.metadata.hearings] == list(parts.SHIPPED)
    assert all(sum(h.weights.values()) > 0 for h in model.metadata.hearings)
    best, *_, timbre = model.metadata.hearings
    assert best.accuracy > timbre.accuracy, "what is known beside timbre helps"
    assert best.clips == len(table) - 4

    fresh = richer(make_table(spread=6.0, seed=1), seed=1)
    told = [
        metrics.accuracy(confidences, fresh.labels)
        for confidences in (
            model.confidences(fresh.rows),
            model.confidences(fresh.rows, temporal=fresh.temporal),
            model.confidences(fresh.rows, fresh.autotags, fresh.temporal),
        )
    ]
    assert told[0] < told[1] <= told[2] + 0.03

    rows = (folder / artifacts.PARTS_CSV).read_text().splitlines()
    assert any(row.startswith("timbre+temporal+autotags,grouped") for row in rows)
    assert any("side by side" in row for row in rows)
    card = (folder / "README.md").read_text()
    assert "What each part adds" in card
    assert "timbre + movement in time + autotags" in card


@pytest.mark.slow
def test_two_trainings_write_the_same(table, folder, tmp_path):
    trained(tmp_path / "again", table)
    for file in (HEADS_NPZ, "model.json"):
        assert (folder / file).read_bytes() == (tmp_path / "again" / file).read_bytes(), file


@pytest.mark.slow
def test_a_table_of_timbre_alone_makes_a_model_of_timbre_alone(tmp_path):
    trained(tmp_path / "model", make_table())
    model = Model.load(tmp_path / "model")
    assert model.metadata.hearings == ()
    assert not (tmp_path / "model" / HEADS_NPZ).exists()
    assert model.answers(make_table().rows).hearings[0].parts == ("timbre",)


def test_a_part_known_of_too_few_is_left_out():
    table = richer(make_table(), unknown=30)  # all of the first genre, and some
    assert not parts._enough(table, parts.known(table, "autotags"))
    assert parts._enough(table, parts.known(table, "temporal"))


def test_weights_go_to_what_is_right():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 200)
    right = np.log(np.full((1, 200, 3), 0.1))
    right[0, np.arange(200), labels] = np.log(0.8)
    noise = np.log(rng.dirichlet(np.ones(3), size=(1, 200)))
    weights = fit_weights({"timbre": noise, "autotags": right}, labels)
    assert weights["autotags"] > 1
    assert weights["timbre"] < 0.2


@pytest.mark.parametrize("name", [c.name for c in parts.candidates()])
@pytest.mark.parametrize("genres", [2, 3])
def test_every_candidate_becomes_arrays(name, genres):
    table = parts.of_part(richer(make_table(genres=genres)), "autotags")
    candidate = next(c for c in parts.candidates() if c.name == name)
    fitted = compare.fit(candidate, table)
    head = artifacts.as_head(fitted)
    confidences = np.exp(head.log_confidences(table.rows))
    assert confidences == pytest.approx(fitted.predict_proba(table.rows), abs=1e-9)


@pytest.mark.slow
def test_figures_are_of_clips_whose_artists_were_unknown():
    """A part that only knows artists by heart is worth nothing, and is given no weight."""
    table = make_table(spread=8.0)
    artists = np.unique(table.artist, return_inverse=True)[1]
    codes = np.random.default_rng(5).normal(size=(artists.max() + 1, 50)) * 4
    table = replace(table, autotags=1 / (1 + np.exp(-codes[artists])))
    (lda,) = select(["lda"])
    timbre = compare.compare([lda], table, [GROUPED], folds=3, seeds=1, jobs=1)
    learnt = parts.learn(table, timbre, 1.0, folds=3, seeds=1, jobs=1, say=lambda line: None)
    scores = {s.parts: s.hearing for s in learnt.table}
    assert scores["autotags"].accuracy < 0.6
    assert scores["timbre+autotags"].weights["autotags"] < 0.5
