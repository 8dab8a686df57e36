"""How a table is split into what a model learns from and what it is scored on.

The protocols are one family: each names what it never lets stand on both sides, and every split
it makes keeps to that. What it does not keep apart may leak, and flatters.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from genregenie.common.errors import DataError
from genregenie.datasets.table import Table

Index = NDArray[np.intp]
Split = tuple[Index, Index]
Kind = Literal[
    "random", "stratified", "tracks", "grouped", "files", "fault-filtered", "fixed", "vectors"
]


@dataclass(frozen=True)
class Protocol:
    """A way to split, and what to say about it.

    Attributes
    ----------
    kind : str
        Short name, used in tables and on the command line.
    title, remark : str
    apart : str
        What never stands on both sides, in words; empty for nothing.
    """

    kind: Kind
    title: str
    remark: str
    apart: str = ""

    @property
    def is_one_split(self) -> bool:
        """Whether it is one split that the table itself names, not folds."""
        return self.kind in ("fault-filtered", "fixed")

    @property
    def claim(self) -> str:
        """The title as it may stand beside a figure: what flatters for want of artists says so."""
        return f"{self.title}, which flatters" if self.kind == "files" else self.title


RANDOM: Final = Protocol(
    "random", "random, plain", "flattering: the same artists, tracks and repeats on both sides"
)
STRATIFIED: Final = Protocol(
    "stratified", "random", "flattering: the same artists and albums on both sides"
)
TRACKS: Final = Protocol(
    "tracks", "tracks apart", "segments of one track stay together, artists do not", "track"
)
GROUPED: Final = Protocol(
    "grouped",
    "artists apart",
    "no artist on both sides; the figure that decides",
    "artist",
)
FILES: Final = Protocol(
    "files",
    "files apart",
    "too little is known of the artists, so the same artist may stand on both sides; this flatters",
    "file, and an artist or album where it is known",
)
FAULT_FILTERED: Final = Protocol(
    "fault-filtered",
    "fault-filtered",
    "train to valid of the fault-filtered split, artists apart",
    "artist, repeats and the worst labels",
)
FIXED: Final = Protocol(
    "fixed",
    "the table's own split",
    "train to valid as the table says; the same artist may stand on both sides",
)
VECTORS: Final = Protocol(
    "vectors",
    "feature vectors apart",
    "rows with the same features stay together, whatever their genres",
    "feature vector",
)
PROTOCOLS: Final = {
    p.kind: p for p in (RANDOM, STRATIFIED, TRACKS, GROUPED, FILES, FAULT_FILTERED, FIXED, VECTORS)
}

MIN_CLIPS: Final = 4

KNOWN_SHARE: Final = 0.75
"""Share of each genre's clips whose artist must be known for a split to be called artists apart.

