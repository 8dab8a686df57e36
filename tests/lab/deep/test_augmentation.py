"""Hiding and mixing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genregenie.lab.deep.augmentation import AUGMENTATIONS, augmented


@settings(max_examples=30)
@given(st.sampled_from(list(AUGMENTATIONS)), st.integers(0, 10_000))
def test_shapes_stay_and_labels_stay_shares(how, seed):
    rng = np.random.default_rng(seed)
    inputs = {
        "image": rng.normal(size=(9, 20, 12)).astype(np.float32),
        "sequence": rng.normal(size=(9, 12, 7)).astype(np.float32),
        "embedding": rng.normal(size=(9, 5)).astype(np.float32),
    }
    before = {name: values.copy() for name, values in inputs.items()}
    labels = np.eye(3, dtype=np.float32)[rng.integers(0, 3, 9)]
    found, truth = augmented(inputs, labels, how, rng)
    assert {n: v.shape for n, v in found.items()} == {n: v.shape for n, v in inputs.items()}
    assert all(values.dtype == np.float32 for values in found.values())
    np.testing.assert_allclose(truth.sum(axis=1), 1.0, atol=1e-6)
    for name, values in inputs.items():  # what is kept in memory is not touched
        np.testing.assert_array_equal(values, before[name])


def test_masking_hides_a_run_of_bands_and_of_time():
    rng = np.random.default_rng(1)
    image = rng.normal(size=(40, 30, 50)).astype(np.float32)
    found, _ = augmented({"image": image}, np.eye(40, dtype=np.float32), "masking", rng)
    changed = found["image"] != image
    bands, times = changed.all(axis=2), changed.all(axis=1)
    assert 0 < bands.sum(axis=1).max() <= 4
    assert 0 < times.sum(axis=1).max() <= 10
    for rows in (bands, times):
        for row in rows:
            hidden = np.flatnonzero(row)
            assert len(hidden) == 0 or len(hidden) == hidden[-1] - hidden[0] + 1


def test_mixing_mixes_clip_and_label_alike():
    inputs = {"embedding": np.eye(6, dtype=np.float32)}
    labels = np.eye(6, dtype=np.float32)
    found, truth = augmented(inputs, labels, "mixing", np.random.default_rng(0))
    np.testing.assert_allclose(found["embedding"], truth, atol=1e-6)
    assert (truth.max(axis=1) < 1).any()


@pytest.mark.parametrize("how", AUGMENTATIONS)
def test_equal_seeds_hide_the_same(how):
    image = {"image": np.random.default_rng(2).normal(size=(5, 8, 9)).astype(np.float32)}
    labels = np.eye(5, dtype=np.float32)
    one, two = (augmented(image, labels, how, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one[0]["image"], two[0]["image"])
    np.testing.assert_array_equal(one[1], two[1])
