"""One's own library as a place to find neighbours in: a folder that ``genregenie index`` writes.

===================  =====================================================================
``library.json``     format, number of tracks, and which model the vectors belong to
``tracks.sqlite3``   path, artist, title, genre, and what tells whether a file has changed
``vectors.npy``      directions of the vectors, float32, shape (n, 104)
``vectors.faiss``    an inverted file over them, for libraries too big to compare one by one
===================  =====================================================================
"""

import hashlib
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from genregenie.common.arrays import Array
from genregenie.common.errors import GenreGenieError
from genregenie.features.tangent import VECTOR_WIDTH
from genregenie.recommend.acoustic import POOL, Directions, SimilarTrack, as_share, directions, top

FORMAT: Final = 1
LIBRARY_JSON: Final = "library.json"
TRACKS: Final = "tracks.sqlite3"
VECTORS: Final = "vectors.npy"
FAISS: Final = "vectors.faiss"

EXACT_ROWS: Final = 100_000
"""Up to so many rows NumPy compares them all, in a few milliseconds; above, FAISS chooses."""

_LISTS_PROBED: Final = 64
_RERANKED: Final = 4  # the index stores 8 bits a number, so more come out and are compared again


class LibraryError(GenreGenieError):
    """An index that is missing or cannot be used; the message says what helps."""


@dataclass(frozen=True)
class Entry:
    """A file of the library.

    Attributes
    ----------
    path : str
        Absolute.
    size, changed_ns : int
        As of when it was listened to; a file that differs is listened to again.
    """

    path: str
    artist: str
    title: str
    genre: str
    size: int
    changed_ns: int


class Library:
    """An index, opened for reading. Safe to use from many threads."""

    def __init__(
        self, folder: Path, centre: Array, vectors: Directions, faiss_index: Any | None
    ) -> None:
        self._tracks = (folder / TRACKS).absolute().as_uri() + "?mode=ro"
        self._centre = centre
        self._vectors = vectors
        self._faiss = faiss_index

    def __len__(self) -> int:
        return len(self._vectors)

    @classmethod
    def load(cls, folder: Path, centre: Array) -> Self:
        """Open an index.

        Parameters
        ----------
        folder : Path
        centre : array, shape (104,)
            `Acoustic.centre` of the model in use.

        Raises
        ------
        LibraryError
            If there is none, it is damaged, or it was made with another model.
        """
        try:
            header = json.loads((folder / LIBRARY_JSON).read_text(encoding="utf-8"))
            if header["format"] != FORMAT or header["model"] != fingerprint(centre):
                raise LibraryError(
                    f"The index in {folder} was made with another model or version. "
                    "Make it again with 'genregenie index'."
                )
            big = header["tracks"] > EXACT_ROWS
            vectors = np.load(folder / VECTORS, mmap_mode="r" if big else None, allow_pickle=False)
            if vectors.shape != (header["tracks"], VECTOR_WIDTH) or not (folder / TRACKS).exists():
                raise ValueError("its parts do not fit together")
            return cls(folder, centre, vectors, _open_faiss(folder / FAISS) if big else None)
        except FileNotFoundError as error:
            raise LibraryError(
                f"There is no index in {folder}. Make one with 'genregenie index FOLDER'."
            ) from error
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, EOFError) as error:
            raise LibraryError(
                f"The index in {folder} cannot be read ({error}). "
                "Make it again with 'genregenie index'."
            ) from error

    def nearest(self, vector: Array, count: int = POOL) -> list[SimilarTrack]:
        """The files most alike, most alike first; `vector` as for `Acoustic.nearest`.

        Raises
        ------
        LibraryError
        """
        if not vector.size or not len(self):
            return []
        direction = directions(vector[None], self._centre)
        rows, cosines = self._search(direction, count)
        entries = self._entries(rows)
        return [
            SimilarTrack(e.artist, e.title, e.genre, as_share(cosine), e.path)
            for e, cosine in zip(entries, cosines, strict=True)
        ]

    def entries(self) -> list[Entry]:
        """Every file, in the order of `vectors`."""
        return self._read("SELECT path, artist, title, genre, size, changed_ns FROM tracks")

    @property
    def vectors(self) -> Directions:
        """Directions, shape (n, 104)."""
        return self._vectors

    def _search(self, direction: Directions, count: int) -> tuple[list[int], list[float]]:
        if self._faiss is None:
            cosines = self._vectors @ direction[0]
            rows = top(cosines, count)
            return rows, cosines[rows].tolist()
        found = self._faiss.search(direction, _RERANKED * count)[1][0]
        found = np.sort(found[found >= 0])
        cosines = self._vectors[found] @ direction[0]
        best = top(cosines, count)
        return found[best].tolist(), cosines[best].tolist()

    def _entries(self, rows: list[int]) -> list[Entry]:
        # Row numbers, not text: nothing from outside is put into the statement.
        numbers = ",".join(str(row + 1) for row in rows)
        query = "SELECT path, artist, title, genre, size, changed_ns, number FROM tracks"
        found = {
            row[6]: Entry(*row[:6]) for row in self._rows(f"{query} WHERE number IN ({numbers})")
        }
        try:
            return [found[row + 1] for row in rows]
        except KeyError as error:
            raise LibraryError(
                "The index is damaged. Make it again with 'genregenie index'."
            ) from error

    def _read(self, query: str) -> list[Entry]:
        return [Entry(*row) for row in self._rows(f"{query} ORDER BY number")]

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        try:
            connection = sqlite3.connect(self._tracks, uri=True)
            try:
                return connection.execute(query).fetchall()
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise LibraryError(
                f"The index cannot be read ({error}). Make it again with 'genregenie index'."
            ) from error


