"""Splits keep apart what they say they keep apart."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genregenie.common.errors import DataError
from genregenie.datasets.table import as_table
from genregenie.evaluation.protocols import (
    FAULT_FILTERED,
    FILES,
    FIXED,
    GROUPED,
    KNOWN_SHARE,
    RANDOM,
    decisive,
    fixed_split,
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
    with pytest.raises(DataError, match="one artist, ambient artist 0, so"):
        fold_count(make_table(artists=1), 5)
    by_folder = replace(make_table(artists=1), origin=np.full(72, "folder"))
    with pytest.raises(DataError, match="ambient artist 0, as their folder is called, so"):
        fold_count(by_folder, 5)
    album = replace(make_table(), artist=np.full(72, ""), album=np.full(72, "Live"))
    with pytest.raises(DataError, match="of one album"):
        fold_count(album, 5)


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


# --- what may be called artists apart --------------------------------------------------------


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["", "Nina", "Ella"]), min_size=6, max_size=24))
def test_artists_are_apart_only_where_three_in_four_of_every_genre_are_known(artists):
    table = make_table(clips=len(artists) // 3)
    table = replace(table, artist=np.array(artists[: len(table)]))
    shares = [np.mean(table.artist[table.genre == genre] != "") for genre in table.genres]
    protocol = decisive(table)
    assert (protocol is GROUPED) == (min(shares) >= KNOWN_SHARE)
    if protocol is not GROUPED:
        assert protocol.kind == "files"
        unknown = int((table.artist == "").sum())
        assert f"the artists of {unknown} of {len(table)} clips" in protocol.remark
        assert protocol.remark.endswith("may stand on both sides; this flatters")
        assert "artist" not in protocol.claim
        assert "flatters" in protocol.claim


def test_a_single_genre_of_which_nothing_is_known_is_named():
    table = make_table(genres=3)
    table = replace(table, artist=np.where(table.genre == "dub", "", table.artist))
    assert "24 of 72 clips, so" in decisive(table).remark
    one_of_many = replace(table, artist=np.where(np.arange(72) < 10, "", make_table().artist))
    assert "10 of 72 clips, and in ambient of 10 of 24, so" in decisive(one_of_many).remark


def test_files_apart_still_keeps_apart_what_is_known():
    table = make_table(unknown=40)
    table = replace(table, album=np.where(np.arange(72) < 6, "Live", ""))
    assert decisive(table).kind == FILES.kind
    for train, test in splits(table, decisive(table), 3, 0):
        assert not set(table.groups[train]) & set(table.groups[test])
    assert len(set(table.groups[:6].tolist())) == 1
    assert len(set(table.groups[6:40].tolist())) == 34


def test_the_real_tables_keep_their_protocols(gtzan_table):
    table = as_table(gtzan_table, "GTZAN")
    assert np.array_equal(table.artist, gtzan_table["artist"])
    assert decisive(table) is GROUPED
    assert fixed_split(table) is FAULT_FILTERED
    assert str(table.known()) == "709 clips, the artist known of 666, 166 artists"


def test_a_split_of_its_own_is_called_artists_apart_only_if_it_is():
    table = make_table()
    assert fixed_split(table) is None
    of_artist = np.unique(table.artist, return_inverse=True)[1]
    apart = replace(table, fold=np.where(of_artist % 3 == 0, "valid", "train"))
    assert fixed_split(apart) is FAULT_FILTERED
    mixed = replace(table, fold=np.array(["train", "valid"])[np.arange(72) // 6 % 2])
    assert fixed_split(mixed) is FIXED
    unknown = replace(apart, artist=np.full(72, ""))
    assert fixed_split(unknown) is FIXED
    ((train, test),) = splits(mixed, FIXED, 5, 0)
    assert set(mixed.fold[train]) == {"train"}
    assert set(mixed.fold[test]) == {"valid"}


@pytest.mark.parametrize("nobody", ["", "Unknown Artist", "Various Artists", " ", "ambient", "nan"])
def test_a_table_that_names_nobody_knows_nobody(nobody):
    columns = {
        "track": np.array(["a", "b"]),
        "genre": np.array(["ambient", "dub"]),
        "artist": np.array([nobody, "Nina"]),
        "mean": np.zeros((2, 13)),
        "cov": np.tile(np.eye(13), (2, 1, 1)),
    }
    table = as_table(columns, "a test")
    assert table.artist.tolist() == ["", "Nina"]
    assert table.artist_from.tolist() == ["unknown", "table"]
    del columns["artist"]
    assert as_table(columns, "a test").known().known == 0
    albums = as_table({**columns, "album": np.array(["Live", ""])}, "a test")
    assert albums.groups.tolist() == ["album Live", "track b"]
    assert albums.take(np.array([1])).groups.tolist() == ["track b"]
