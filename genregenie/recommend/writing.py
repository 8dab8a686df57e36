"""How an index is written: by one process at a time, all or nothing, keeping what was heard."""

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from genregenie.common.arrays import Array
from genregenie.common.files import remove_drafts, replacing_folder
from genregenie.common.formatting import reason
from genregenie.model.likeness import Directions, Likeness
from genregenie.recommend.acoustic import track_key
from genregenie.recommend.inverted_file import write_inverted_file
from genregenie.recommend.library_index import (
    AUTOTAGS,
    COLUMNS,
    EXACT_ROWS,
    FAISS,
    FORMAT,
    LIBRARY_JSON,
    TRACKS,
    VECTORS,
    Entry,
    Library,
    LibraryError,
    fingerprint,
)


@dataclass(frozen=True)
class Track:
    """All that an index holds of a file.

    Attributes
    ----------
    entry : Entry
    direction : float32 array, shape (width,)
    autotags : array, shape (50,)
        NaN where the network has not heard it.
    """

    entry: Entry
    direction: Directions
    autotags: NDArray[np.floating]

    def is_as_it_was(self, status: os.stat_result, *, fast: bool) -> bool:
        """Whether a file is unchanged, and nothing more would be heard in it now."""
        same = (self.entry.size, self.entry.changed_ns) == (status.st_size, status.st_mtime_ns)
        return same and (fast or not np.isnan(self.autotags).any())


@contextlib.contextmanager
def only_writer(index: Path) -> Iterator[None]:
    """While it lasts no other process writes this index; within one process it may be nested.

    Raises
    ------
    LibraryError
        If another process is at it, or the folder cannot be written.
    """
    place = index.absolute()
    lock = FileLock(place.with_name(f".{place.name}.lock"), timeout=0, is_singleton=True)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise LibraryError(
            f"Another genregenie is writing the index in {index}. Wait for it, or stop it."
        ) from error
    except OSError as error:
        raise LibraryError(
            f"The index cannot be written to {index}: {reason(error)}. Choose another --output."
        ) from error
    try:
        if lock.lock_counter == 1:
            remove_drafts(place)
        yield
    finally:
        lock.release()


def known_tracks(index: Path, likeness: Likeness) -> dict[str, Track]:
    """What an index holds, and what was set aside for it, by path; nothing that cannot be used."""
    return _tracks(index, likeness) | _tracks(_aside(index), likeness)


def replace_index(index: Path, tracks: Sequence[Track], likeness: Likeness) -> None:
    """Write an index in the place of the last one; what was set aside is in it, and goes.

    Raises
    ------
    LibraryError
        If it cannot be written.
    """
    _write(index, tracks, likeness)
    shutil.rmtree(_aside(index), ignore_errors=True)


def set_aside(index: Path, tracks: Sequence[Track], likeness: Likeness) -> None:
    """Keep what was heard for an index that is not finished, beside it.

    Raises
    ------
    LibraryError
        If it cannot be written.
    """
    known = _tracks(_aside(index), likeness) | {track.entry.path: track for track in tracks}
    _write(_aside(index), list(known.values()), likeness)


def write_library(
    folder: Path,
    entries: list[Entry],
    directions: Directions,
    autotags: Array | NDArray[np.float16],
    likeness: Likeness,
) -> None:
    """Write an index into an empty folder.

    Parameters
    ----------
    folder : Path
    entries : n of them
    directions : float32 array, shape (n, width)
        By `likeness`.
    autotags : array, shape (n, 50)
        Probabilities of their tags; NaN in the row of a file that the network has not heard.
    likeness : Likeness
        Of the model in use.
    """
    connection = sqlite3.connect(folder / TRACKS)
    try:
        connection.execute(
            "CREATE TABLE tracks (number INTEGER PRIMARY KEY, path TEXT, artist TEXT, title TEXT,"
            " genre TEXT, size INTEGER, changed_ns INTEGER, is_sure INTEGER, confidence REAL,"
            " duration_s REAL, tempo_bpm REAL, musical_key TEXT, year INTEGER, key TEXT)"
        )
        connection.executemany(
            f"INSERT INTO tracks VALUES (?{', ?' * (len(COLUMNS) + 1)})",  # noqa: S608
            (
                (i, *astuple(entry), track_key(entry.artist, entry.title))
                for i, entry in enumerate(entries, start=1)
            ),
        )
        connection.execute("CREATE INDEX keys ON tracks (key)")
        connection.commit()
    finally:
        connection.close()
    np.save(folder / VECTORS, directions, allow_pickle=False)
    np.save(folder / AUTOTAGS, autotags.astype(np.float16), allow_pickle=False)
    if len(directions) > EXACT_ROWS:
        write_inverted_file(folder / FAISS, directions)
    header = {"format": FORMAT, "tracks": len(entries), "model": fingerprint(likeness)}
    (folder / LIBRARY_JSON).write_text(json.dumps(header, indent=2) + "\n", encoding="utf-8")


def _aside(index: Path) -> Path:
    return index.with_name(f".{index.name}.heard")


def _tracks(folder: Path, likeness: Likeness) -> dict[str, Track]:
    try:
        library = Library.load(folder, likeness)
        if not library.is_current or library.autotags is None:
            return {}
        return {
            entry.path: Track(entry, np.array(direction), np.array(autotags))
            for entry, direction, autotags in zip(
                library.entries(), library.directions, library.autotags, strict=True
            )
        }
    except (LibraryError, ValueError):
        return {}


def _write(folder: Path, tracks: Sequence[Track], likeness: Likeness) -> None:
    directions = np.array([track.direction for track in tracks], dtype=np.float32)
    autotags = np.array([track.autotags for track in tracks])
    try:
        with replacing_folder(folder) as fresh:
            write_library(fresh, [track.entry for track in tracks], directions, autotags, likeness)
    except OSError as error:
        raise LibraryError(
            f"The index cannot be written to {folder}: {reason(error)}. Choose another --output."
        ) from error
