"""The lab's tables: features of tracks, by name or from anybody's CSV."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from genregenie.common import settings
from genregenie.common.errors import DataError
from genregenie.datasets.table import Table, read_table
from genregenie.features.mfcc import COEFFICIENTS
from genregenie.features.tangent import row_covariances, row_means

LABELS: Final = ("label", "genre", "playlist_genre", "class", "target")
"""Columns that may hold the genre, the likeliest first."""

_NOT_FEATURES: Final = {"length", "filename", "clip", "track", "artist", "title", "fold"}
_MAX_ROWS: Final = 200_000
_MAX_GENRES: Final = 60


@dataclass(frozen=True)
class FeatureTable(Table):
    """Labelled rows of named features.

    Attributes
    ----------
    rows : array, shape (n, d)
        float64; with text in a last column of its own (`with_text`) an object array.
    columns : tuple of d str
    """

    columns: tuple[str, ...] = ()

    def only(self, columns: Sequence[str]) -> "FeatureTable":
        """The same rows with these columns alone."""
        chosen = [self.columns.index(c) for c in columns]
        return replace(self, rows=self.rows[:, chosen], columns=tuple(columns))

    def with_text(self) -> "FeatureTable":
        """Artist and title as one more column, ``text``."""
        text = np.char.strip(np.char.add(np.char.add(self.artist, " "), self.title))
        return replace(self, rows=join_text(self.rows, text), columns=(*self.columns, "text"))


def join_text(rows: NDArray[Any], text: NDArray[np.str_]) -> NDArray[Any]:
    """Features and text side by side in an object array, shape (n, d + 1)."""
    joined = np.empty((len(rows), rows.shape[1] + 1), dtype=object)
    joined[:, :-1], joined[:, -1] = rows, text.tolist()
    return joined


@dataclass(frozen=True)
class Source:
    """A table that the lab knows by name."""

    name: str
    title: str
    path: str


SOURCES: Final = {
    source.name: source
    for source in (
        Source("gtzan", "GTZAN, 57 features of 1,000 clips", "gtzan/features_30_sec.csv"),
        Source("segments", "GTZAN, 57 features of 10 s segments", "gtzan/features_10_sec.csv"),
        Source("mfcc", "GTZAN, MFCC statistics of 709 clips", "gtzan/mfcc_statistics.npz"),
        Source("spotify", "Spotify audio features, 15 genres", "spotify/genres_v2.csv"),
    )
}


def open_table(name: str) -> FeatureTable:
    """A table by its name in `SOURCES`.

    Raises
    ------
    DataError
        If the name is unknown or the data is not at hand.
    """
    if name not in SOURCES:
        raise DataError(f"There is no table {name}. There are {', '.join(SOURCES)}.")
    path = settings.training_data_dir() / SOURCES[name].path
    if not path.exists():
        raise DataError(
            f"The data of '{SOURCES[name].title}' is not on this machine. Set GENREGENIE_SHARED "
            f"to the folder whose data/{SOURCES[name].path} holds it; what the lab found with it "
            "is in models/lab."
        )
    table = read_features(path)
    return _with_tracks(table) if name in ("gtzan", "segments") else table


def read_features(path: Path) -> FeatureTable:
    """Read a CSV with a column of genres and columns of numbers, or an npz of MFCC statistics.

    Columns that do not hold numbers throughout are left out; empty cells become the column's
    median.

    Raises
    ------
    DataError
        If the file is missing or is no such table.
    """
    if path.suffix.lower() == ".npz":
        return _from_statistics(read_table(path))
    columns = read_csv(path)
    label = next((c for name in LABELS for c in columns if c.strip().lower() == name), None)
    if label is None:
        raise DataError(
            f"{path.name} has no column of genres. One must be called {', '.join(LABELS[:-1])} or "
            f"{LABELS[-1]}."
        )
    genre = np.array([value.strip() for value in columns[label]])
    if not 2 <= len(np.unique(genre)) <= _MAX_GENRES:
        raise DataError(
            f"The column {label} of {path.name} has {len(np.unique(genre))} different values; a "
            f"column of genres has 2 to {_MAX_GENRES}."
        )
    numbers = {
        name: values
        for name, cells in columns.items()
        if name != label
        and name.strip().lower() not in _NOT_FEATURES
        and (values := _numbers(cells)) is not None
    }
    if not numbers:
        raise DataError(f"{path.name} has no column of numbers.")
    n = len(genre)
    file = next((c for c in columns if c.strip().lower() in ("filename", "clip", "track")), None)
    return FeatureTable(
        track=_tracks(columns[file]) if file else np.array([f"row {i}" for i in range(n)]),
        genre=genre,
        artist=np.full(n, ""),
        title=np.full(n, ""),
        fold=np.full(n, ""),
        rows=np.column_stack(list(numbers.values())),
        columns=tuple(numbers),
    )


def _tracks(names: Sequence[str]) -> NDArray[np.str_]:
    """``blues.00000.2.wav`` and ``blues.00000.wav`` are of the track ``blues.00000``."""
    return np.array([".".join(name.removesuffix(".wav").split(".")[:2]) for name in names])


def read_csv(path: Path) -> dict[str, list[str]]:
    """The columns of a CSV table as text, by name.

    Raises
    ------
    DataError
        If the file is missing or is no such table.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = list(csv.reader(file))
    except FileNotFoundError as error:
        raise DataError(f"There is no table at {path}.") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path.name} is not a CSV table: {error}") from error
    lines = [line for line in lines if any(cell.strip() for cell in line)]
    if len(lines) < 2:
        raise DataError(f"{path.name} holds no rows under a line of column names.")
    if len(lines) > _MAX_ROWS:
        raise DataError(f"{path.name} has more than {_MAX_ROWS:,} rows.")
    head, *body = lines
    if uneven := [i for i, line in enumerate(body, 2) if len(line) != len(head)]:
        raise DataError(
            f"Line {uneven[0]} of {path.name} has {len(body[uneven[0] - 2])} cells, the line of "
            f"column names {len(head)}."
        )
    return dict(zip(head, map(list, zip(*body, strict=True)), strict=True))


