"""``genregenie evaluate``."""

import json

import numpy as np
import pytest

from genregenie.common.genres import GENRES


def test_evaluate_scores_a_table(here, gtzan):
    done = here("evaluate", gtzan / "mfcc_statistics.npz", "--json")
    assert done.returncode == 0
    scores = json.loads(done.stdout)
    assert scores.keys() == {
        *("n", "accuracy", "macro_f1", "top3", "ece", "per_genre", "confusion"),
    }
    assert scores["n"] == 709 == np.sum(scores["confusion"])
    assert scores["accuracy"] == pytest.approx(np.trace(scores["confusion"]) / 709)
    assert scores["accuracy"] > 0.9  # the clips it was trained on
    assert set(scores["per_genre"]) == set(GENRES)
    text = here("evaluate", gtzan / "mfcc_statistics.npz").stdout
    assert f"accuracy {scores['accuracy']:.3f}" in text


def test_evaluate_refuses_what_it_does_not_know(here, tmp_path):
    path = tmp_path / "t.npz"
    columns = {"track": ["a"], "genre": ["polka"], "mean": np.zeros((1, 13))}
    np.savez(path, **columns, cov=np.eye(13)[None])
    done = here("evaluate", path)
    assert done.returncode == 1
    assert "polka" in done.stderr
