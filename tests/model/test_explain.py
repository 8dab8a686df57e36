"""What spoke for a genre follows from the model."""

from dataclasses import replace

import numpy as np
import pytest

from genregenie.features.tangent import VECTOR_WIDTH, as_rows
from genregenie.inference.classifier import Classifier
from genregenie.model.explain import TRAITS, Reason, reasons
from genregenie.model.model import Model
from genregenie.model.scorers import Linear
from genregenie.web.views import sentences
from tests import sounds


def a_row(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    frames = 3 * rng.normal(size=(400, 13)) + 10 * rng.normal(size=13)
    return as_rows(frames.mean(axis=0)[None], np.cov(frames.T)[None], [400])[0]


def told(model: Model, row: np.ndarray, autotags=None, temporal=None) -> tuple[Reason, ...]:
    """Reasons for a clip of which timbre is known, and perhaps more."""
    temporal = np.full(64, np.nan) if temporal is None else temporal
    answers = model.answers(row[None], None if autotags is None else autotags[None], temporal[None])
    return reasons(model, answers, temporal, autotags)


def test_the_parts_are_the_whole_vector_once():
    assert sorted(np.concatenate(list(TRAITS.values())).tolist()) == list(range(VECTOR_WIDTH))


@pytest.mark.parametrize("seed", range(5))
def test_the_parts_of_a_linear_model_add_up_to_its_odds(seed):
    model = Classifier.load().model
    scorer = model.scorer
    k = len(model.genres)
    rng = np.random.default_rng(seed)
    linear = Linear(0.01 * rng.normal(size=(VECTOR_WIDTH, k)), np.zeros(k))
    plain = replace(model, scorer=replace(scorer, kernel=None, linear=linear))
    row = a_row(seed)
    found = told(plain, row)
    confidences = np.sort(plain.confidences(row[None])[0])
    odds = np.log(confidences[-1]) - np.log(confidences[-2])
    assert sum(r.log_odds for r in found) == pytest.approx(odds, abs=1e-6)


def test_a_part_that_the_model_ignores_speaks_for_nothing():
    model = Classifier.load().model
    k = len(model.genres)
    coefficients = np.zeros((VECTOR_WIDTH, k))
    coefficients[TRAITS["colour"]] = np.random.default_rng(0).normal(size=(11, k))
    linear = Linear(coefficients, np.zeros(k))
    plain = replace(model, scorer=replace(model.scorer, kernel=None, linear=linear))
    found = {r.part: r.log_odds for r in told(plain, a_row(1))}
    assert found.pop("colour") > 0
    assert list(found.values()) == pytest.approx([0.0] * 4)


def test_a_clip_is_told_what_spoke_for_it():
    prediction = Classifier.load().predict(sounds.encode(sounds.tune(6.0)))
    assert {r.part for r in prediction.reasons} == {*TRAITS, "rhythm", "style"}
    sentence = sentences.reasons_sentence(prediction)
    assert sentence == "" if prediction.genre is None else sentence.endswith(".")


def test_what_is_heard_beside_timbre_speaks_too():
    """Style speaks for what the tags of a head say, against how they are in the mean."""
    model = Classifier.load().model
    head = model.heads["autotags"]
    rng = np.random.default_rng(2)
    autotags = np.clip(head.centre + head.scale * rng.normal(size=50), 0, 1)
    found = {r.part: r.log_odds for r in told(model, a_row(2), autotags)}
    assert set(found) == {*TRAITS, "style"}
    ordinary = {r.part: r.log_odds for r in told(model, a_row(2), head.centre)}
    assert ordinary["style"] == pytest.approx(0.0, abs=1e-9)
    assert found["style"] != 0.0


def test_a_model_that_is_no_arrays_gives_no_reasons():
    class Opaque:
        def log_confidences(self, rows):
            return np.zeros((len(rows), 10))

    model = replace(Classifier.load().model, scorer=Opaque())
    assert told(model, a_row(0)) == ()
