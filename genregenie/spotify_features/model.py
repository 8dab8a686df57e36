"""The second classifier: a genre from Spotify's audio features, run without scikit-learn."""

import json
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from genregenie.common import settings
from genregenie.common.arrays import Array, ranking
from genregenie.model.model import ModelError
from genregenie.model.scorers import tempered
from genregenie.spotify_features.trees import TreeEnsemble
from genregenie.spotify_features.vectors import (
    RANGES,
    SPOTIFY_COLUMNS,
    nothing_known,
    spotify_vectors,
)

FORMAT: Final = 1
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
    genres : tuple of str
        The order of all confidences.
    usual : array, shape (draws, 10)
        Values that stand in where one is not known: quantiles of each column, in an order of
        its own.
    examples : dict of genre to array, shape (10,)
        The medians of each genre.
    card : dict
        Everything in ``model.json``, for display.
    """

    genres: tuple[str, ...]
    trees: TreeEnsemble
    temperature: float
    usual: Array
    examples: dict[str, Array]
    card: dict[str, Any]

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
        for usual in self.usual:
            filled = np.where(gaps[~whole], usual, rows[~whole])
            confidences[~whole] += self._confidences(filled) / len(self.usual)
        return confidences

    def _confidences(self, rows: Array) -> Array:
        return tempered(self.trees.decisions(spotify_vectors(rows)), self.temperature)

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
            card = json.loads((folder / MODEL_JSON).read_text(encoding="utf-8"))
            if card["format"] != FORMAT or tuple(card["columns"]) != SPOTIFY_COLUMNS:
                raise ModelError(
                    f"The model in {folder} has another format. Make it again with "
                    "'genregenie lab --ship'."
                )
            trees = TreeEnsemble.load(folder / TREES_NPZ)
            if len(trees.baseline) != len(card["genres"]):
                raise ModelError(f"The model in {folder} has other genres than its description.")
            return cls(
                genres=tuple(card["genres"]),
                trees=trees,
                temperature=float(card["temperature"]),
                usual=np.array([card["usual"][c] for c in SPOTIFY_COLUMNS]).T,
                examples={
                    genre: np.array([values[c] for c in SPOTIFY_COLUMNS])
                    for genre, values in card["examples"].items()
                },
                card=card,
            )
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
