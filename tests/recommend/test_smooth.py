"""An order in which each song is near the one before."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregenie.features.key import KEYS
from genregenie.model.likeness import unit
from genregenie.recommend.smooth import smoothed, steps, total


def lengths(seed: int, count: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    tempi = [None if t < 80 else t for t in rng.uniform(50, 180, count).tolist()]
    keys = [None if k == 24 else KEYS[k] for k in rng.integers(25, size=count)]
    return steps(tempi, keys, unit(rng.normal(size=(count, 8))))


def key_step(one: str, other: str) -> float:
    """In fifths; the other two parts are the same for all."""
    same = np.ones((2, 1), dtype=np.float32)
    return round(3 * 7 * float(steps([100, 100], [one, other], same)[0, 1]))


@pytest.mark.parametrize(
    ("one", "other", "fifths"),
    [
        ("C major", "G major", 1),
        ("C major", "F major", 1),
        ("C major", "A minor", 1),
        ("A minor", "E minor", 1),
        ("C major", "E minor", 2),
        ("C major", "C minor", 4),
        ("C major", "F# major", 6),
        ("C major", "Eb minor", 7),
        ("Bb minor", "Bb minor", 0),
        ("Db major", "Bb minor", 1),
    ],
)
def test_keys_lie_on_the_circle_of_fifths(one, other, fifths):
    assert key_step(one, other) == key_step(other, one) == fifths


def test_tempi_lie_apart_by_octaves():
    same = np.ones((4, 1), dtype=np.float32)
    length = steps([60, 120, 240, 60 * 2**0.5], [None] * 4, same)
    assert 3 * length[0] == pytest.approx([0, 1, 1, 0.5])


def test_what_is_not_known_counts_as_the_others_do():
    same = np.ones((3, 1), dtype=np.float32)
    length = steps([100, 200, None], ["C major", "C major", None], same)
    assert 3 * length[2] == pytest.approx([1, 1, 0])
    assert not steps([None, None], [None, None], same[:2]).any()


@given(st.integers(0, 2**32 - 1), st.integers(0, 40))
def test_smooth_is_an_order_of_the_same_songs_and_never_longer(seed, count):
    length = lengths(seed, count)
    assert np.array_equal(length, length.T)
    assert ((length >= 0) & (length <= 1)).all()
    order = smoothed(length)
    assert sorted(order) == list(range(count))
    assert order[:1] == list(range(count))[:1]
    assert total(length, order) <= total(length, range(count))
    assert smoothed(length) == order


@given(st.integers(0, 2**32 - 1))
def test_a_short_way_is_nearly_the_shortest(seed):
    length = lengths(seed, 7)
    shortest = min(total(length, (0, *rest)) for rest in permutations(range(1, 7)))
    assert total(length, smoothed(length)) <= 1.15 * shortest


def test_songs_on_a_line_come_in_its_order():
    at = np.random.default_rng(0).permutation(60)
    at = np.r_[0, at[at > 0]]
    length = np.abs(at[:, None] - at).astype(float)
    assert [int(at[i]) for i in smoothed(length)] == list(range(60))
