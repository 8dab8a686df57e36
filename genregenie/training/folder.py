"""A folder of genres, analysed into a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

from genregenie.audio import AudioError, AudioFile
from genregenie.features import Array, Statistics, as_row, statistics
from genregenie.library.walk import Trouble, walk
from genregenie.table import DataError, Table

Progress = Callable[[int, int, str], None]
"""Called with how many are done, how many there are, and what was done last."""


@dataclass(frozen=True)
class Skipped:
    """A file that could not be used, and why."""

    path: Path
    reason: str


def read_folder(
    folder: Path, jobs: int = -1, progress: Progress | None = None
) -> tuple[Table, list[Skipped]]:
    """Analyse a folder laid out as ``<genre>/<audio files>``.

    Sub-folders of a genre are searched too. The artist is the file's tag; without one, each
    file is its own artist.

    Raises
    ------
    DataError
        If there are fewer than two genres with usable files.
    """
    files, skipped = _audio_files(folder)
    results = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(_analyse)(path) for path, _ in files
    )
    found: list[tuple[str, str, str, str, Array]] = []
    for done, ((path, genre), result) in enumerate(zip(files, results, strict=True), start=1):
        if isinstance(result, str):
            skipped.append(Skipped(path, result))
        else:
            stats, artist, title = result
            name = str(path.relative_to(folder))
            found.append((name, genre, artist or "", title or path.stem, as_row(stats)))
        if progress is not None:
            progress(done, len(files), path.name)
    if len({genre for _, genre, *_ in found}) < 2:
        raise DataError(
            f"{folder} holds fewer than two genres with usable audio. "
            "Lay it out as one sub-folder for each genre, with audio files in each."
        )
    columns = list(zip(*found, strict=True))
    tracks, genres, artists, titles = (np.array(column, dtype=np.str_) for column in columns[:4])
    fold = np.full(len(found), "", dtype=np.str_)
    return Table(tracks, genres, artists, titles, fold, np.array(columns[4])), skipped


def _audio_files(folder: Path) -> tuple[Sequence[tuple[Path, str]], list[Skipped]]:
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}.")
    found, skipped = [], []
    for entry in walk([str(folder)]):
        path = Path(entry.path)
        if isinstance(entry, Trouble):
            skipped.append(Skipped(path, entry.reason))
        elif path.parent != folder:
            found.append((path, path.relative_to(folder).parts[0]))
    return found, skipped


def _analyse(path: Path) -> tuple[Statistics, str | None, str | None] | str:
    """Statistics, artist and title of a file, or the sentence that says why not."""
    try:
        with AudioFile(path) as audio:
            stats = sum((statistics(s.blocks) for s in audio.stretches()), Statistics.empty())
            return stats, audio.artist, audio.title
    except AudioError as error:
        return str(error)
