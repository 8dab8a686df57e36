"""Labelled clips as a table of statistics."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from genregenie.common.arrays import Array
from genregenie.common.artists import ArtistCount
from genregenie.common.errors import DataError
from genregenie.datasets.artists import group_key, is_nobody
from genregenie.features.mfcc import COEFFICIENTS, TABLE_FRAMES
from genregenie.features.tangent import as_rows
from genregenie.features.temporal import TEMPORAL_WIDTH

TAGS = 50
"""How many tags the network knows, `genregenie.autotag.network`."""


@dataclass(frozen=True)
class Table:
    """Labelled clips.

    Attributes
    ----------
    track, genre, artist, title : str arrays, shape (n,)
        An empty artist is unknown.
    fold : str array, shape (n,)
        ``train``, ``valid``, ``excluded``, or empty where there is no fixed split.
    rows : float64 array, shape (n, 105)
        Statistics, as `genregenie.features.tangent.as_rows` lays them out.
    album : str array, shape (n,), or None
        What clips of an unknown artist have in common; empty is unknown. None: nothing is known.
    origin : str array, shape (n,), or None
        Where each artist was read, a `genregenie.datasets.artists.Origin`. None: in the table.
    autotags : float64 array, shape (n, 50), or None
        Mean probabilities of the network's tags; NaN for a clip that it has not heard. None: it
        has heard none.
    temporal : float64 array, shape (n, 64), or None
        As `genregenie.features.temporal.ModulationSpectrum.row`; NaN where it is not known.
    """

    track: NDArray[np.str_]
    genre: NDArray[np.str_]
    artist: NDArray[np.str_]
    title: NDArray[np.str_]
    fold: NDArray[np.str_]
    rows: Array
    album: NDArray[np.str_] | None = field(default=None, kw_only=True)
    origin: NDArray[np.str_] | None = field(default=None, kw_only=True)
    autotags: Array | None = field(default=None, kw_only=True)
    temporal: Array | None = field(default=None, kw_only=True)

    def __len__(self) -> int:
        return len(self.track)

    @property
    def genres(self) -> tuple[str, ...]:
        """The genres that occur, in alphabetical order; the order of all confidences."""
        return tuple(np.unique(self.genre).tolist())

    @property
    def labels(self) -> NDArray[np.intp]:
        """Index of each clip's genre in `genres`, shape (n,)."""
        return np.unique(self.genre, return_inverse=True)[1].astype(np.intp)

    @property
    def groups(self) -> NDArray[np.str_]:
        """What must stay on one side of a split: the artist, else the album, else the clip."""
        alone = np.char.add("track ", self.track)
        if self.album is not None:
            alone = np.where(self.album == "", alone, np.char.add("album ", self.album))
        return np.where(self.artist == "", alone, self.artist)

    @property
    def artist_from(self) -> NDArray[np.str_]:
        """Where each artist was read, ``unknown`` where there is none, shape (n,)."""
        origin = np.full(len(self), "table") if self.origin is None else self.origin
        return np.where(self.artist == "", "unknown", origin)

    def known(self) -> ArtistCount:
        """Of how many clips the artist is known, and by what."""
        return ArtistCount.of(self.artist.tolist(), self.artist_from.tolist())

    @property
    def weights(self) -> Array:
        """Weight of each clip in fitting: one over the root of its artist's clips, mean 1."""
        _, group, size = np.unique(self.groups, return_inverse=True, return_counts=True)
        weights = 1.0 / np.sqrt(size[group])
        return np.asarray(weights / weights.mean())

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """The clips at `index`, as a table."""
        columns = {f.name: getattr(self, f.name) for f in fields(Table)}
        return replace(self, **{name: c[index] for name, c in columns.items() if c is not None})


def read_table(path: Path) -> Table:
    """Read a table of statistics in NumPy's npz format; `as_table` has the columns.

    Raises
    ------
    DataError
        If the file is missing, is not such a table, or holds values that cannot be right.
    """
    return as_table(read_columns(path), str(path))


