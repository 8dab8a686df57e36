"""Text in pictures: one line in any script, each part of it in a font that has the letters.

The fonts are shipped in ``assets/fonts``, so a card looks the same on every machine. Where they
are missing, Pillow's own font steps in; letters that no font has are left out rather than drawn
as boxes.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, Literal

from PIL import ImageDraw, ImageFont, features

from genregenie.common import resources

FONT_DIR: Final = resources.assets() / "fonts"

Weight = Literal["bold", "medium"]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_FACES: Final[dict[Weight, str]] = {"bold": "Inter-Bold.otf", "medium": "Inter-Medium.otf"}
_EMOJI: Final = "NotoEmoji-Regular.ttf"
_FALLBACKS: Final = (
    _EMOJI,
    "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansThai-Regular.ttf",
    "DroidSansFallback.ttf",
)
_MAX_CHARACTERS: Final = 300  # characters; far more than a card can show
_JOINER: Final = "\u200d"
_PROBE_SIZE: Final = 24
_ABSENT: Final = "\U0010ffff"  # a code point that will never be a letter


@dataclass(frozen=True)
class Style:
    """How a line of text is set: weight and size in pixels."""

    weight: Weight
    size: int


def clean(text: str) -> str:
    """A text fit for one line: composed, single spaces, nothing invisible, not endless.

    Control characters and marks that turn the direction of writing are dropped, so that a
    file's name cannot rearrange what stands beside it.
    """
    composed = unicodedata.normalize("NFC", text[:_MAX_CHARACTERS])
    kept = (
        " " if unicodedata.category(c) in ("Cc", "Zs", "Zl", "Zp") else c
        for c in composed
        if c == _JOINER or unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn")
    )
    return " ".join("".join(c for c in kept if _drawable(c)).split())


def width(text: str, style: Style) -> float:
    """Length of a line in pixels."""
    return sum(_run_width(run) for run in _runs(text, style))


def ellipsised(text: str, style: Style, room: float) -> str:
    """`text`, or as much of its beginning as fits in `room` pixels, and an ellipsis."""
    if width(text, style) <= room:
        return text
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if width(_shortened(text, middle), style) <= room:
            fits = middle
        else:
            too_long = middle
    return _shortened(text, fits)


def wrapped(text: str, style: Style, room: float) -> list[str]:
    """Lines broken at spaces; a single word wider than `room` pixels is ellipsised."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, style) <= room:
            lines[-1] = longer
        else:
            lines.append(ellipsised(word, style, room))
    return lines


def draw_line(
    canvas: ImageDraw.ImageDraw,
    x: float,
    baseline: float,
    text: str,
    style: Style,
    colour: str,
    halo: str | None = None,
) -> None:
    """Draw one line that begins at `x` and stands on `baseline`.

    A `halo` is a colour around the letters, for what is written over other things.
    """
    runs = list(_runs(text, style))
    for run in reversed(runs) if _is_right_to_left(text) else runs:
        canvas.text(
            (x, baseline),
            run.text,
            colour,
            run.font,
            anchor="ls",
            direction=run.direction,
            stroke_width=3 if halo else 0,
            stroke_fill=halo,
        )
        x += _run_width(run)


@dataclass(frozen=True)
class _Run:
    """Neighbouring letters in one font."""

    text: str
    font: Font
    direction: str | None


def _runs(text: str, style: Style) -> Iterator[_Run]:
    is_right_to_left, spaces = _is_right_to_left(text), ""
    for part, name in _parts(text, _FACES[style.weight]):
        part = spaces + part
        # The space behind a word that runs against the line belongs to what follows in the line.
        kept = part if _has_right_to_left(part) == is_right_to_left else part.rstrip(" ")
        spaces = part[len(kept) :]
        if kept:
            yield _run(kept, name, style.size)


def _parts(text: str, face: str) -> Iterator[tuple[str, str]]:
    """Neighbouring letters in one font, and its name."""
    start, current = 0, face
    for i, char in enumerate(text):
        name = _face_of(char, current, face)
        if name != current:
            if i > start:
                yield text[start:i], current
            start, current = i, name
    if text[start:]:
        yield text[start:], current


def _run(text: str, name: str, size: int) -> _Run:
    right_to_left = _has_right_to_left(text)
    font = _font(name, size)
    # Raqm joins Arabic letters and orders them; the plain layout sets them as they come.
    if getattr(font, "layout_engine", None) == ImageFont.Layout.RAQM:
        return _Run(text, font, "rtl" if right_to_left else "ltr")
    return _Run(text[::-1] if right_to_left else text, font, None)


def _run_width(run: _Run) -> float:
    return run.font.getlength(run.text, direction=run.direction)


def _has_right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(c) in ("R", "AL") for c in text)


def _is_right_to_left(text: str) -> bool:
    strong = (unicodedata.bidirectional(c) for c in text)
    return next((kind for kind in strong if kind in ("L", "R", "AL")), "L") != "L"


def _shortened(text: str, length: int) -> str:
    """The first `length` characters and an ellipsis; no half letter, no space before it."""
    while 0 < length < len(text) and (
        _belongs_to_previous(text[length]) or text[length - 1] == _JOINER
    ):
        length -= 1
    return text[:length].rstrip() + "…"


def _belongs_to_previous(char: str) -> bool:
    # Skin tones are modifier symbols (Sk) that follow the hand they colour.
    is_skin_tone = "\U0001f3fb" <= char <= "\U0001f3ff"
    return char == _JOINER or is_skin_tone or unicodedata.category(char).startswith("M")


@lru_cache(maxsize=4096)
def _face_of(char: str, current: str, preferred: str) -> str:
    """The font of a character: spaces and points stay with their word, as long as it is one."""
    if _belongs_to_previous(char):
        return current
    if current != _EMOJI and not char.isalnum() and _has(current, char):
        return current
    return next((name for name in (preferred, *_FALLBACKS) if _has(name, char)), preferred)


@lru_cache(maxsize=4096)
def _drawable(char: str) -> bool:
    if char == _JOINER:
        return bool(features.check("raqm"))
    if unicodedata.name(char, "").startswith("VARIATION SELECTOR"):
        return False  # they choose a colour picture, and there is only one of each here
    return any(_has(name, char) for name in (_FACES["medium"], *_FALLBACKS))


@lru_cache(maxsize=16_384)
def _has(name: str, char: str) -> bool:
    """Whether a font has a character: what it lacks, it draws as one and the same box."""
    if char.isspace():
        return True
    font = _font(name, _PROBE_SIZE)
    return _drawn(font, char) != _drawn(font, _ABSENT)


def _drawn(font: Font, char: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(char)
    return mask.size, bytes(mask)


@cache
def _font(name: str, size: int) -> Font:
    try:
        return ImageFont.truetype(FONT_DIR / name, size)
    except OSError:
        return ImageFont.load_default(size)
