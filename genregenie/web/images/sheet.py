"""What pictures to post are drawn on: smooth shapes, text in any script, the name in the corner.

Two shapes: *landscape* as previews of links are cut, and *upright* as a telephone is held.
"""

import io
from collections.abc import Sequence
from typing import Final, Literal

from PIL import Image, ImageDraw

from genregenie.common.colours import OTHERS
from genregenie.web.images import lettering
from genregenie.web.images.lettering import Style
from genregenie.web.views.components import Box

Shape = Literal["landscape", "upright"]
SIZES: Final[dict[Shape, tuple[int, int]]] = {"landscape": (1200, 630), "upright": (1080, 1920)}
"""Width and height in pixels."""
INK: Final = "#ffffff"
"""What is written, on backgrounds that are dark enough for it."""

_BRAND: Final = "#4f46e5"
_NAME: Final = "GenreGenie"
# Of 48 units across, as in portal/static/logo.svg: where its strokes stand, their ends.
_MARK: Final = ((11, 21, 27), (17.5, 16, 32), (24, 10, 38), (30.5, 17, 31), (37, 21, 27))
_SUPERSAMPLED: Final = 4  # Pillow's shapes have hard edges; they are drawn larger and reduced


class Sheet:
    """A picture under construction.

    Parameters
    ----------
    shape : ``"landscape"`` or ``"upright"``
    background : (str, str)
        Colours at the top and at the foot.
    """

    def __init__(self, shape: Shape, background: tuple[str, str]) -> None:
        self.width, self.height = SIZES[shape]
        self._image = Image.new("RGB", (self.width, self.height), background[1])
        # A shade for each row: smooth enough, and a PNG of it stays small.
        fade = Image.linear_gradient("L").rotate(180).resize((1, self.height))
        fade = fade.resize((self.width, self.height))
        self._image.paste(background[0], (0, 0), fade)
        self._canvas = ImageDraw.Draw(self._image)

    def text(
        self, x: float, baseline: float, text: str, style: Style, halo: str | None = None
    ) -> None:
        """A line that begins at `x` and stands on `baseline`; `halo` as in `lettering`."""
        lettering.draw_line(self._canvas, x, baseline, text, style, INK, halo)

    def rounded(
        self,
        box: tuple[int, int, int, int],
        radius: float,
        colour: str = INK,
        opacity: float = 1.0,
        edge: int = 0,
    ) -> None:
        """A rounded rectangle (x, y, width, height) with smooth edges.

        With an `edge` in pixels only that much of it is drawn, along its outline.
        """
        shape = _mask(box[2], box[3], radius, edge)
        if opacity < 1:
            shape = shape.point([round(level * opacity) for level in range(256)])
        self._image.paste(colour, (box[0], box[1]), shape)

    def square(self, picture: bytes, x: int, y: int, side: int, radius: float) -> None:
        """A picture, as a rounded square; its bytes are a JPEG of our own making."""
        with Image.open(io.BytesIO(picture)) as cover:
            fitted = cover.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
        self._image.paste(fitted, (x, y), _mask(side, side, radius))

    def pasted(self, picture: Image.Image, x: int, y: int, radius: float) -> None:
        """An image, its corners rounded."""
        self._image.paste(picture, (x, y), _mask(*picture.size, radius))

    def ribbon(self, box: tuple[int, int, int, int], boxes: Sequence[Box], duration: float) -> None:
        """A strip of columns, in seconds across and of 100 in height, as a rounded bar."""
        x, y, width, height = box
        strip = Image.new("RGB", (width * 2, height * 2), OTHERS)
        canvas = ImageDraw.Draw(strip)
        across, down = width * 2 / duration, height * 2 / 100
        for left, wide, top, high, fill in boxes:
            start, upper = float(left) * across, float(top) * down
            stop, lower = start + float(wide) * across, upper + float(high) * down
            if stop - start >= 1 and lower - upper >= 1:
                canvas.rectangle((round(start), round(upper), round(stop), round(lower)), fill)
        self._image.paste(strip.reduce(2), (x, y), _mask(width, height, height / 2))

    def brand(self, right: int, foot: int, side: int) -> int:
        """The mark, `side` pixels wide, and the name, in a corner; gives where they begin."""
        style = Style("bold", round(side * 0.7))
        gap = side // 4
        left = right - round(lettering.width(_NAME, style)) - gap - side
        top, unit = foot - side, side / 48
        self.rounded((left, top, side, side), 12 * unit, _BRAND)
        for x, upper, lower in _MARK:
            stroke = (x - 2, upper - 2, 4, lower - upper + 4)
            dx, dy, wide, high = (round(value * unit) for value in stroke)
            self.rounded((left + dx, top + dy, wide, high), wide / 2, INK)
        self.text(left + side + gap, foot - side * 0.26, _NAME, style)
        return left

    def png(self) -> bytes:
        """The finished picture."""
        buffer = io.BytesIO()
        self._image.save(buffer, "PNG")
        return buffer.getvalue()


def _mask(width: int, height: int, radius: float, edge: int = 0) -> Image.Image:
    scale = _SUPERSAMPLED
    shape = Image.new("L", (width * scale, height * scale))
    corners = (0, 0, width * scale - 1, height * scale - 1)
    ImageDraw.Draw(shape).rounded_rectangle(
        corners, radius * scale, None if edge else 255, 255, edge * scale
    )
    return shape.reduce(scale)
