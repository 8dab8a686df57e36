"""Tempo and key are learnt from examples, artists apart."""

import numpy as np
import pytest

from genregenie.features.key import KEYS, PAIRS
from genregenie.features.pulse import EVIDENCE_WIDTH, TEMPI
from genregenie.features.tempo import best
from genregenie.training.tempo_key import LENGTHS, Examples, Task, fit_key, fit_tempo, sure_from
from tests.training.tables import make_table


class Remembers:
    """A model of nothing that knows what it was taught, and how sure it is."""

    def __init__(self, features: np.ndarray, target: np.ndarray, penalty: float) -> None:
        self.taught, self.targets, self.penalty = features, target, penalty

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        assert not np.isin(features, self.taught).any()
        right = 0.9 if self.penalty == 2.0 else 0.5
        return np.tile([right, 1 - right], (*features.shape[:-1], 1))


def marked() -> Examples:
    """Clips that show who they are by, and into how many parts they are cut."""
    table = make_table()
    artists = np.unique(table.artist, return_inverse=True)[1]
    return Examples(
        table,
        np.tile([1.0, 0.0], (len(table), 1)),
        {n: np.repeat(artists * 10 + n, n).reshape(-1, n, 1).astype(np.float32) for n in LENGTHS},
    )


def test_whoever_is_scored_was_not_learnt_from():
    said = Task(Remembers, (1.0, 2.0), taught=LENGTHS).held_out(marked())
    assert {n: s.shape for n, s in said.items()} == {n: (72, n, 2) for n in LENGTHS}


def test_the_penalty_is_what_serves_held_out_artists():
    assert Task(Remembers, (1.0, 2.0, 3.0), taught=(1,)).learn(marked()).penalty == 2.0


@pytest.mark.parametrize(("taught", "count"), [((1,), 1), ((1, 2), 3), ((1, 2, 4), 7)])
def test_clips_teach_as_a_whole_and_in_parts(taught, count):
    model = Task(Remembers, (1.0,), taught=taught).learn(marked())
    assert model.taught.shape == (72 * count, 1)
    assert model.targets.shape == (72 * count, 2)
    assert set(model.taught.ravel() % 10) == set(taught)


def test_a_key_is_learnt_for_all_tonics_from_some():
    rng = np.random.default_rng(0)
    above = rng.normal(size=(2, PAIRS))

    def pieces(keys: np.ndarray) -> np.ndarray:
        evidence = 0.7 * rng.normal(size=(len(keys), 12, PAIRS))
        evidence[np.arange(len(keys)), keys % 12] += above[keys // 12]
        return evidence.astype(np.float32)

    white = np.flatnonzero([len(name.split()[0]) == 1 for name in KEYS])
    black = np.setdiff1d(np.arange(24), white)
    keys = rng.choice(white, 200)
    model = fit_key(pieces(keys), np.eye(24)[keys], penalty=1e-2)
    unheard = rng.choice(black, 100)
    assert (model.probabilities(pieces(unheard)).argmax(axis=1) == unheard).mean() > 0.95
    assert model.sure == 1.0


def test_a_tempo_is_learnt():
    rng = np.random.default_rng(0)

    def pieces(places: np.ndarray) -> np.ndarray:
        evidence = rng.normal(size=(len(places), len(TEMPI), EVIDENCE_WIDTH))
        # high where both are; a line sees either
        evidence[np.arange(len(places)), places, :2] += 4.0
        evidence[np.arange(len(places)), (places + 40) % len(TEMPI), 0] += 4.0
        return evidence.astype(np.float32)

    places = rng.integers(0, len(TEMPI), 150)
    model = fit_tempo(pieces(places), np.eye(len(TEMPI))[places], penalty=5e-3)
    unheard = rng.integers(0, len(TEMPI), 100)
    found, confidence = best(model.probabilities(pieces(unheard)))
    assert (found == unheard).mean() > 0.9
    assert confidence[found == unheard].mean() > 0.6
    assert model.sure == 1.0


def test_sure_is_from_where_four_in_five_are_right():
    confidence = np.linspace(0.99, 0.0, 100)
    right = np.ones(100, bool)
    right[40::2] = False  # from the 41st on every other is wrong
    sure = sure_from(confidence, right)
    shown = confidence >= sure
    assert right[shown].mean() >= 0.8
    assert right[confidence >= sure - 0.02].mean() < 0.81
    assert 60 <= shown.sum() <= 70


def test_nothing_is_sure_if_too_little_is_right():
    assert sure_from(np.array([0.9, 0.8, 0.7]), np.array([False, True, True])) == 1.0
    assert sure_from(np.array([0.3, 0.9]), np.array([True, True])) == 0.3