def write_library(folder: Path, entries: list[Entry], vectors: Directions, centre: Array) -> None:
    """Write an index into an empty folder.

    Parameters
    ----------
    entries : n of them
    vectors : float32 array, shape (n, 104)
        Directions, as `genregenie.recommend.acoustic.directions` makes them.
    """
    connection = sqlite3.connect(folder / TRACKS)
    try:
        connection.execute(
            "CREATE TABLE tracks (number INTEGER PRIMARY KEY, path TEXT, artist TEXT, title TEXT,"
            " genre TEXT, size INTEGER, changed_ns INTEGER)"
        )
        connection.executemany(
            "INSERT INTO tracks VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (i, e.path, e.artist, e.title, e.genre, e.size, e.changed_ns)
                for i, e in enumerate(entries, start=1)
            ),
        )
        connection.commit()
    finally:
        connection.close()
    np.save(folder / VECTORS, vectors, allow_pickle=False)
    if len(vectors) > EXACT_ROWS:
        _write_faiss(folder / FAISS, vectors)
    header = {"format": FORMAT, "tracks": len(entries), "model": fingerprint(centre)}
    (folder / LIBRARY_JSON).write_text(json.dumps(header, indent=2) + "\n", encoding="utf-8")


def fingerprint(centre: Array) -> str:
    """Tells models apart: vectors of one mean nothing in another."""
    return hashlib.sha256(np.round(centre, 6).tobytes()).hexdigest()[:16]


def _write_faiss(path: Path, vectors: Directions) -> None:
    import faiss

    lists = int(2 * np.sqrt(len(vectors)))
    index = faiss.index_factory(vectors.shape[1], f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
    sample = np.random.default_rng(0).choice(
        len(vectors), min(50 * lists, len(vectors)), replace=False
    )
    index.train(np.ascontiguousarray(vectors[np.sort(sample)]))
    for start in range(0, len(vectors), EXACT_ROWS):
        index.add(np.ascontiguousarray(vectors[start : start + EXACT_ROWS]))
    faiss.write_index(index, str(path))


def _open_faiss(path: Path) -> Any:
    import faiss

    if not path.exists():
        raise ValueError(f"{path.name} is missing")
    index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
    index.nprobe = _LISTS_PROBED
    return index
