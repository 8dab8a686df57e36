"""A folder of genres, analysed into a table."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genregenie.audio.parallel import in_processes
from genregenie.audio.scan import Skipped, files_in
from genregenie.autotag.network import check_installed
from genregenie.common.errors import AudioError, DataError
from genregenie.datasets.artists import Clip, credits_of
from genregenie.datasets.sounds import Sound, hear
from genregenie.datasets.table import Table
from genregenie.features.tangent import as_row

Progress = Callable[[int, int, str], None]
"""Called with how many are done, how many there are, and what was done last."""


def read_folder(
    folder: Path, jobs: int = -1, progress: Progress | None = None, *, fast: bool = False
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
    fast : bool
        Leave the network out.

    Returns
    -------
    Table, and a list of Skipped
        The clips, and the files that could not be used.

    Raises
    ------
    DataError
        If there are fewer than two genres with usable files.
    AutotagError
        If the network is wanted and cannot be used.
    """
    files, skipped = _audio_files(folder)
    if not fast:
        check_installed()  # without it no process needs to start
    results = in_processes(partial(hear, fast=fast), files, jobs)
    clips: list[Clip] = []
    sounds: list[Sound] = []
    for done, (path, result) in enumerate(zip(files, results, strict=True), start=1):
        if isinstance(result, AudioError):
            skipped.append(Skipped(str(path), str(result)))
        else:
            clips.append(Clip(path.relative_to(folder), result.tags))
            sounds.append(result)
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
        rows=np.array([as_row(sound.statistics) for sound in sounds]),
        album=text(credit.album for credit in found),
        origin=text(credit.origin for credit in found),
        autotags=None if fast else np.array([sound.autotags for sound in sounds]),
        temporal=np.array([sound.temporal for sound in sounds]),
    )
    return table, skipped


def _audio_files(folder: Path) -> tuple[list[Path], list[Skipped]]:
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}.")
    found, skipped = files_in(folder)
    return [path for path in found if path.parent != folder], skipped
