"""A colour for each genre, the same in every bar, plot and list, and shades to write on."""

from typing import Final

from genregenie.common.genres import GENRES

OTHERS: Final = "#9ca3af"
"""Grey: for genres that a plot does not name one by one, and for those without a colour."""

# Ten hues that stay apart for most eyes, none lighter than the background needs.
_COLOURS: Final = dict(
    zip(
        GENRES,
        (
            "#3b6fd4",  # blues
            "#8e6bbf",  # classical
            "#b5793a",  # country
            "#d6569b",  # disco
            "#e0712c",  # hip-hop
            "#2a9d8f",  # jazz
            "#6b7280",  # metal
            "#d64550",  # pop
            "#3f9b46",  # reggae
            "#a68a1d",  # rock
        ),
        strict=True,
    )
)
_SHADES: Final = (7.0, 13.0)  # against white; text needs 4.5 (WCAG AA)
_STEPS: Final = 200


def colour(genre: str) -> str:
    """The colour of a genre, such as ``"#2a9d8f"``; grey for one we have none for."""
    return _COLOURS.get(genre, OTHERS)


def shades(colour: str) -> tuple[str, str]:
    """Two shades of a colour, the lighter one first, both dark enough for white text.

    Examples
    --------
    >>> [round(contrast("#ffffff", shade)) for shade in shades("#2a9d8f")]
    [7, 13]
    """
    darker = [_times(colour, 1 - step / _STEPS) for step in range(_STEPS + 1)]
    lighter, deep = (next(s for s in darker if contrast("#ffffff", s) >= c) for c in _SHADES)
    return lighter, deep


def contrast(one: str, other: str) -> float:
    """How well two colours are told apart, 1 to 21, as WCAG 2 defines it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _times(colour: str, factor: float) -> str:
    return "#" + "".join(f"{round(channel * factor):02x}" for channel in _rgb(colour))


def _luminance(colour: str) -> float:
    linear = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in _rgb(colour))
    )
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
