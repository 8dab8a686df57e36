"""How a table is split into what a model learns from and what it is scored on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from genregenie.table import DataError, Table

Index = NDArray[np.intp]
Kind = Literal["grouped", "random", "fault-filtered"]


@dataclass(frozen=True)
class Protocol:
    """A way to split, and what to say about it."""

    kind: Kind
    title: str
    remark: str


GROUPED: Final = Protocol(
    "grouped", "artists apart", "no artist on both sides; the figure that decides"
)
RANDOM: Final = Protocol(
    "random", "random", "flattering: the same artists and albums on both sides"
)
FAULT_FILTERED: Final = Protocol(
    "fault-filtered", "fault-filtered", "train to valid of the fault-filtered split, artists apart"
)


FEWEST_CLIPS: Final = 4


def fold_count(table: Table, wanted: int) -> int:
    """Folds that every genre's artists can fill, at most `wanted`.

    Raises
    ------
    DataError
        If some genre has too few clips, or all by one artist, so that nothing can be held out.
    """
    for genre in table.genres:
        clips = table.groups[table.genre == genre]
        if len(clips) < FEWEST_CLIPS:
            raise DataError(
                f"{genre} has {len(clips)} clips. Every genre needs {FEWEST_CLIPS} at least, and "
                "thirty or more make a model worth having."
            )
        artists = len(np.unique(clips))
        if artists < 2:
            raise DataError(
                f"All clips of {genre} are by one artist, so nothing can be held out to score "
                "it. Add clips by others."
            )
        wanted = min(wanted, artists)
    return wanted


def splits(
    table: Table, protocol: Protocol, folds: int, seed: int
) -> Iterator[tuple[Index, Index]]:
    """Indices of the training and the scored clips, once per fold.

    Each clip is scored exactly once, except under `FAULT_FILTERED`, which is one fixed split.
    """
    y = table.labels
    if protocol.kind == "fault-filtered":
        yield np.flatnonzero(table.fold == "train"), np.flatnonzero(table.fold == "valid")
    elif protocol.kind == "random":
        yield from StratifiedKFold(folds, shuffle=True, random_state=seed).split(table.rows, y)
    else:
        grouped = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        yield from grouped.split(table.rows, y, table.groups)


def has_fixed_split(table: Table) -> bool:
    """Whether the table names a train and a valid part."""
    return {"train", "valid"} <= set(table.fold.tolist())