def _numbers(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """The cells as numbers, empty ones as the median; None if some are something else."""
    try:
        values = np.array([float(cell) if cell.strip() else np.nan for cell in cells])
    except ValueError:
        return None
    known = np.isfinite(values)
    if not known.any():
        return None
    return np.where(known, values, np.median(values[known]))


def _from_statistics(table: Table) -> FeatureTable:
    upper = zip(*np.triu_indices(COEFFICIENTS), strict=True)
    return FeatureTable(
        table.track,
        table.genre,
        table.artist,
        table.title,
        table.fold,
        table.rows,
        (
            "frames",
            *(f"mfcc{i}_mean" for i in range(COEFFICIENTS)),
            *(f"cov_{i}_{j}" for i, j in upper),
        ),
        album=table.album,
        origin=table.origin,
    )


def readable(table: FeatureTable) -> FeatureTable:
    """The columns worth looking at: of MFCC statistics, means and standard deviations."""
    if "cov_0_0" not in table.columns:
        return table
    deviations = np.sqrt(np.maximum(np.einsum("nii->ni", row_covariances(table.rows)), 1e-12))
    means = tuple(f"mfcc{i}_mean" for i in range(COEFFICIENTS))
    spreads = tuple(f"mfcc{i}_sd" for i in range(COEFFICIENTS))
    rows = np.hstack([row_means(table.rows), deviations])
    return replace(table, rows=rows, columns=means + spreads)


def _with_tracks(table: FeatureTable) -> FeatureTable:
    """Artist, title and fold of each GTZAN clip, from the list of its tracks."""
    known = read_csv(settings.training_data_dir() / "gtzan/tracks.csv")
    row_of = {clip: i for i, clip in enumerate(known["clip"])}
    index = [row_of[clip] for clip in table.track.tolist()]

    def column(name: str) -> NDArray[np.str_]:
        return np.array(known[name])[index]

    return replace(
        table, artist=column("artist"), title=column("title"), fold=column("kereliuk_split")
    )


def counts(table: Table) -> Mapping[str, int]:
    """Rows of each genre, the most frequent first."""
    genres, numbers = np.unique(table.genre, return_counts=True)
    order = np.argsort(-numbers, kind="stable")
    return {str(genres[i]): int(numbers[i]) for i in order}


def ceiling(table: Table) -> tuple[float, int, int]:
    """The best accuracy any model can reach, since equal features may carry several genres.

    Returns
    -------
    (share of rows in the commonest genre of their feature vector, vectors, those with several)
    """
    vector = np.unique(table.rows, axis=0, return_inverse=True)[1].ravel()
    counted = np.zeros((int(vector.max()) + 1, len(table.genres)), dtype=np.intp)
    np.add.at(counted, (vector, table.labels), 1)
    several = int(((counted > 0).sum(axis=1) > 1).sum())
    return float(counted.max(axis=1).sum() / len(table)), len(counted), several
