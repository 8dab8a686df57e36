"""A colour for each genre, the same in every bar, plot and list."""

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


def colour(genre: str) -> str:
    """The colour of a genre, such as ``"#2a9d8f"``; grey for one we have none for."""
    return _COLOURS.get(genre, OTHERS)
