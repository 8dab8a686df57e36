"""Listens to a folder of music and writes an index of it; `library_index` searches that."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from genregenie.audio import AudioError
from genregenie.audio.scan import Skipped, files_in
from genregenie.common.files import replacing_folder
from genregenie.common.formatting import reason, valid_text
from genregenie.features.tangent import VECTOR_WIDTH
from genregenie.inference.batch import classify_many
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Prediction
from genregenie.recommend.acoustic import Acoustic, Directions, directions
from genregenie.recommend.library_index import (
    LIBRARY_JSON,
    Entry,
    Library,
    LibraryError,
    write_library,
)

FOLDER_NAME: Final = "genregenie-index"

Progress = Callable[[int, int, str], None]
"""Called with how many are done, how many there are, and what was done last."""


@dataclass(frozen=True)
class Indexed:
    """What an index was made of.

    Attributes
    ----------
    path : Path
    tracks, unchanged : int
        In the index, and how many of them were not listened to again.
    skipped : tuple of Skipped
    """

    path: Path
    tracks: int
    unchanged: int
    skipped: tuple[Skipped, ...]


def index_folder(
    folder: Path, output: Path | None = None, jobs: int = -1, progress: Progress | None = None
) -> Indexed:
    """Index every audio file below a folder; files listened to before are not heard again.

    Parameters
    ----------
    folder : Path
    output : Path, optional
        Where the index goes; by default ``genregenie-index`` in `folder`.
    jobs : int
        Processes; -1 takes one per core.

    Raises
    ------
    LibraryError
        If there is nothing to index, or `output` holds something else.
    ModelError
    """
    acoustic = Acoustic(Classifier.load().model.catalogue)
    folder = folder.absolute()
    output = (output or folder / FOLDER_NAME).absolute()
    _check_output(output)
    files, skipped = _files(folder, output)
    known = _known(output, acoustic)

    entries: list[Entry] = []
    rows: list[Directions] = []
    new: list[tuple[Path, os.stat_result]] = []
    for path in files:
        try:
            status = path.stat()
        except OSError as error:
            skipped.append(Skipped(str(path), f"This file cannot be read: {reason(error)}."))
            continue
        entry, direction = known.get(str(path), (None, None))
        if entry and direction is not None and _unchanged(entry, status):
            entries.append(entry)
            rows.append(direction)
        else:
            new.append((path, status))
    unchanged = len(entries)

    results = classify_many([path for path, _ in new], jobs=jobs)
    for done, ((path, status), result) in enumerate(zip(new, results, strict=True), start=1):
        if isinstance(result, AudioError):
            skipped.append(Skipped(str(path), str(result)))
        elif result.genre is None:
            skipped.append(Skipped(str(path), "This does not sound like music."))
        else:
            entries.append(_entry(path, result, status))
            rows.append(directions(result.vector[None], acoustic.centre)[0])
        if progress is not None:
            progress(done, len(new), path.name)
    if not entries:
        raise LibraryError(f"{folder} holds no music that GenreGenie can read.")
    vectors = np.array(rows, dtype=np.float32).reshape(-1, VECTOR_WIDTH)
    _replace(output, entries, vectors, acoustic)
    return Indexed(output, len(entries), unchanged, tuple(skipped))


def _check_output(output: Path) -> None:
    if output.exists() and not (output / LIBRARY_JSON).exists():
        raise LibraryError(f"{output} exists and is not an index. Choose another --output.")


def _files(folder: Path, output: Path) -> tuple[list[Path], list[Skipped]]:
    if not folder.is_dir():
        raise LibraryError(f"There is no folder {folder}.")
    everything, skipped = files_in(folder)
    found = [path for path in everything if output not in path.parents]
    if not found:
        raise LibraryError(f"{folder} holds no audio files.")
    return found, skipped


def _known(output: Path, acoustic: Acoustic) -> dict[str, tuple[Entry, Directions]]:
    """What the last index holds; nothing if there is none that can be used."""
    try:
        library = Library.load(output, acoustic.centre)
        return {
            entry.path: (entry, np.array(row))
            for entry, row in zip(library.entries(), library.vectors, strict=True)
        }
    except (LibraryError, ValueError):
        return {}


def _unchanged(entry: Entry, status: os.stat_result) -> bool:
    return (entry.size, entry.changed_ns) == (status.st_size, status.st_mtime_ns)


def _entry(path: Path, result: Prediction, status: os.stat_result) -> Entry:
    # Names of files need not be valid text; SQLite wants text.
    readable = valid_text(str(path))
    title = result.title or Path(readable).stem
    genre = result.genre or ""
    return Entry(readable, result.artist or "", title, genre, status.st_size, status.st_mtime_ns)


def _replace(output: Path, entries: list[Entry], vectors: Directions, acoustic: Acoustic) -> None:
    try:
        with replacing_folder(output) as fresh:
            write_library(fresh, entries, vectors, acoustic.centre)
    except OSError as error:
        raise LibraryError(
            f"The index cannot be written to {output}: {reason(error)}. Choose another --output."
        ) from error
