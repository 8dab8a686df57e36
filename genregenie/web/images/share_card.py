"""The share card: what GenreGenie makes of a clip, as a picture that explains itself.

In landscape it is what previews of a link show, mostly a quarter as large in somebody's chat, so
the verdict is set as large as it goes and the rest stays quiet. Upright it fills a telephone.
"""

from dataclasses import dataclass
from typing import Final

from genregenie.common import colours
from genregenie.common.genres import display_name
from genregenie.inference.headline import Headline, percent
from genregenie.inference.prediction import Prediction
from genregenie.web.images import lettering, stack
from genregenie.web.images.lettering import Style
from genregenie.web.images.sheet import Shape, Sheet
from genregenie.web.images.stack import Block
from genregenie.web.views import result

_COVER_RADIUS: Final = 24
_RIBBON_HEIGHT: Final = 28
_MAX_BARS: Final = 3
_WORTH_A_BAR: Final = 0.01
_VERDICT_SIZES: Final = (120, 112, 104, 96, 88, 80, 72, 64, 56, 48)
_VERDICT_LINES: Final = 2
_VERDICT_HEIGHT: Final = 1.08
_NO_GENRE: Final = "?"
_NBSP: Final = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class _Layout:
    """Where things lie in one shape, and how large they are, in pixels."""

    margin: int
    cover: int
    words: tuple[int, int]  # where they begin, how wide they are
    room: tuple[int, int]  # from where to where things are stacked up
    foot: tuple[int, int, int]  # the ribbon's upper edge, the name's lower one, and its height
    line: Style
    title: Style
    artist: Style
    chip: Style
    bar: Style


_LAYOUTS: Final[dict[Shape, _Layout]] = {
    "landscape": _Layout(
        margin=64,
        cover=360,
        words=(480, 656),
        room=(40, 546),
        foot=(568, 604, 44),
        line=Style("medium", 40),
        title=Style("bold", 34),
        artist=Style("medium", 34),
        chip=Style("medium", 24),
        bar=Style("medium", 22),
    ),
    # A telephone shows it a third as large, so all but the verdict is larger.
    "upright": _Layout(
        margin=90,
        cover=480,
        words=(90, 900),
        room=(150, 1660),
        foot=(1716, 1830, 64),
        line=Style("medium", 52),
        title=Style("bold", 44),
        artist=Style("medium", 44),
        chip=Style("medium", 36),
        bar=Style("medium", 36),
    ),
}


def share_card(
    prediction: Prediction,
    title: str | None = None,
    artist: str | None = None,
    cover: bytes | None = None,
    shape: Shape = "landscape",
) -> bytes:
    """Draw the card.

    Parameters
    ----------
    prediction : Prediction
    title, artist : str, optional
        Of the clip; any script, each shortened to one line. None or blank for none.
    cover : bytes, optional
        A square JPEG, from `genregenie.web.images.cover`; without, there is the genre's letter.
    shape : ``"landscape"`` or ``"upright"``

    Returns
    -------
    bytes
        A PNG of 1200 x 630 or 1080 x 1920 pixels.
    """
    card = _Card(prediction, shape, cover)
    words = card.words(lettering.clean(title or ""), lettering.clean(artist or ""))
    bars = card.bars()
    start, stop = card.at.room
    if shape == "landscape":
        stack.pile([card.square(), stack.space(20), *bars], start)
        piled = [card.verdict(stop - start - stack.height(words)), *words]
    else:
        around = [card.square(), stack.space(70)]
        below = [*words, stack.space(40), *bars] if bars else words
        free = stop - start - stack.height(around) - stack.height(below)
        piled = [*around, card.verdict(free), *below]
    stack.pile(piled, start + max(stop - start - stack.height(piled), 0) / 2)
    card.draw_foot()
    return card.sheet.png()


