"""One's own library as a place to find neighbours in: a folder that ``genregenie index`` writes.

===================  =====================================================================
``library.json``     format, number of tracks, and which model the directions belong to
``tracks.sqlite3``   path, artist, title, genre, what tells whether a file has changed, and what
                     else was heard: how sure the genre is, length, tempo and key; the year in
                     its tags
``vectors.npy``      directions by `genregenie.model.likeness`, float32, shape (n, width)
``autotags.npy``     probabilities of the network's tags, float16, shape (n, 50), NaN if unheard
``vectors.faiss``    an inverted file over them, for libraries too big to compare one by one
===================  =====================================================================

Format 1 has directions of timbre alone and no tags, format 2 nothing of length, tempo, key and
year. Both are still searched.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from genregenie.autotag.qualities import Change
from genregenie.autotag.vocabulary import TAGS, characters
from genregenie.common.errors import GenreGenieError
from genregenie.common.formatting import file_name
from genregenie.model.likeness import Directions, Likeness, unit
from genregenie.recommend.acoustic import POOL, SimilarTrack, as_share, is_same, top
from genregenie.recommend.inverted_file import open_inverted_file

FORMAT: Final = 3
LIBRARY_JSON: Final = "library.json"
TRACKS: Final = "tracks.sqlite3"
VECTORS: Final = "vectors.npy"
AUTOTAGS: Final = "autotags.npy"
FAISS: Final = "vectors.faiss"

EXACT_ROWS: Final = 50_000
"""Up to so many rows NumPy compares them all, in a few milliseconds; above, FAISS chooses."""

_RERANKED: Final = 4  # the index stores 8 bits a number, so more come out and are compared again
_CHANGED: Final = 2_000
"""So many of the most alike are looked through for what is calmer, happier and the like."""

_UNFIT: Final = "its parts do not fit together"


class LibraryError(GenreGenieError):
    """An index that is missing or cannot be used; the message says what helps."""


class OtherModelError(LibraryError):
    """An index that was made with another model."""


@dataclass(frozen=True)
class Entry:
    """A file of the library.

    Attributes
    ----------
    path : str
        Absolute, as valid text; see `file`.
    size, changed_ns : int
        As of when it was listened to; a file that differs is listened to again.
    is_sure : bool
        Whether the verdict on its genre is ``"confident"``.
    confidence : float
        In its genre.
    duration_s : float
    tempo_bpm : float or None
    musical_key : str or None
        One of `genregenie.features.key.KEYS`. Tempo and key are None where they are not sure.
    year : int or None
        Of its first release, by its tags. All from `is_sure` on is empty in an index of an earlier
        release.
    """

    path: str
    artist: str
    title: str
    genre: str
    size: int
    changed_ns: int
    is_sure: bool = False
    confidence: float = 0.0
    duration_s: float = 0.0
    tempo_bpm: float | None = None
    musical_key: str | None = None
    year: int | None = None

    @property
    def file(self) -> str:
        """The path as the system has it, whose bytes need not be text."""
        return _file(self.path)


COLUMNS: Final = tuple(f.name for f in fields(Entry))
_EARLIER_COLUMNS: Final = COLUMNS[:6]


class Library:
    """An index, opened for reading. Safe to use from many threads.

    Attributes
    ----------
    directions : float32 array, shape (n, width)
    autotags : float16 array, shape (n, 50), or None
        None in an index of format 1.
    is_current : bool
        Whether it holds all that this release asks for.
    """

    def __init__(
        self,
        folder: Path,
        likeness: Likeness,
        directions: Directions,
        autotags: NDArray[np.float16] | None,
        faiss_index: Any | None,
        *,
        is_current: bool,
    ) -> None:
        self.is_current = is_current
        self._columns = COLUMNS if is_current else _EARLIER_COLUMNS
        self._tracks = _address(folder)
        self._likeness = likeness
        self.directions = directions
        self.autotags = autotags
        self._faiss = faiss_index

    def __len__(self) -> int:
        return len(self.directions)

    @classmethod
    def load(cls, folder: Path, likeness: Likeness) -> Self:
        """Open an index.

        Parameters
        ----------
        folder : Path
        likeness : Likeness
            Of the model in use.

        Raises
        ------
        OtherModelError
            If it was made with another model.
        LibraryError
            If there is none, or it is damaged.
        """
        try:
            header = json.loads((folder / LIBRARY_JSON).read_text(encoding="utf-8"))
            if header["format"] == 1:
                likeness = Likeness(likeness.centre)
            if not 1 <= header["format"] <= FORMAT or header["model"] != fingerprint(likeness):
                raise OtherModelError(
                    f"The index in {folder} was made with another model or version. "
                    "Make it again with 'genregenie index'."
                )
            tracks = header["tracks"]
            big = tracks > EXACT_ROWS
            directions = _array(folder / VECTORS, big, (tracks, likeness.width))
            autotags = None
            if header["format"] > 1:
                autotags = _array(folder / AUTOTAGS, big, (tracks, TAGS))
            if not (folder / TRACKS).exists():
                raise ValueError(_UNFIT)
            found = open_inverted_file(folder / FAISS) if big else None
            is_current = header["format"] == FORMAT
            return cls(folder, likeness, directions, autotags, found, is_current=is_current)
        except FileNotFoundError as error:
            raise LibraryError(
                f"There is no index in {folder}. Make one with 'genregenie index FOLDER'."
            ) from error
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, EOFError) as error:
            raise LibraryError(
                f"The index in {folder} cannot be read ({error}). "
                "Make it again with 'genregenie index'."
            ) from error

    def nearest(
        self, direction: Directions, count: int = POOL, change: Change | None = None
    ) -> list[SimilarTrack]:
        """The files most alike, most alike first; as `Acoustic.nearest`.

        Raises
        ------
        LibraryError
            If the index is damaged, or `change` is wanted of files that the network has not heard.
        """
        if not direction.size or not len(self):
            return []
        # An earlier release knew the timbre alone, which comes first.
        direction = unit(direction[None, : self._likeness.width])[0]
        if change is None:
            rows, alike = self._search(direction, count)
        else:
            rows, alike = self._changed(direction, count, change)
        entries = self._entries(rows)
        known = self._characters(rows, [entry.genre for entry in entries])
        own = is_same(self._likeness, self.directions[rows], direction)
        return [
            SimilarTrack(e.artist, e.title, e.genre, as_share(cosine), e.path, names, is_clip)
            for e, cosine, names, is_clip in zip(entries, alike, known, own, strict=True)
        ]

    def characters(self, keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Moods and styles of tracks, as `Acoustic.characters`.

        Raises
        ------
        LibraryError
        """
        wanted = tuple(keys)
        if self.autotags is None or not wanted:
            return {}
        marks = ",".join("?" * len(wanted))
        query = f"SELECT key, number, genre FROM tracks WHERE key IN ({marks})"  # noqa: S608
        rows = _rows(self._tracks, query, wanted)
        found = self._characters([row[1] - 1 for row in rows], [row[2] for row in rows])
        return {row[0]: names for row, names in zip(rows, found, strict=True) if names}

    def entries(self) -> list[Entry]:
        """Every file, in the order of `directions`."""
        query = f"SELECT {', '.join(self._columns)} FROM tracks ORDER BY number"  # noqa: S608
        return [_entry(row) for row in _rows(self._tracks, query)]

    def rows(self) -> list[dict[str, Any]]:
        """What is known of each file, for tables: what it is, and the tags that are heard."""
        entries = self.entries()
        heard = self._characters(list(range(len(self))), [entry.genre for entry in entries])
        plain = ("path", "artist", "title", "genre")
        return [
            {name: getattr(entry, name) for name in plain} | {"heard": "; ".join(names)}
            for entry, names in zip(entries, heard, strict=True)
        ]

    def _search(self, direction: Directions, count: int) -> tuple[list[int], list[float]]:
        if self._faiss is None:
            cosines = self.directions @ direction
            rows = top(cosines, count)
            return rows, cosines[rows].tolist()
        found = self._faiss.search(direction[None], _RERANKED * count)[1][0]
        found = np.sort(found[found >= 0])
        cosines = self.directions[found] @ direction
        best = top(cosines, count)
        return found[best].tolist(), cosines[best].tolist()

    def _changed(
        self, direction: Directions, count: int, change: Change
    ) -> tuple[list[int], list[float]]:
        rows, cosines = self._search(direction, _CHANGED)
        if self.autotags is None or np.isnan(self.autotags[rows]).all():
            raise LibraryError(
                f"What is {change.words[0]} is told by the network, which has not heard the files "
                "of this index. Make it again with 'genregenie index', and without --fast."
            )
        best = top(change.fit(np.array(cosines), self.autotags[rows].astype(np.float64)), count)
        return [rows[i] for i in best], [cosines[i] for i in best]

    def _characters(self, rows: list[int], genres: list[str]) -> list[tuple[str, ...]]:
        if self.autotags is None:
            return [()] * len(rows)
        return characters(self.autotags[rows].astype(np.float64), genres)

    def _entries(self, rows: list[int]) -> list[Entry]:
        # Row numbers, not text: nothing from outside is put into the statement.
        numbers = ",".join(str(row + 1) for row in rows)
        columns = ", ".join(self._columns)
        query = f"SELECT number, {columns} FROM tracks WHERE number IN ({numbers})"  # noqa: S608
        found = {row[0]: _entry(row[1:]) for row in _rows(self._tracks, query)}
        try:
            return [found[row + 1] for row in rows]
        except KeyError as error:
            raise LibraryError(
                "The index is damaged. Make it again with 'genregenie index'."
            ) from error


