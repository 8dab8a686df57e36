"""The clips a visitor can try at once; made by ``scripts/examples``, free for any use (CC0)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from genregenie.common import resources

EXAMPLES_DIR: Final = resources.assets() / "examples"


@dataclass(frozen=True)
class Example:
    """A clip of some 20 s.

    Attributes
    ----------
    name : str
        What the piece is called.
    path : Path
        An MP3.
    caption : str
        What it is written as and for whom, in a few words.
    """

    name: str
    path: Path
    caption: str


EXAMPLES: Final = (
    Example(
        "Harbour Lights",
        EXAMPLES_DIR / "reggae.mp3",
        "Reggae: one-drop, offbeat guitar, organ, saxophone",
    ),
    Example(
        "Corner Table",
        EXAMPLES_DIR / "jazz.mp3",
        "Jazz: a twelve-bar blues with walking bass and trumpet",
    ),
    Example(
        "Allegro in D",
        EXAMPLES_DIR / "classical.mp3",
        "Classical: strings, winds and timpani",
    ),
    Example(
        "Gravel Road",
        EXAMPLES_DIR / "country.mp3",
        "Country: a two-step with banjo and twangy guitars",
    ),
    Example(
        "Mirror Ball",
        EXAMPLES_DIR / "disco.mp3",
        "Disco: four on the floor, octave bass, strings and brass",
    ),
    Example(
        "Iron Tide",
        EXAMPLES_DIR / "metal.mp3",
        "Metal: galloping guitars, double kick, twin leads",
    ),
)
