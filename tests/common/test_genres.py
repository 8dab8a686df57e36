"""The one order of confidences: for mappings and for arrays, the same, whatever is in them."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregenie.common.arrays import ranking
from genregenie.common.genres import GENRES, ranked

# Few values, so that there are ties.
SOME = st.lists(st.sampled_from([0.0, 0.05, 0.1, 0.3, 1.0]), min_size=1, max_size=len(GENRES))
ANY = st.lists(st.floats(0, 1), min_size=1, max_size=len(GENRES))


@given(SOME | ANY)
def test_the_highest_comes_first_and_equal_ones_stay_in_the_models_order(
    values: list[float],
) -> None:
    confidences = dict(zip(GENRES, values, strict=False))
    order = ranked(confidences)
    assert dict(order) == confidences
    for (genre, confidence), (after, lower) in pairwise(order):
        assert (-confidence, GENRES.index(genre)) < (-lower, GENRES.index(after))


@pytest.mark.slow
@given(SOME | ANY)
def test_arrays_are_ranked_as_mappings_are(values: list[float]) -> None:
    names = [genre for genre, _ in ranked(dict(zip(GENRES, values, strict=False)))]
    rows = np.array([values, values])
    assert [[GENRES[i] for i in row] for row in ranking(rows).tolist()] == [names, names]
    assert ranking(rows)[0, 0] == rows[0].argmax()
