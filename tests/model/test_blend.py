"""Parts of a sound, blended: what is known counts, what is not is left out."""

from dataclasses import replace

import numpy as np
import pytest

from genregenie.inference.classifier import Classifier
from genregenie.model.blend import Blended, Head, load_heads, pooled, save_heads
from genregenie.model.metadata import Hearing
from genregenie.model.scorers import Kernel, Linear, tempered

FIGURES = dict.fromkeys(
    (
        *("confident", "clips", "accuracy", "accuracy_sd", "macro_f1", "top3", "log_loss", "ece"),
        *("confident_accuracy", "confident_share"),
    ),
    0.5,
)
ALL = Hearing({"timbre": 0.5, "autotags": 1.0}, **FIGURES)
ALONE = Hearing({"timbre": 0.8}, **FIGURES)


@pytest.fixture
def model():
    return Classifier.load().model


def test_each_clip_is_judged_by_what_is_known_of_it():
    rng = np.random.default_rng(0)
    timbre, tags = rng.normal(size=(2, 4, 10))
    tags[1] = tags[3] = np.nan
    found = Blended.of((ALL, ALONE), {"timbre": timbre, "autotags": tags})
    assert found.hearings == (ALL, ALONE, ALL, ALONE)
    assert found.confidences.sum(axis=1) == pytest.approx(np.ones(4))
    assert found.confidences[0] == pytest.approx(tempered(0.5 * timbre[0] + tags[0], 1.0))
    assert found.confidences[1] == pytest.approx(tempered(0.8 * timbre[1], 1.0))
    without = Blended.of((ALL, ALONE), {"timbre": timbre})
    assert without.hearings == (ALONE,) * 4


def test_a_part_of_no_weight_changes_nothing():
    logs = np.random.default_rng(1).normal(size=(2, 3, 10))
    deaf = replace(ALL, weights={"timbre": 1.0, "autotags": 0.0})
    alone = replace(ALONE, weights={"timbre": 1.0})
    both = pooled(deaf.weights, {"timbre": logs[0], "autotags": logs[1]})
    assert both == pytest.approx(pooled(alone.weights, {"timbre": logs[0]}))


def test_heads_come_back_as_they_were_written(tmp_path):
    rng = np.random.default_rng(2)
    heads = {
        "temporal": Head(
            rng.normal(size=64),
            rng.uniform(1, 2, 64),
            Kernel(rng.normal(size=(7, 64)), rng.normal(size=(7, 10)), rng.normal(size=10), 0.01),
        ),
        "autotags": Head(
            rng.normal(size=50),
            rng.uniform(1, 2, 50),
            Linear(rng.normal(size=(50, 10)), rng.normal(size=10)),
        ),
    }
    save_heads(tmp_path / "heads.npz", heads)
    again = load_heads(tmp_path / "heads.npz")
    assert again.keys() == heads.keys()
    for part, width in (("temporal", 64), ("autotags", 50)):
        values = rng.normal(size=(5, width))
        assert (again[part].log_confidences(values) == heads[part].log_confidences(values)).all()
    assert load_heads(tmp_path / "none.npz") == {}


def test_the_shipped_model_answers_with_and_without_each_part(model):
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(3, 105)) * 0.1
    rows[:, 0] = 3_000
    rows[:, 14:] = 0
    for i, place in enumerate(np.cumsum([14, *range(13, 1, -1)])):
        rows[:, place] = 50.0 / (i + 1)
    autotags = rng.uniform(0, 0.3, (3, 50))
    temporal = rng.normal(size=(3, 64)) + 5
    autotags[1], temporal[2] = np.nan, np.nan
    answers = model.answers(rows, autotags, temporal)
    assert [h.parts for h in answers.hearings] == [
        ("timbre", "temporal", "autotags"),
        ("timbre", "temporal"),
        ("timbre", "autotags"),
    ]
    assert answers.confidences.sum(axis=1) == pytest.approx(np.ones(3))
    alone = model.answers(rows)
    assert {h.parts for h in alone.hearings} == {("timbre",)}
    assert alone.confidences == pytest.approx(model.confidences(rows))
    assert (answers.confidences != alone.confidences).all()


def test_arrays_say_what_the_pipelines_say(model):
    """heads.npz is what the application loads; the .skops files beside it are the same models."""
    from skops.io import load

    from genregenie.common import resources
    from genregenie.model.scorers import TRUSTED_TYPES

    rng = np.random.default_rng(4)
    for part, head in model.heads.items():
        pipeline = load(resources.models() / "gtzan" / f"{part}.skops", trusted=TRUSTED_TYPES)
        values = head.centre + head.scale * rng.normal(size=(20, len(head.centre)))
        expected = np.log(np.maximum(pipeline.predict_proba(values), 1e-12))
        assert head.log_confidences(values) == pytest.approx(expected, abs=1e-9)
