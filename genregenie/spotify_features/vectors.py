"""The Spotify table's columns, and the vector that the shipped classifier sees."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from genregenie.common.arrays import Array

SPOTIFY_COLUMNS: Final = (
    "danceability",
    "energy",
    "key",
    "mode",
    "speechiness",
    "acousticness",
    "liveness",
    "valence",
    "tempo",
    "duration_ms",
)

SOUND_COLUMNS: Final = tuple(column for column in SPOTIFY_COLUMNS if column != "duration_ms")
"""Those that say what a track sounds like; its length alone says nothing."""

RANGES: Final = {
    "danceability": (0.0, 1.0),
    "energy": (0.0, 1.0),
    "key": (0.0, 11.0),
    "mode": (0.0, 1.0),
    "speechiness": (0.0, 1.0),
    "acousticness": (0.0, 1.0),
    "liveness": (0.0, 1.0),
    "valence": (0.0, 1.0),
    "tempo": (20.0, 300.0),
    "duration_ms": (1_000.0, 36_000_000.0),
}
"""What a value can be."""

_BARS_OF: Final = 16.0


def nothing_known(rows: Array) -> NDArray[np.bool_]:
    """Which rows, shape (n, 10), hold nothing that says what the track sounds like."""
    sound = [SPOTIFY_COLUMNS.index(column) for column in SOUND_COLUMNS]
    return np.asarray(np.isnan(rows[:, sound]).all(axis=1))


def spotify_vectors(rows: Array) -> Array:
    """What the numbers of Spotify's table imply, beside the numbers themselves.

    Tracks made on a grid have a tempo of almost exactly a whole number and a length of whole
    bars, so how far both are from that tells a sequencer from a band; half and double tempo are
    the same music; and key and mode are one thing.

    Parameters
    ----------
    rows : array, shape (n, 10)
        In the order of `SPOTIFY_COLUMNS`.

    Returns
    -------
    array, shape (n, 18)
    """
    key, mode, tempo, duration_ms = (
        rows[:, SPOTIFY_COLUMNS.index(c)] for c in ("key", "mode", "tempo", "duration_ms")
    )
    off_grid = tempo - np.round(tempo)
    beats = duration_ms * tempo / 60_000
    phrases = beats / _BARS_OF
    return np.column_stack(
        [
            rows,
            np.abs(off_grid),
            np.round(tempo),
            np.where(tempo < 110, 2 * tempo, tempo),
            2 * key + mode,
            beats,
            off_grid,
            np.abs(phrases - np.round(phrases)),
            duration_ms / 1_000 - np.round(duration_ms / 1_000),
        ]
    )
