"""Tables of statistics, with what else may be known of a clip."""

import numpy as np
import pytest

from genregenie.common.errors import DataError
from genregenie.datasets.table import as_table


def columns(n: int = 4, **more):
    return {
        "track": np.array([f"t{i}" for i in range(n)]),
        "genre": np.array(["jazz", "rock"] * (n // 2)),
        "mean": np.zeros((n, 13)),
        "cov": np.tile(np.eye(13), (n, 1, 1)),
    } | more


def test_tags_and_movement_are_used_where_they_are_known():
    tags = np.full((4, 50), 0.1)
    tags[2] = np.nan
    table = as_table(columns(tags=tags, temporal=np.ones((4, 64))), "a table")
    assert np.isnan(table.autotags[2]).all()
    some = table.take(np.array([0, 2]))
    assert some.autotags.shape == (2, 50)
    assert some.temporal.shape == (2, 64)
    assert as_table(columns(), "a table").autotags is None
    assert as_table(columns(tags=np.full((4, 50), np.nan)), "a table").autotags is None


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"tags": np.zeros((4, 49))}, r"tags has shape \(4, 49\), wanted \(4, 50\)"),
        ({"tags": np.full((4, 50), 1.5)}, "tags must be probabilities"),
        ({"tags": np.full((4, 50), -0.1)}, "tags must be probabilities"),
        ({"tags": np.full((4, 50), "x")}, "tags must be numbers"),
        ({"tags": np.where(np.eye(4, 50) > 0, np.nan, 0.1)}, "NaN in a whole row"),
        ({"temporal": np.full((4, 64), np.inf)}, "temporal must be finite"),
        ({"temporal": np.zeros(4)}, "temporal has shape"),
    ],
)
def test_what_cannot_be_right_is_refused(more, words):
    with pytest.raises(DataError, match=words):
        as_table(columns(**more), "a table")