class _Card:
    """The parts of a card, on its sheet."""

    def __init__(self, prediction: Prediction, shape: Shape, cover: bytes | None) -> None:
        self.at = _LAYOUTS[shape]
        self._prediction = prediction
        self._headline = Headline.of(prediction)
        self._cover = cover
        self._tint = colours.colour(prediction.genre or "")
        self.sheet = Sheet(shape, colours.shades(self._tint))
        self._is_upright = shape == "upright"

    def square(self) -> Block:
        """The cover, or the genre's letter."""
        side, x = self.at.cover, self.at.margin

        def draw(top: float) -> None:
            y = round(top)
            if self._cover is not None:
                self.sheet.square(self._cover, x, y, side, _COVER_RADIUS)
                return
            self.sheet.rounded((x, y, side, side), _COVER_RADIUS, self._tint, opacity=0.75)
            genre = self._prediction.genre
            letter = display_name(genre)[:1] if genre else _NO_GENRE
            style = Style("bold", round(side * 0.58))
            left = x + (side - lettering.width(letter, style)) / 2
            self.sheet.text(left, y + side * 0.71, letter, style)

        return Block(side, draw)

    def verdict(self, free: float) -> Block:
        """The headline, as large as it goes in two lines and in `free` pixels of height."""
        x, room = self.at.words
        title = self._headline.title
        for size in _VERDICT_SIZES:
            style = Style("bold", size)
            lines = lettering.wrapped(title, style, room)
            is_whole = all(lettering.width(word, style) <= room for word in title.split())
            high = len(lines) * size * _VERDICT_HEIGHT
            if is_whole and len(lines) <= _VERDICT_LINES and high <= free:
                break
        rows = [
            stack.line(self.sheet, x, text, style, _VERDICT_HEIGHT)
            for text in lines[:_VERDICT_LINES]
        ]
        return Block(stack.height(rows), lambda top: stack.pile(rows, top))

    def words(self, title: str, artist: str) -> list[Block]:
        """What stands under the verdict: how sure it is, title and artist, chips."""
        (x, room), at = self.at.words, self.at
        told = lettering.wrapped(_unbroken(self._headline.line), at.line, room)
        rows = [stack.space(12), *(stack.line(self.sheet, x, t, at.line) for t in told[:2])]
        names = [(n, s) for n, s in ((title, at.title), (artist, at.artist)) if n]
        if names:
            rows.append(stack.space(at.title.size / 2))
        for name, style in names:
            rows.append(stack.line(self.sheet, x, lettering.ellipsised(name, style, room), style))
        facts = [text for text, _ in result.chips(self._prediction)]
        return [*rows, *stack.chips(self.sheet, x, room, facts, at.chip)]

    def bars(self) -> list[Block]:
        """The likeliest genres: three at most, and none that would say 0 %."""
        if self._prediction.genre is None:
            return []
        room = self.at.words[1] if self._is_upright else self.at.cover
        return [
            stack.bar(
                self.sheet,
                self.at.margin,
                room,
                (display_name(genre), _unbroken(percent(share))),
                share,
                self.at.bar,
            )
            for genre, share in self._prediction.top(_MAX_BARS)
            if share >= _WORTH_A_BAR
        ]

    def draw_foot(self) -> None:
        """Along the lower edge: the genre through the clip, and the name in the corner."""
        x, right = self.at.margin, self.sheet.width - self.at.margin
        top, foot, side = self.at.foot
        name = self.sheet.brand(right, foot, side)
        if self._prediction.genre is None or not self._prediction.timeline:
            return
        end = right if self._is_upright else name - 40
        boxes = result.ribbon_boxes(self._prediction)
        box = (x, top, end - x, _RIBBON_HEIGHT)
        self.sheet.ribbon(box, boxes, self._prediction.duration_s)


def _unbroken(text: str) -> str:
    """With what belongs to a number kept on its line."""
    return text.replace(" % sure", f"{_NBSP}%{_NBSP}sure").replace(" %", f"{_NBSP}%")
