"""The ten genres of GTZAN, in the order that every array of confidences follows."""

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
