"""What the models of tempo and key have in common."""

import numpy as np
import pytest

from genregenie.features.softmax import SoftmaxModel, softmax


def test_probabilities_sum_to_one_however_large_the_scores():
    scores = np.array([[0.0, np.log(3.0)], [1e4, -1e4], [-1e4, -1e4]])
    assert softmax(scores) == pytest.approx(np.array([[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]]))


def test_evidence_is_standardised_feature_by_feature():
    model = SoftmaxModel(np.array([1.0, -2.0]), np.array([2.0, 0.5]), 0.8)
    found = model.standardised(np.array([[1.0, -2.0], [3.0, -1.0]]))
    assert found.tolist() == [[0.0, 0.0], [1.0, 2.0]]


def test_a_file_holds_single_precision(tmp_path):
    SoftmaxModel(np.array([0.1]), np.array([2.0]), 0.49).save(tmp_path / "model.npz")
    again = SoftmaxModel.load(tmp_path / "model.npz")
    assert again.mean.tolist() == [np.float32(0.1)]
    assert isinstance(again.sure, float)
    assert again.sure == pytest.approx(0.49)
