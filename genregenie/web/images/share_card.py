"""The share card: what GenreGenie makes of a clip, as a picture that explains itself.

1200 x 630 pixels, the size that Open Graph previews are cut to. It is mostly seen a quarter as
large in somebody's chat, so the verdict is set as large as it goes and the rest stays quiet.
"""

import io
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw

from genregenie.inference.headline import Headline
from genregenie.inference.prediction import Prediction
from genregenie.web.images import lettering
from genregenie.web.images.lettering import Style
from genregenie.web.views.sentences import ranked

WIDTH: Final = 1200
HEIGHT: Final = 630

BACKGROUND: Final = "#14122b"
TRACK: Final = "#242045"
STRONG: Final = ("#818cf8", "#6366f1")
"""Bars of the first genre, and of others worth naming."""
FAINT: Final = "#57529a"

_BRAND: Final = "#4f46e5"
_TEXT: Final = "#ffffff"
_MUTED: Final = "#b4b1d6"

_MARGIN: Final = 64
_LEFT_ROOM: Final = 520
_ROWS: Final = 10
_ROW_PITCH: Final = 50
_BAR_HEIGHT: Final = 24
_LABEL_X: Final = 648
_BAR_X: Final = 780
_BAR_ROOM: Final = 264
_WORTH_NAMING: Final = 0.10

_NAME: Final = Style("bold", 34)
_TITLE: Final = Style("medium", 30)
_VERDICT_SIZES: Final = (76, 70, 64, 58, 52, 46)
_VERDICT_LINES: Final = 3
_LINE_HEIGHT: Final = 1.16
_LABEL: Final = Style("medium", 26)
_SUPERSAMPLED: Final = 4  # Pillow's shapes have hard edges; they are drawn larger and reduced


@dataclass(frozen=True)
class Bar:
    """Where a bar lies on the card, in pixels; `length` of `room` is filled."""

    x: int
    y: int
    length: int
    room: int = _BAR_ROOM
    height: int = _BAR_HEIGHT


def share_card(prediction: Prediction, title: str | None = None) -> bytes:
    """Draw the card.

    Parameters
    ----------
    prediction : Prediction
        A model with more than ten genres shows its ten most confident.
    title : str, optional
        What the clip is called; any script, shortened to one line. None or blank for no title.

    Returns
    -------
    bytes
        A PNG of 1200 x 630 pixels.
    """
    image = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
    canvas = ImageDraw.Draw(image)
    _draw_name(image, canvas)
    _draw_verdict(canvas, Headline.of(prediction).sentence, lettering.clean(title or ""))
    _draw_bars(image, canvas, prediction)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def bars(confidences: list[float]) -> list[Bar]:
    """The bars of confidences in the order given, top to bottom."""
    top = (HEIGHT - len(confidences) * _ROW_PITCH + _ROW_PITCH - _BAR_HEIGHT) // 2
    return [
        Bar(_BAR_X, top + i * _ROW_PITCH, round(confidence * _BAR_ROOM))
        for i, confidence in enumerate(confidences)
    ]


def _draw_name(image: Image.Image, canvas: ImageDraw.ImageDraw) -> None:
    """The mark of ``portal/static/logo.svg``, 48 units wide there, and the name beside it."""
    side = 60
    unit = side / 48
    _rounded(image, (_MARGIN, _MARGIN, side, side), 12 * unit, _BRAND)
    for x, top, bottom in (
        (11, 21, 27),
        (17.5, 16, 32),
        (24, 10, 38),
        (30.5, 17, 31),
        (37, 21, 27),
    ):
        stroke = (x - 2, top - 2, 4, bottom - top + 4)
        left, upper, wide, high = (round(value * unit) for value in stroke)
        _rounded(image, (_MARGIN + left, _MARGIN + upper, wide, high), wide / 2, _TEXT)
    lettering.draw_line(canvas, _MARGIN + side + 18, _MARGIN + 42, "GenreGenie", _NAME, _TEXT)


def _draw_verdict(canvas: ImageDraw.ImageDraw, sentence: str, title: str) -> None:
    """The title and, under it, the verdict as large as three lines allow; the foot of the card."""
    sentence = sentence.replace(" % sure", "\N{NO-BREAK SPACE}%\N{NO-BREAK SPACE}sure")
    for size in _VERDICT_SIZES:
        style = Style("bold", size)
        lines = lettering.wrapped(sentence, style, _LEFT_ROOM)
        if len(lines) <= _VERDICT_LINES:
            break
    lines = lines[:_VERDICT_LINES]
    line_height = size * _LINE_HEIGHT
    baseline = HEIGHT - _MARGIN - 12 - line_height * (len(lines) - 1)
    if title:
        shown = lettering.ellipsised(title, _TITLE, _LEFT_ROOM)
        above = baseline - size - 24
        lettering.draw_line(canvas, _MARGIN, above, shown, _TITLE, _MUTED)
    for i, line in enumerate(lines):
        lettering.draw_line(canvas, _MARGIN, baseline + i * line_height, line, style, _TEXT)


def _draw_bars(image: Image.Image, canvas: ImageDraw.ImageDraw, prediction: Prediction) -> None:
    rows = ranked(prediction)[:_ROWS]
    is_music = prediction.verdict != "not music"
    for i, ((genre, confidence), bar) in enumerate(
        zip(rows, bars([p for _, p in rows]), strict=True)
    ):
        strong = is_music and (i == 0 or confidence >= _WORTH_NAMING)
        colour = STRONG[min(i, 1)] if strong else FAINT
        box = (bar.x, bar.y, bar.room, bar.height)
        _rounded(image, box, bar.height / 2, TRACK, colour, bar.length)
        ink = _TEXT if strong else _MUTED
        baseline = bar.y + bar.height - 3
        label = lettering.ellipsised(genre, _LABEL, bar.x - _LABEL_X - 12)
        lettering.draw_line(canvas, _LABEL_X, baseline, label, _LABEL, ink)
        share = f"{confidence:.0%}".replace("%", "\N{NO-BREAK SPACE}%")
        right = WIDTH - _MARGIN - lettering.width(share, _LABEL)
        lettering.draw_line(canvas, right, baseline, share, _LABEL, ink)


def _rounded(
    image: Image.Image,
    box: tuple[int, int, int, int],
    radius: float,
    colour: str,
    filling: str = "",
    filled: int = 0,
) -> None:
    """Paste a rounded rectangle (x, y, width, height) with smooth edges.

    Its first `filled` pixels from the left get the colour `filling`: the rounded shape is cut
    out of a two-coloured strip, so the boundary is exact and small values keep their length.
    """
    x, y, width, height = box
    scale = _SUPERSAMPLED
    shape = Image.new("L", (width * scale, height * scale))
    corners = (0, 0, width * scale - 1, height * scale - 1)
    ImageDraw.Draw(shape).rounded_rectangle(corners, radius * scale, fill=255)
    strip = Image.new("RGB", (width, height), colour)
    if filled:
        strip.paste(filling, (0, 0, filled, height))
    image.paste(strip, (x, y), shape.reduce(scale))
