"""The ten genres of GTZAN, in the order that every array of confidences follows."""

from collections.abc import Mapping
from typing import Final

GENRES: Final[tuple[str, ...]] = (
    "blues",
    "classical",
    "country",
    "disco",
    "hiphop",
    "jazz",
    "metal",
    "pop",
    "reggae",
    "rock",
)

_DISPLAY = {"hiphop": "Hip-hop"}


def display_name(genre: str) -> str:
    """How a genre is written for people: ``"hiphop"`` becomes ``"Hip-hop"``."""
    return _DISPLAY.get(genre, genre.replace("_", " ").capitalize())


def ranked(confidences: Mapping[str, float]) -> list[tuple[str, float]]:
    """Genres and confidences, the highest first; equal ones as they come, in the model's order.

    Examples
    --------
    >>> ranked({"blues": 0.2, "jazz": 0.6, "rock": 0.2})
    [('jazz', 0.6), ('blues', 0.2), ('rock', 0.2)]
    """
    return sorted(confidences.items(), key=lambda item: -item[1])