def read_columns(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays in an npz file.

    Raises
    ------
    DataError
        If the file is missing or is something else.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as npz:
            return {name: npz[name] for name in npz.files}
    except FileNotFoundError as error:
        raise DataError(f"There is no table at {path}.") from error
    except (OSError, ValueError, zipfile.BadZipFile, EOFError, AttributeError) as error:
        raise DataError(f"{path} is not a table of statistics (.npz): {error}") from error


def as_table(columns: Mapping[str, NDArray[Any]], source: str) -> Table:
    """A table from its columns; `source` is what messages call it.

    Needs the columns ``track``, ``genre``, ``mean (n, 13)`` and ``cov (n, 13, 13)``;
    ``artist``, ``album``, ``title``, ``fold``, ``count`` (frames), ``tags (n, 50)`` (the network's
    mean probabilities) and ``temporal (n, 64)`` are used where present. A row of ``tags`` or
    ``temporal`` that is not known is NaN throughout.
    An artist that is nobody's name, *Various Artists* or the genre's own, is unknown.

    Raises
    ------
    DataError
        If a column is missing or holds values that cannot be right.
    """
    missing = {"track", "genre", "mean", "cov"} - columns.keys()
    if missing:
        raise DataError(f"{source} lacks the columns {', '.join(sorted(missing))}.")
    n = len(columns["track"])
    shapes = {
        "genre": (n,),
        "artist": (n,),
        "album": (n,),
        "title": (n,),
        "fold": (n,),
        "count": (n,),
        "mean": (n, COEFFICIENTS),
        "cov": (n, COEFFICIENTS, COEFFICIENTS),
        "tags": (n, TAGS),
        "temporal": (n, TEMPORAL_WIDTH),
    }
    for name, shape in shapes.items():
        if name in columns and columns[name].shape != shape:
            raise DataError(f"{source}: {name} has shape {columns[name].shape}, wanted {shape}.")
    if n == 0:
        raise DataError(f"{source} holds no clips.")
    try:
        mean, cov = columns["mean"].astype(np.float64), columns["cov"].astype(np.float64)
        count = columns.get("count", np.full(n, TABLE_FRAMES)).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{source}: mean, cov and count must be numbers.") from error
    if not (np.isfinite(mean).all() and np.isfinite(cov).all()):
        raise DataError(f"{source}: mean and cov must be finite numbers.")
    if not np.allclose(cov, np.swapaxes(cov, 1, 2), rtol=1e-6, atol=1e-6):
        raise DataError(f"{source}: every cov must be symmetric.")
    if not (np.isfinite(count).all() and (count >= 1).all()):
        raise DataError(f"{source}: every count must be 1 or more.")

    autotags, temporal = (_part(columns, name, source) for name in ("tags", "temporal"))
    if autotags is not None and (np.abs(autotags - 0.5) > 0.5).any():
        raise DataError(f"{source}: tags must be probabilities, from 0 to 1.")

    def text(name: str) -> NDArray[np.str_]:
        return columns.get(name, np.full(n, "")).astype(np.str_)

    return Table(
        text("track"),
        text("genre"),
        _artists(text("artist"), text("genre")),
        text("title"),
        text("fold"),
        as_rows(mean, cov, count),
        album=text("album") if "album" in columns else None,
        autotags=autotags,
        temporal=temporal,
    )


def _part(columns: Mapping[str, NDArray[Any]], name: str, source: str) -> Array | None:
    """A column of which whole rows may be unknown; None if it is not there, or all are."""
    if name not in columns:
        return None
    try:
        values = columns[name].astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{source}: {name} must be numbers.") from error
    unknown = np.isnan(values).all(axis=1)
    if not np.isfinite(values[~unknown]).all():
        raise DataError(f"{source}: {name} must be finite numbers, or NaN in a whole row.")
    return None if unknown.all() else values


def _artists(artist: NDArray[np.str_], genre: NDArray[np.str_]) -> NDArray[np.str_]:
    pairs = set(zip(artist.tolist(), genre.tolist(), strict=True))
    nobody = {(a, g) for a, g in pairs if is_nobody(a) or group_key(a) == group_key(g)}
    named = [pair not in nobody for pair in zip(artist.tolist(), genre.tolist(), strict=True)]
    return np.where(named, artist, "")
