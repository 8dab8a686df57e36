"""A person's music as a picture to post: the map with their songs, and the line about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from genregenie.common.arrays import Array
from genregenie.common.colours import colour
from genregenie.common.genres import display_name
from genregenie.model.model import Model
from genregenie.web.images import lettering
from genregenie.web.images.lettering import Style
from genregenie.web.images.sheet import INK, Shape, Sheet
from genregenie.web.views.song_map import Dot, names_on_sheet, on_sheet, with_place

BACKGROUND: Final = ("#312e81", "#14122b")
GROUND: Final = "#17152f"
"""What the map is drawn on."""

_TITLE: Final = "My music"
_RADIUS: Final = 24
_FINE: Final = 3  # the map is drawn so much larger, and reduced
_PALE: Final = 0.5  # of a reference track


@dataclass(frozen=True)
class _Layout:
    """Where things lie in one shape, and how large they are, in pixels."""

    margin: int
    title: tuple[Style, int]  # and its baseline
    told: tuple[Style, int]
    lines: int
    map: tuple[int, int]  # where it begins and ends
    name: Style
    track: float  # radii
    song: float
    brand: int


_LAYOUTS: Final[dict[Shape, _Layout]] = {
    "landscape": _Layout(
        margin=48,
        title=(Style("bold", 44), 74),
        told=(Style("medium", 26), 116),
        lines=1,
        map=(142, 594),
        name=Style("bold", 20),
        track=4,
        song=9,
        brand=44,
    ),
    "upright": _Layout(
        margin=72,
        title=(Style("bold", 96), 250),
        told=(Style("medium", 42), 332),
        lines=3,
        map=(500, 1660),
        name=Style("bold", 34),
        track=6,
        song=15,
        brand=64,
    ),
}


def music_card(
    model: Model, dots: Sequence[Dot], summary: str, shape: Shape = "landscape"
) -> bytes:
    """Draw the picture.

    Parameters
    ----------
    model : Model
        One that has a map.
    dots : sequence of Dot
        The songs; those without a place are not on it.
    summary : str
        A line about them.
    shape : ``"landscape"`` or ``"upright"``

    Returns
    -------
    bytes
        A PNG of 1200 x 630 or 1080 x 1920 pixels.
    """
    at = _LAYOUTS[shape]
    sheet = Sheet(shape, BACKGROUND)
    x, (start, stop) = at.margin, at.map
    wide, high = sheet.width - 2 * x, stop - start
    foot = at.title[1] + 10 if shape == "landscape" else sheet.height - 120
    sheet.brand(sheet.width - x, foot, at.brand)
    sheet.text(x, at.title[1], _TITLE, at.title[0])
    style, baseline = at.told
    lines = lettering.wrapped(lettering.clean(summary), style, wide)
    if len(lines) > at.lines:
        rest = " ".join(lines[at.lines - 1 :])
        lines[at.lines - 1 :] = [lettering.ellipsised(rest, style, wide)]
    for place, line in enumerate(lines):
        sheet.text(x, baseline + place * style.size * 1.3, line, style)
    sheet.pasted(_drawn(model, dots, wide, high, at), x, start, _RADIUS)
    _write_names(sheet, names_on_sheet(model, wide, high), at, (x, start, wide, high))
    return sheet.png()


def _drawn(model: Model, dots: Sequence[Dot], width: int, height: int, at: _Layout) -> Image.Image:
    """The tracks, pale, and the songs, ringed."""
    size = width * _FINE, height * _FINE
    picture = Image.new("RGB", size, GROUND)
    canvas = ImageDraw.Draw(picture)
    if model.map is not None:
        for genre, place in zip(
            model.catalogue.genre.tolist(), on_sheet(model.map.positions, *size), strict=True
        ):
            _disc(canvas, place, at.track * _FINE, _pale(colour(genre)))
    placed = with_place(dots)
    places = on_sheet(np.array([dot.heard.place for dot in placed]).reshape(-1, 2), *size)
    for dot, place in reversed(list(zip(placed, places, strict=True))):  # the newest on top
        _disc(canvas, place, (at.song + 3) * _FINE, GROUND)
        _disc(canvas, place, (at.song + 2) * _FINE, INK)
        _disc(canvas, place, at.song * _FINE, colour(dot.genre or ""))
    return picture.reduce(_FINE)


def _write_names(
    sheet: Sheet, names: dict[str, Array], at: _Layout, box: tuple[int, int, int, int]
) -> None:
    left, top, wide, _ = box
    for genre, (x, y) in names.items():
        name = lettering.ellipsised(display_name(genre), at.name, wide / 3)
        length = lettering.width(name, at.name)
        begin = min(max(x - length / 2, 8), wide - length - 8)
        sheet.text(left + begin, top + y + at.name.size * 0.35, name, at.name, halo=GROUND)


def _disc(canvas: ImageDraw.ImageDraw, place: Array, radius: float, fill: str) -> None:
    x, y = place
    canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill)


def _pale(tint: str) -> str:
    """A genre's colour, as much of it as a track shows of the ground."""
    mixed = (
        round(_PALE * int(tint[i : i + 2], 16) + (1 - _PALE) * int(GROUND[i : i + 2], 16))
        for i in (1, 3, 5)
    )
    return "#" + "".join(f"{channel:02x}" for channel in mixed)
