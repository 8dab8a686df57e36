"""The second classifier: a genre from Spotify's audio features, run without scikit-learn."""

import json
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Self

import numpy as np

from genregenie.common import settings
from genregenie.common.arrays import Array, ranking
from genregenie.model.metadata import FormatError
from genregenie.model.model import ModelError
from genregenie.model.scorers import tempered
from genregenie.spotify_features.metadata import Metadata
from genregenie.spotify_features.trees import TreeEnsemble
from genregenie.spotify_features.vectors import (
    RANGES,
    SPOTIFY_COLUMNS,
    nothing_known,
    spotify_vectors,
)

NAME: Final = "spotify"
MODEL_JSON: Final = "model.json"
TREES_NPZ: Final = "arrays.npz"
TOP: Final = 5

_DISPLAY: Final = {
    "dnb": "Drum and bass",
    "Hiphop": "Hip-hop",
    "RnB": "R&B",
    "techhouse": "Tech house",
    "trap": "Trap (EDM)",
}


def display_name(genre: str) -> str:
    """How one of this classifier's genres is written for people."""
    return _DISPLAY.get(genre, genre if genre[:1].isupper() else genre.capitalize())


@dataclass(frozen=True)
class FeatureVerdict:
    """The likeliest genres of a track, and what had to be filled in to name them.

    Attributes
    ----------
    top : tuple of (str, float)
        `TOP` genres and their confidences, the most confident first; none if nothing is known of
        the sound.
    imputed : tuple of str
        Columns that were not known and were filled in.
    """

    top: tuple[tuple[str, float], ...]
    imputed: tuple[str, ...]

    @property
    def genre(self) -> str | None:
        """The likeliest genre; None if nothing is known of the sound."""
        return self.top[0][0] if self.top else None

    @property
    def confidence(self) -> float:
        """The confidence in it."""
        return self.top[0][1] if self.top else 0.0


@dataclass(frozen=True)
class SpotifyModel:
    """The classifier, ready to answer. Safe to use from many threads.

    Attributes
    ----------
    metadata : Metadata
        What ``model.json`` says.
    trees : TreeEnsemble
    """

    metadata: Metadata
    trees: TreeEnsemble

    @property
    def genres(self) -> tuple[str, ...]:
        """The order of all confidences."""
        return self.metadata.genres

    @property
    def examples(self) -> dict[str, Array]:
        """The medians of each genre, arrays of shape (10,)."""
        return self.metadata.examples

    def confidences(self, rows: Array) -> Array:
        """Calibrated confidences, shape (n, 15), of rows in the order of `SPOTIFY_COLUMNS`.

        NaN is a value that is not known; one beyond what is possible counts as the nearest that is.
        """
        low, high = np.array([RANGES[column] for column in SPOTIFY_COLUMNS]).T
        rows = np.clip(np.asarray(rows, dtype=np.float64), low, high)
        confidences = np.zeros((len(rows), len(self.genres)))
        gaps = np.isnan(rows)
        whole = ~gaps.any(axis=1)
        confidences[whole] = self._confidences(rows[whole])
        # A single stand-in would be taken at its word; the mean over many is as unsure as it is.
        draws = self.metadata.usual
        for usual in draws:
            filled = np.where(gaps[~whole], usual, rows[~whole])
            confidences[~whole] += self._confidences(filled) / len(draws)
        return confidences

    def _confidences(self, rows: Array) -> Array:
        return tempered(self.trees.decisions(spotify_vectors(rows)), self.metadata.temperature)

    def judge(self, rows: Array) -> list[FeatureVerdict]:
        """A verdict for each row; one of which nothing is known gets no genre."""
        unknown = nothing_known(np.asarray(rows, dtype=np.float64)).tolist()
        confidences = self.confidences(rows)
        order = ranking(confidences)
        return [
            FeatureVerdict((), ())
            if gap
            else FeatureVerdict(
                tuple((self.genres[i], float(own[i])) for i in best[:TOP].tolist()),
                tuple(c for c, v in zip(SPOTIFY_COLUMNS, row, strict=True) if np.isnan(v)),
            )
            for own, best, row, gap in zip(confidences, order, rows.tolist(), unknown, strict=True)
        ]

    @classmethod
    def load(cls, folder: Path | None = None) -> Self:
        """Read a model folder.

        Raises
        ------
        ModelError
            If it is missing, incomplete, or written in another format.
        """
        folder = folder or settings.trained(NAME)
        try:
            text = (folder / MODEL_JSON).read_text(encoding="utf-8")
            metadata = Metadata.from_dict(json.loads(text))
            trees = TreeEnsemble.load(folder / TREES_NPZ)
            if len(trees.baseline) != len(metadata.genres):
                raise ModelError(f"The model in {folder} has other genres than its description.")
            return cls(metadata, trees)
        except FormatError as error:
            raise ModelError(
                f"The model in {folder} has another format. Make it again with "
                "'genregenie lab --ship'."
            ) from error
        except FileNotFoundError as error:
            raise ModelError(
                f"There is no Spotify-features model in {folder}. Make one with "
                "'genregenie lab --ship'."
            ) from error
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise ModelError(f"The model in {folder} cannot be read: {error}") from error


@cache
def shipped() -> SpotifyModel:
    """The shipped classifier, loaded once per process.

    Raises
    ------
    ModelError
    """
    return SpotifyModel.load()