A random split of GTZAN flatters by 0.19. If nothing is known of a quarter of the clips, at most
that part of them can flatter: by 0.05, which is less than the standard deviation between folds.
In each genre, since one of which nothing is known flatters by all of its clips."""


def decisive(table: Table) -> Protocol:
    """The protocol that decides on a table: artists apart, or `FILES` where too few are known."""
    unknown = table.artist == ""
    shares = {genre: float(unknown[table.genre == genre].mean()) for genre in table.genres}
    most = max(shares, key=lambda genre: shares[genre])
    if shares[most] <= 1 - KNOWN_SHARE:
        return GROUPED
    count = f"{unknown.sum()} of {len(table)} clips"
    if unknown.mean() <= 1 - KNOWN_SHARE:
        of_genre = table.genre == most
        count += f", and in {most} of {(unknown & of_genre).sum()} of {of_genre.sum()}"
    return replace(
        FILES,
        remark=f"nothing is known of the artists of {count}, so the same artist may stand on both "
        "sides; this flatters",
    )


def fixed_split(table: Table) -> Protocol | None:
    """The protocol of the split that a table names itself, by what it does keep apart."""
    if not has_fixed_split(table):
        return None
    apart = decisive(table) is GROUPED and not on_both_sides(table, FAULT_FILTERED, *_fixed(table))
    return FAULT_FILTERED if apart else FIXED


def keys(table: Table, protocol: Protocol) -> NDArray[Any] | None:
    """What must stay on one side, for each row, shape (n,); None where nothing has to."""
    if protocol.kind == "tracks":
        return table.track
    if protocol.kind in ("grouped", "files", "fault-filtered"):
        return table.groups
    if protocol.kind == "vectors":
        _, first, vector = np.unique(table.rows, axis=0, return_index=True, return_inverse=True)
        return first[vector.ravel()]  # named by the first row that has it
    return None


def on_both_sides(table: Table, protocol: Protocol, train: Index, test: Index) -> set[Any]:
    """The keys that a split lets stand on both sides; empty for every split of ours."""
    key = keys(table, protocol)
    if key is None:
        return set()
    return set(key[train].tolist()) & set(key[test].tolist())


def fold_count(table: Table, wanted: int) -> int:
    """Folds that every genre's artists can fill.

    Parameters
    ----------
    table : Table
    wanted : int >= 2
        The most there shall be.

    Returns
    -------
    int

    Raises
    ------
    DataError
        If some genre has too few clips, or all by one artist or of one album, so that nothing can
        be held out.
    """
    for genre in table.genres:
        clips = table.groups[table.genre == genre]
        if len(clips) < MIN_CLIPS:
            raise DataError(
                f"{genre} has {len(clips)} clips. Every genre needs {MIN_CLIPS} at least, and "
                "thirty or more make a model worth having."
            )
        artists = len(np.unique(clips))
        if artists < 2:
            raise DataError(
                f"All clips of {genre} {_in_common(table, genre)}, so nothing can be held out to "
                "score it. Add clips by others."
            )
        wanted = min(wanted, artists)
    return wanted


def _in_common(table: Table, genre: str) -> str:
    first = np.flatnonzero(table.genre == genre)[0]
    artist, origin = table.artist[first], table.artist_from[first]
    if not artist:
        return "are of one album"
    read = {"folder": ", as their folder is called", "name": ", as their names begin"}
    return f"are by one artist, {artist}{read.get(origin, '')}"


def splits(table: Table, protocol: Protocol, folds: int, seed: int) -> Iterator[Split]:
    """Indices of the training and the scored rows, once per fold.

    Parameters
    ----------
    table : Table of n clips
    protocol : Protocol
    folds : int >= 2
        At most what `fold_count` allows.
    seed : int
        Equal seeds make equal splits.

    Yields
    ------
    two int arrays
        Each row is scored exactly once, except under `FAULT_FILTERED` and `FIXED`, one split each.
    """
    # Imported here: the page names the protocols at its start, and splits nothing then.
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    y, key = table.labels, keys(table, protocol)
    if protocol.is_one_split:
        yield _fixed(table)
    elif key is None:
        folding = KFold if protocol.kind == "random" else StratifiedKFold
        yield from folding(folds, shuffle=True, random_state=seed).split(table.rows, y)
    elif protocol.kind == "vectors":  # tens of thousands of small groups, too many to stratify
        yield from GroupKFold(folds, shuffle=True, random_state=seed).split(table.rows, y, key)
    else:
        grouped = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        yield from grouped.split(table.rows, y, key)


def holdout(table: Table, protocol: Protocol, test_share: float, seed: int) -> Split:
    """One split with a part held out.

    Parameters
    ----------
    table : Table of n clips
    protocol : Protocol
    test_share : float in (0, 1)
        About how much is held out of the rows, or of what is kept apart.
    seed : int
        Equal seeds make equal splits.

    Returns
    -------
    two int arrays
        Indices of the training and the scored rows.
    """
    from sklearn.model_selection import GroupShuffleSplit, train_test_split

    y, key = table.labels, keys(table, protocol)
    if protocol.is_one_split:
        return _fixed(table)
    if key is not None:
        cut = GroupShuffleSplit(1, test_size=test_share, random_state=seed)
        train, test = next(cut.split(table.rows, y, key))
        return train, test
    train, test = train_test_split(
        np.arange(len(table)),
        test_size=test_share,
        random_state=seed,
        stratify=y if protocol.kind == "stratified" else None,
    )
    return train, test


def _fixed(table: Table) -> Split:
    """Train to valid; where there is a test part too, that is scored and the others are learnt."""
    if "test" in table.fold:
        return np.flatnonzero(np.isin(table.fold, ("train", "valid"))), _where(table, "test")
    return _where(table, "train"), _where(table, "valid")


def _where(table: Table, part: str) -> Index:
    return np.flatnonzero(table.fold == part)


def has_fixed_split(table: Table) -> bool:
    """Whether the table names a train and a valid part."""
    return {"train", "valid"} <= set(table.fold.tolist())
