"""The scores, against scikit-learn and by hand."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from genregenie.evaluation import metrics


def random_predictions(seed: int, n: int = 60, k: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
    return rng.dirichlet(np.ones(k), n), truth


@pytest.mark.slow
@given(seed=st.integers(0, 10_000))
def test_agrees_with_scikit_learn(seed):
    p, y = random_predictions(seed)
    guess = p.argmax(axis=1)
    assert metrics.accuracy(p, y) == pytest.approx(sklearn.metrics.accuracy_score(y, guess))
    assert metrics.top_k(p, y) == pytest.approx(sklearn.metrics.top_k_accuracy_score(y, p, k=3))
    assert metrics.log_loss(p, y) == pytest.approx(sklearn.metrics.log_loss(y, p))
    assert np.array_equal(metrics.confusion(p, y), sklearn.metrics.confusion_matrix(y, guess))
    expected = sklearn.metrics.precision_recall_fscore_support(y, guess, zero_division=0)[:3]
    for ours, theirs in zip(metrics.precision_recall_f1(p, y), expected, strict=True):
        assert ours == pytest.approx(theirs)
    assert metrics.macro_f1(p, y) == pytest.approx(expected[2].mean())


def test_calibration_error_by_hand():
    p = np.array([[0.95, 0.05], [0.95, 0.05], [0.65, 0.35], [0.35, 0.65]])
    y = np.array([0, 1, 0, 0])
    # 0.9-1.0: 2 clips, accuracy 0.5, confidence 0.95; 0.6-0.7: 2 clips, 0.5 against 0.65
    expected = (0.45 + 0.15) / 2
    assert metrics.expected_calibration_error(p, y) == pytest.approx(expected)


def test_being_sure_and_right_is_no_error():
    assert metrics.expected_calibration_error(np.eye(3), np.arange(3)) == 0.0
