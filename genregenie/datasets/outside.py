"""Music and other sounds from outside the training clips, as they lie beside the project.

What ten genres from one collection teach is too sure of itself on other music. These clips are for
thresholds and for figures; where a licence is open, they may teach weights too.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from genregenie.common.errors import DataError
from genregenie.datasets.sounds import Sound, hear_all

LABELS_CSV: Final = "labels.csv"

_OPEN = re.compile(r"CC0(?! or)|public domain|GPL|CC BY(?:-SA)?(?![-\w])", re.IGNORECASE)
_CLOSED = re.compile(r"not stated|not verified|educational|NC|ND")


@dataclass(frozen=True)
class Outside:
    """Clips from elsewhere.

    Attributes
    ----------
    file, genre, artist, licence : str arrays, shape (n,)
        An empty genre: music of a kind that the ten have no place for, or no music.
    is_music : bool array, shape (n,)
    sounds : tuple of n Sound
    """

    file: NDArray[np.str_]
    genre: NDArray[np.str_]
    artist: NDArray[np.str_]
    licence: NDArray[np.str_]
    is_music: NDArray[np.bool_]
    sounds: tuple[Sound, ...]

    @property
    def is_open(self) -> NDArray[np.bool_]:
        """Whether the licence is clearly CC0, CC BY, CC BY-SA, GPL or public domain."""
        return np.array(
            [bool(_OPEN.search(text)) and not _CLOSED.search(text) for text in self.licence]
        )

    @property
    def groups(self) -> NDArray[np.str_]:
        """What must stay on one side of a split: the artist, else the file, shape (n,)."""
        return np.where(self.artist == "", self.file, self.artist)


def read_outside(folder: Path, jobs: int = -1) -> Outside:
    """Listen to all clips that `LABELS_CSV` in a folder names.

    Raises
    ------
    DataError
        If the list or a clip is missing or cannot be used.
    AutotagError
        If the network cannot be used.
    """
    try:
        labels = pd.read_csv(folder / LABELS_CSV, dtype=str, keep_default_na=False)
        columns = {
            name: labels[name].to_numpy(dtype=np.str_)
            for name in ("file", "kind", "genre_gtzan", "artist", "licence")
        }
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{folder / LABELS_CSV} is no list of clips: {error}") from error
    files = [folder / name for name in columns["file"].tolist()]
    return Outside(
        columns["file"],
        columns["genre_gtzan"],
        columns["artist"],
        columns["licence"],
        columns["kind"] == "music",
        tuple(hear_all(files, jobs)),
    )
