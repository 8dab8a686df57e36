"""Every protocol keeps apart what it says, for any table."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genregenie.evaluation.protocols import (
    FAULT_FILTERED,
    FILES,
    GROUPED,
    PROTOCOLS,
    RANDOM,
    STRATIFIED,
    TRACKS,
    VECTORS,
    holdout,
    keys,
    on_both_sides,
    splits,
)
from genregenie.lab.runs import cut_by
from genregenie.lab.systems import SYSTEMS, Shares
from genregenie.lab.tables import FeatureTable
from tests.lab.conftest import small_table

KEEPING = [TRACKS, GROUPED, FILES, VECTORS]


@st.composite
def tables(draw) -> FeatureTable:
    """Rows with any mixture of genres, artists (some unknown), tracks and repeated features."""
    n = draw(st.integers(30, 80))
    numbers = st.integers(0, 11)
    genre = np.array([f"g{i % 3}" for i in range(n)])
    artist = np.array(draw(st.lists(numbers, min_size=n, max_size=n)))
    # A track has one artist; its segments follow each other.
    artist[:4] = range(1, 5)  # as many as there are folds, at least
    artist = artist[np.arange(n) // 2]
    vector = np.array(draw(st.lists(numbers, min_size=n, max_size=n)), dtype=float)
    vector[:4] = range(4)
    return FeatureTable(
        track=np.array([f"t{i // 2}" for i in range(n)]),
        genre=genre,
        artist=np.where(artist == 0, "", np.char.add("a", artist.astype(str))),
        title=np.full(n, ""),
        fold=np.full(n, ""),
        rows=np.column_stack([vector, vector % 3]),
        columns=("x", "y"),
    )


@pytest.mark.filterwarnings("ignore:The least populated class:UserWarning")
@pytest.mark.parametrize("protocol", KEEPING, ids=lambda p: p.kind)
@settings(max_examples=40)
@given(table=tables(), seed=st.integers(0, 9))
def test_nothing_kept_apart_is_ever_on_both_sides(protocol, table, seed):
    for train, test in [*splits(table, protocol, 3, seed), holdout(table, protocol, 0.3, seed)]:
        assert on_both_sides(table, protocol, train, test) == set()
        assert len(train) > 0
        assert not set(train.tolist()) & set(test.tolist())


@pytest.mark.filterwarnings("ignore:The least populated class:UserWarning")
@pytest.mark.parametrize("protocol", [RANDOM, STRATIFIED, *KEEPING], ids=lambda p: p.kind)
@settings(max_examples=20)
@given(table=tables(), seed=st.integers(0, 9))
def test_folds_score_every_row_once(protocol, table, seed):
    scored = [i for _, test in splits(table, protocol, 3, seed) for i in test.tolist()]
    assert sorted(scored) == list(range(len(table)))


def test_what_a_protocol_does_not_keep_apart_does_leak():
    table = small_table()
    (train, test), *_ = splits(table, STRATIFIED, 4, 0)
    assert on_both_sides(table, TRACKS, train, test)
    (train, test), *_ = splits(table, TRACKS, 4, 0)
    assert not on_both_sides(table, TRACKS, train, test)
    assert on_both_sides(table, GROUPED, train, test)
    (train, test), *_ = splits(table, GROUPED, 4, 0)
    assert not on_both_sides(table, TRACKS, train, test)


def test_stratified_folds_have_each_genre_in_proportion_and_plain_ones_need_not():
    table = small_table(tracks=90)
    genres = np.unique(table.genre, return_inverse=True)[1]
    for _, test in splits(table, STRATIFIED, 5, 0):
        share = np.bincount(genres[test], minlength=3) / len(test)
        assert share == pytest.approx(np.bincount(genres) / len(table), abs=0.03)


def test_every_protocol_says_what_it_keeps_apart():
    assert set(PROTOCOLS) == {
        "random",
        "stratified",
        "tracks",
        "grouped",
        "files",
        "fault-filtered",
        "fixed",
        "vectors",
    }
    table = small_table()
    for protocol in PROTOCOLS.values():
        assert bool(protocol.apart) == (keys(table, protocol) is not None)


def test_a_table_with_a_test_part_learns_from_the_others():
    table = small_table()
    parts = np.array(["train", "valid", "test", "excluded"])
    fixed = replace(table, fold=parts[np.arange(len(table)) % 4])
    ((train, test),) = splits(fixed, FAULT_FILTERED, 5, 0)
    assert set(fixed.fold[train].tolist()) == {"train", "valid"}
    assert set(fixed.fold[test].tolist()) == {"test"}


def test_shares_are_those_of_the_paper():
    table = small_table(tracks=200)
    ((train, test),) = cut_by(Shares(0.2, 0.2))(table, STRATIFIED, 5, 0)
    assert len(train) == pytest.approx(0.6 * len(table), rel=0.02)
    assert len(test) == pytest.approx(0.2 * len(table), rel=0.02)
    assert str(Shares(0.2, 0.2)) == "60-20-20"
    assert str(SYSTEMS["B"].shares) == "70-30"


def test_the_real_splits_keep_their_promises(gtzan):
    from genregenie.lab.tables import open_table

    segments = open_table("segments")
    for protocol in (TRACKS, GROUPED):
        for train, test in splits(segments, protocol, 5, 0):
            assert on_both_sides(segments, protocol, train, test) == set()
            assert on_both_sides(segments, TRACKS, train, test) == set()
    ((train, test),) = splits(segments, FAULT_FILTERED, 5, 0)
    assert on_both_sides(segments, FAULT_FILTERED, train, test) == set()
