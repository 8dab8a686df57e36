"""GTZAN's 709 clips with all that is known of each: timbre, movement in time, autotags.

Three published tables are put together by track. Whatever audio of the clips lies beside them
fills in what they lack, by the same way that a file takes when it is classified.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from genregenie.autotag.vocabulary import TAGS
from genregenie.common.arrays import Array
from genregenie.common.errors import DataError
from genregenie.datasets.sounds import Sound, hear_all
from genregenie.datasets.table import Table, read_columns, read_table
from genregenie.features.temporal import GROUPS, TEMPORAL_WIDTH, ModulationSpectrum

STATISTICS_NPZ: Final = "mfcc_statistics.npz"
TAGGRAMS_NPZ: Final = "musicnn_taggrams.npz"
PICTURES_NPZ: Final = "mel_spectrograms.npz"

_PICTURE_RANGE_DB: Final = 80.0
_NATURAL: Final = np.log(10) / 10  # from dB
_MIN_PAIRS: Final = 10


def read_gtzan(folder: Path, jobs: int = -1, say: Callable[[str], None] = lambda _: None) -> Table:
    """The table of statistics in a folder, with what else lies beside it.

    Parameters
    ----------
    folder : Path
        With `STATISTICS_NPZ`, and perhaps the other tables and ``audio/*/*.flac``.
    jobs : int
        Processes; -1 for one per core.
    say : called with a line of text now and then

    Raises
    ------
    DataError
        If a table is missing or is something else.
    AutotagError
        If there is audio and the network cannot be used.
    """
    table = read_table(folder / STATISTICS_NPZ)
    whole, parts = listen(folder / "audio", jobs)
    autotags = _published_autotags(folder / TAGGRAMS_NPZ, table)
    for number, track in enumerate(table.track.tolist()):
        sound = whole.get(track) or parts.get(track)
        if sound is not None and np.isnan(autotags[number]).any():
            autotags[number] = sound.autotags
    heard = int((~np.isnan(autotags[:, 0])).sum())
    temporal = _from_pictures(folder / PICTURES_NPZ, table, whole)
    say(
        f"The network has heard {heard} of {len(table)} clips; "
        f"movement in time is known of {int((~np.isnan(temporal[:, 0])).sum())}."
    )
    return replace(
        table,
        autotags=None if np.isnan(autotags).all() else autotags,
        temporal=None if np.isnan(temporal).all() else temporal,
    )


def listen(folder: Path, jobs: int = -1) -> tuple[dict[str, Sound], dict[str, Sound]]:
    """What whole clips, and the beginnings of others, sound like, by track.

    Raises
    ------
    DataError
        If a clip cannot be used.
    AutotagError
        If the network cannot be used.
    """
    files = sorted(folder.glob("*/*.flac"))
    whole: dict[str, Sound] = {}
    parts: dict[str, Sound] = {}
    for path, sound in zip(files, hear_all(files, jobs), strict=True):
        track = ".".join(path.name.split(".")[:2])
        (whole if path.parent.name == "full" else parts)[track] = sound
    return whole, parts


def _published_autotags(path: Path, table: Table) -> Array:
    """Mean probabilities, shape (n, 50), NaN where nothing was published."""
    means = np.full((len(table), TAGS), np.nan)
    if path.exists():
        columns = read_columns(path)
        for number, track in enumerate(table.track.tolist()):
            seconds = columns["tags"][columns["track"] == track]
            if len(seconds):
                means[number] = seconds.mean(axis=0)
    return means


def _from_pictures(path: Path, table: Table, whole: dict[str, Sound]) -> Array:
    """Modulation spectra, shape (n, 64), as they would be had the clips been heard.

    A picture's columns see through a longer window than frames do, so its spectra lie somewhat
    apart from those of the sound; by how much is learnt from the clips of which there are both.
    """
    rows = np.full((len(table), TEMPORAL_WIDTH), np.nan)
    if not path.exists():
        return rows
    columns = read_columns(path)
    pictures = dict(zip(columns["track"].tolist(), columns["mel"], strict=True))
    for number, track in enumerate(table.track.tolist()):
        if track in pictures:
            rows[number] = picture_spectrum(pictures[track]).row
    both = [i for i, track in enumerate(table.track.tolist()) if track in whole]
    if len(both) < _MIN_PAIRS:
        raise DataError(
            f"{path} needs the sound of {_MIN_PAIRS} of its clips beside it, in audio/full."
        )
    heard = np.array([whole[table.track[i]].temporal for i in both])
    return np.asarray(rows + np.nanmean(heard - rows[both], axis=0))


def picture_spectrum(picture: Array) -> ModulationSpectrum:
    """The modulation spectrum of a published spectrogram.

    Parameters
    ----------
    picture : uint8 array, shape (128, columns)
        Log-mel power, lowest band first, 0 to 255 for -80 to 0 dB.
    """
    levels = picture_levels(picture)
    groups = levels.reshape(len(levels), GROUPS, -1).mean(axis=2)
    return ModulationSpectrum.of(groups)


def picture_levels(picture: Array) -> Array:
    """Natural logarithms of the power in each band, shape (columns, 128), of such a spectrogram."""
    return np.asarray(picture.T * (_PICTURE_RANGE_DB / 255 * _NATURAL))
