"""What the ``model.json`` of the Spotify-features model says, as records."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np

from genregenie.common.arrays import Array
from genregenie.model.metadata import FormatError
from genregenie.spotify_features.vectors import SPOTIFY_COLUMNS

FORMAT: Final = 1


@dataclass(frozen=True)
class HeldOut:
    """How good the model is on rows whose feature vectors it had not seen.

    Attributes
    ----------
    accuracy, macro_f1, top3, top5, ece : float
    rows : int
    ceiling : float
        The best accuracy possible on them, since equal rows may carry several genres.
    """

    accuracy: float
    macro_f1: float
    top3: float
    top5: float
    ece: float
    rows: int
    ceiling: float


@dataclass(frozen=True)
class TrainedOn:
    """The table that the model was fitted to, and what was typed to do so.

    Attributes
    ----------
    rows, vectors, vectors_of_several_genres : int
    ceiling : float
    command : str
    """

    rows: int
    vectors: int
    vectors_of_several_genres: int
    ceiling: float
    command: str


@dataclass(frozen=True)
class Metadata:
    """All of it.

    Attributes
    ----------
    genres : tuple of k str
        The order of all confidences.
    temperature : float
    usual : array, shape (draws, 10)
        Values that stand in where one is not known: quantiles of each column, in an order of
        its own.
    examples : dict of genre to array, shape (10,)
        The medians of each genre.
    held_out : HeldOut
    trained_on : TrainedOn
    settings : dict
        Of the estimator, by the names of its parameters.
    versions : dict of str to str
        Of the libraries it was made with.
    """

    genres: tuple[str, ...]
    temperature: float
    usual: Array
    examples: dict[str, Array]
    held_out: HeldOut
    trained_on: TrainedOn
    settings: dict[str, Any]
    versions: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {
            "format": FORMAT,
            "genres": list(self.genres),
            "columns": list(SPOTIFY_COLUMNS),
            "temperature": self.temperature,
            "usual": _by_column(self.usual.T),
            "examples": {genre: _by_column(values) for genre, values in self.examples.items()},
            "held_out": asdict(self.held_out),
            "trained_on": asdict(self.trained_on),
            "settings": self.settings,
            "versions": self.versions,
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """What `to_dict` gave.

        Raises
        ------
        FormatError
        KeyError, TypeError, ValueError
            If it is no such description.
        """
        if fields["format"] != FORMAT or tuple(fields["columns"]) != SPOTIFY_COLUMNS:
            raise FormatError("another format")
        return cls(
            genres=tuple(fields["genres"]),
            temperature=float(fields["temperature"]),
            usual=_array(fields["usual"]).T,
            examples={genre: _array(values) for genre, values in fields["examples"].items()},
            held_out=HeldOut(**fields["held_out"]),
            trained_on=TrainedOn(**fields["trained_on"]),
            settings=dict(fields["settings"]),
            versions=dict(fields["versions"]),
        )


def _by_column(values: Array) -> dict[str, Any]:
    return dict(zip(SPOTIFY_COLUMNS, values.tolist(), strict=True))


def _array(columns: Mapping[str, Any]) -> Array:
    return np.array([columns[column] for column in SPOTIFY_COLUMNS])