def indexed_paths(folder: Path) -> list[Path]:
    """The files that an index holds, whatever model made it.

    Raises
    ------
    LibraryError
        If that cannot be read.
    """
    rows = _rows(_address(folder), "SELECT path FROM tracks ORDER BY number")
    return [Path(_file(path)) for (path,) in rows]


def fingerprint(likeness: Likeness) -> str:
    """Tells models apart: directions of one mean nothing in another."""
    axes = {} if likeness.axes is None else likeness.axes.arrays()
    digest = hashlib.sha256()
    for array in (likeness.centre, *axes.values()):
        digest.update(np.round(array, 6).tobytes())
    return digest.hexdigest()[:16]


def _file(path: str) -> str:
    named = file_name(path)
    return path if named == path or os.path.lexists(path) else named


def _address(folder: Path) -> str:
    return (folder / TRACKS).absolute().as_uri() + "?mode=ro"


def _entry(row: Sequence[Any]) -> Entry:
    known = dict(zip(COLUMNS, row, strict=False))
    return Entry(**known | {"is_sure": bool(known.get("is_sure"))})


def _rows(tracks: str, query: str, values: Sequence[str] = ()) -> list[tuple[Any, ...]]:
    try:
        connection = sqlite3.connect(tracks, uri=True)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise LibraryError(
            f"The index cannot be read ({error}). Make it again with 'genregenie index'."
        ) from error


def _array(path: Path, big: bool, shape: tuple[int, int]) -> Any:
    array = np.load(path, mmap_mode="r" if big else None, allow_pickle=False)
    if array.shape != shape:
        raise ValueError(_UNFIT)
    return array
