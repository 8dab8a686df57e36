"""Splits keep apart what they say they keep apart."""

import numpy as np
import pytest

from genregenie.table import DataError
from genregenie.training.protocols import (
    FAULT_FILTERED,
    GROUPED,
    RANDOM,
    fold_count,
    has_fixed_split,
    splits,
)
from tests.training.tables import make_table


@pytest.mark.parametrize("seed", range(5))
def test_grouped_never_has_an_artist_on_both_sides(seed):
    table = make_table()
    scored = []
    for train, test in splits(table, GROUPED, 4, seed):
        assert not set(table.groups[train]) & set(table.groups[test])
        scored += test.tolist()
    assert sorted(scored) == list(range(len(table)))


def test_unknown_artists_are_groups_of_their_own():
    table = make_table(unknown=6)
    unknown = table.groups[table.artist == ""]
    assert len(set(unknown.tolist())) == 6


def test_random_scores_every_clip_once():
    table = make_table()
    scored = [i for _, test in splits(table, RANDOM, 4, 0) for i in test.tolist()]
    assert sorted(scored) == list(range(len(table)))


def test_fault_filtered_is_the_fixed_split():
    table = make_table()
    assert not has_fixed_split(table)
    fold = np.array(["train", "valid", "excluded"])[np.arange(len(table)) % 3]
    fixed = type(table)(table.track, table.genre, table.artist, table.title, fold, table.rows)
    assert has_fixed_split(fixed)
    ((train, test),) = splits(fixed, FAULT_FILTERED, 5, 0)
    assert set(fold[train]) == {"train"}
    assert set(fold[test]) == {"valid"}


def test_folds_are_no_more_than_the_artists_of_any_genre():
    assert fold_count(make_table(artists=3), 5) == 3
    assert fold_count(make_table(artists=9), 5) == 5
    with pytest.raises(DataError, match="one artist"):
        fold_count(make_table(artists=1), 5)


def test_the_fault_filtered_split_keeps_artists_apart(gtzan_table):
    artist, fold = gtzan_table["artist"], gtzan_table["fold"]
    shared = set(artist[fold == "train"]) & set(artist[fold == "valid"])
    assert shared <= {""}


def test_weights_let_no_artist_dominate():
    table = make_table(clips=8, artists=4)
    lonely = np.flatnonzero(table.artist == table.artist[0])[:-1]
    kept = table.take(np.setdiff1d(np.arange(len(table)), lonely))
    weights = kept.weights
    assert weights.mean() == pytest.approx(1.0)
    assert weights[kept.artist == table.artist[0]][0] == weights.max()
