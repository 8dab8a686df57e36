"""A folder of genres, analysed into a table."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genregenie.audio import AudioError, AudioFile
from genregenie.audio.parallel import in_processes
from genregenie.audio.scan import Skipped, files_in
from genregenie.common.arrays import Array
from genregenie.common.errors import DataError
from genregenie.datasets.artists import Clip, Tags, credits_of
from genregenie.datasets.table import Table
from genregenie.features.statistics import Statistics, statistics
from genregenie.features.tangent import as_row

Progress = Callable[[int, int, str], None]
"""Called with how many are done, how many there are, and what was done last."""


def read_folder(
    folder: Path, jobs: int = -1, progress: Progress | None = None
) -> tuple[Table, list[Skipped]]:
    """Analyse a folder laid out as ``<genre>/<audio files>``.

    Sub-folders of a genre are searched too. Who a file is by, as far as its tags, its folders and
    its name say, is for `genregenie.datasets.artists.credits_of`.

    Parameters
    ----------
    folder : Path
    jobs : int
        Processes; -1 for one per core.
    progress : callable, optional
        Called after each file.

    Returns
    -------
    Table, and a list of Skipped
        The clips, and the files that could not be used.

    Raises
    ------
    DataError
        If there are fewer than two genres with usable files.
    """
    files, skipped = _audio_files(folder)
    results = in_processes(_analyse, files, jobs)
    clips: list[Clip] = []
    rows: list[Array] = []
    for done, (path, result) in enumerate(zip(files, results, strict=True), start=1):
        if isinstance(result, AudioError):
            skipped.append(Skipped(str(path), str(result)))
        else:
            stats, tags = result
            clips.append(Clip(path.relative_to(folder), tags))
            rows.append(as_row(stats))
        if progress is not None:
            progress(done, len(files), path.name)
    if len({clip.genre for clip in clips}) < 2:
        raise DataError(
            f"{folder} holds fewer than two genres with usable audio. "
            "Lay it out as one sub-folder for each genre, with audio files in each."
        )
    found = credits_of(clips)

    def text(values: Iterable[str]) -> NDArray[np.str_]:
        return np.array(list(values), dtype=np.str_)

    table = Table(
        track=text(str(clip.path) for clip in clips),
        genre=text(clip.genre for clip in clips),
        artist=text(credit.artist for credit in found),
        title=text(clip.tags.title or clip.path.stem for clip in clips),
        fold=text("" for _ in clips),
        rows=np.array(rows),
        album=text(credit.album for credit in found),
        origin=text(credit.origin for credit in found),
    )
    return table, skipped


def _audio_files(folder: Path) -> tuple[list[Path], list[Skipped]]:
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}.")
    found, skipped = files_in(folder)
    return [path for path in found if path.parent != folder], skipped


def _analyse(path: Path) -> tuple[Statistics, Tags]:
    with AudioFile(path) as audio:
        stats = sum((statistics(s.blocks) for s in audio.stretches()), Statistics.empty())
        return stats, Tags(audio.track_artist, audio.album_artist, audio.album, audio.title)
