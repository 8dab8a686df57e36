"""The map of what sounds alike: the reference tracks pale, songs ringed among them.

`on_sheet` says where things lie, on a sheet of any size: of 100 by 100 per cent here, since the
map in the page is as wide as the page is, or of the pixels of a picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup

from genregenie.common.arrays import Array
from genregenie.common.genres import display_name
from genregenie.model.model import Model
from genregenie.web.views.fragments import render
from genregenie.web.views.songs import Heard

MARGIN: Final = 0.045
"""Share of a sheet at each edge that is kept free, for what is drawn around a place."""
_FINE: Final = 1000  # of the drawing's own units across; a track's place takes as few letters
_NAME_WIDTH, _NAME_HEIGHT = 18.0, 5.5  # per cent that a genre's name takes on a phone


@dataclass(frozen=True)
class Dot:
    """A song on the map.

    Attributes
    ----------
    number : int
        What is opened by it.
    heard : Heard
    genre : str or None
    """

    number: int
    heard: Heard
    genre: str | None

    @property
    def name(self) -> str:
        """All of it in a line."""
        return f"{self.heard.name}: {self.heard.headline.sentence}"


def with_place(dots: Sequence[Dot]) -> list[Dot]:
    """Those songs that lie on the map: music, and something is left of its sound."""
    return [dot for dot in dots if dot.genre is not None and dot.heard.place is not None]


def on_sheet(places: Array, width: float = 100.0, height: float = 100.0) -> Array:
    """Where places lie on a sheet, its margin kept free.

    Parameters
    ----------
    places : array, shape (n, 2)
        From 0 to 1.
    width, height : float
        Of the sheet, in its own units.

    Returns
    -------
    float64 array, shape (n, 2)
    """
    return np.asarray((MARGIN + (1 - 2 * MARGIN) * places) * (width, height))


def names_on_sheet(model: Model, width: float = 100.0, height: float = 100.0) -> dict[str, Array]:
    """Where each genre's name stands: in the middle of its tracks, and beside no other name."""
    if model.map is None:
        return {}
    centres = model.map.centres(model.catalogue.genre)
    at = on_sheet(np.array(list(centres.values())))
    order = np.argsort(at[:, 1], kind="stable").tolist()
    for place, below in enumerate(order):  # from the top down; what stands in the way comes first
        for above in order[:place]:
            apart = np.abs(at[below] - at[above])
            if apart[0] < _NAME_WIDTH and apart[1] < _NAME_HEIGHT:
                at[below, 1] = at[above, 1] + _NAME_HEIGHT
    at *= np.array([width, height]) / 100.0
    return dict(zip(centres, at, strict=True))


def song_map(model: Model, dots: Sequence[Dot]) -> Markup:
    """The map with these songs, but for those without a place; empty where the model has none."""
    if model.map is None:
        return Markup("")
    genres = model.catalogue.genre
    units = np.rint(on_sheet(model.map.positions, _FINE, _FINE)).astype(int)
    placed = with_place(dots)
    places = on_sheet(np.array([dot.heard.place for dot in placed]).reshape(-1, 2))
    return render(
        "song_map",
        "song_map",
        size=_FINE,
        tracks=[
            (genre, "".join(f"M{x} {y}h0" for x, y in units[genres == genre].tolist()))
            for genre in np.unique(genres).tolist()
        ],
        names=[
            (genre, display_name(genre), f"{x:.1f}", f"{y:.1f}")
            for genre, (x, y) in names_on_sheet(model).items()
        ],
        songs=[
            (dot, f"{x:.2f}", f"{y:.2f}")
            for dot, (x, y) in zip(placed, places.tolist(), strict=True)
        ],
    )
