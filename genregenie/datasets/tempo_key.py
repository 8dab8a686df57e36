"""GTZAN's annotated tempi and keys beside its published spectrograms.

A spectrogram shows both as sound does: its columns pulse, and up to 2 kHz its mel bands are narrow
enough to tell semitones apart.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from genregenie.audio.formats import RATE_HZ
from genregenie.common.arrays import Array
from genregenie.common.errors import DataError
from genregenie.datasets.gtzan import PICTURES_NPZ, STATISTICS_NPZ, picture_levels
from genregenie.datasets.table import Table, read_columns, read_table
from genregenie.features import key, pulse
from genregenie.features.key import Harmony
from genregenie.features.pulse import Pulse
from genregenie.features.slaney import mel_edges_hz
from genregenie.features.temporal import COLUMN_S

ANNOTATIONS_CSV: Final = "tempo_key.csv"

_TONICS: Final = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_KEYS: Final = [f"{tonic} {mode}" for mode in ("major", "minor") for tonic in _TONICS]
"""`genregenie.features.key.KEYS` as the table spells them."""
_BLOCK: Final = round(key.BLOCK_S / COLUMN_S)
_CENTRES_HZ: Final = mel_edges_hz(RATE_HZ, pulse.BANDS)[1:-1]


@dataclass(frozen=True)
class Annotated:
    """Clips with a spectrogram and an annotation.

    Attributes
    ----------
    table : Table
        Of n clips: who they are by.
    pictures : uint8 array, shape (n, 128, 387)
    bpm : float64 array, shape (n,)
        NaN where it is not known.
    keys : int array, shape (n,)
        Places in `genregenie.features.key.KEYS`; -1 where it is not known or changes.
    """

    table: Table
    pictures: NDArray[np.uint8]
    bpm: Array
    keys: NDArray[np.intp]


def read_annotations(path: Path) -> tuple[dict[str, float], dict[str, int]]:
    """Tempi and keys by track, of those clips whose tempo or key is known.

    Raises
    ------
    DataError
        If that is no such table.
    """
    try:
        rows = pd.read_csv(path, dtype={"clip": str, "bpm": float, "key": str}).set_index("clip")
        bpm, keys = rows["bpm"].dropna(), rows["key"].dropna()
        return (
            {str(track): float(value) for track, value in bpm.items()},
            {str(track): _KEYS.index(name) for track, name in keys.items()},
        )
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} is no table of clip, bpm and key: {error}") from error


def read_annotated(folder: Path) -> Annotated:
    """All clips in the folder of GTZAN's tables that have a spectrogram.

    Raises
    ------
    DataError
        If a table is missing or is something else.
    """
    bpm, keys = read_annotations(folder / ANNOTATIONS_CSV)
    columns = read_columns(folder / PICTURES_NPZ)
    pictures = dict(zip(columns["track"].tolist(), columns["mel"], strict=True))
    table = read_table(folder / STATISTICS_NPZ)
    table = table.take(np.array([i for i, t in enumerate(table.track.tolist()) if t in pictures]))
    tracks = table.track.tolist()
    return Annotated(
        table,
        np.array([pictures[track] for track in tracks]),
        np.array([bpm.get(track, np.nan) for track in tracks]),
        np.array([keys.get(track, -1) for track in tracks], np.intp),
    )


def picture_pulse(picture: Array) -> Pulse:
    """How a clip pulses, by its spectrogram or part of it, shape (128, columns)."""
    return Pulse.of(pulse.onsets(picture_levels(picture), 1), COLUMN_S)


def picture_harmony(picture: Array) -> Harmony:
    """What sounds together in a clip, by its spectrogram or part of it, shape (128, columns)."""
    levels = 0.5 * picture_levels(picture)
    levels = levels[: len(levels) // _BLOCK * _BLOCK]
    column, place, level = key.spectral_peaks(levels)
    hz = np.interp(place, np.arange(len(_CENTRES_HZ)), _CENTRES_HZ)
    found = key.histograms(column, key.pitches(hz), np.exp(level), len(levels))
    return Harmony.of(key.blocks(found, _BLOCK))
