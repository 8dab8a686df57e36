"""What is stacked up on a sheet: lines of text, chips, bars; each a block of some height."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from genregenie.web.images import lettering
from genregenie.web.images.lettering import Style
from genregenie.web.images.sheet import Sheet

_CHIP_ROWS: Final = 2
_FAINT: Final = 0.22  # how white a bar is where it is empty


@dataclass(frozen=True)
class Block:
    """Something that is stacked up: how high it is, and what draws it at a height."""

    height: float
    draw: Callable[[float], None]


def space(height: float) -> Block:
    """Nothing, so many pixels of it."""
    return Block(height, lambda _: None)


def height(blocks: Iterable[Block]) -> float:
    """Of all of them."""
    return sum(block.height for block in blocks)


def pile(blocks: Iterable[Block], top: float) -> None:
    """Draw them one under the other."""
    for block in blocks:
        block.draw(top)
        top += block.height


def line(sheet: Sheet, x: float, text: str, style: Style, line_height: float = 1.25) -> Block:
    """A line of text."""
    baseline = style.size * (0.38 + line_height / 2)
    return Block(style.size * line_height, lambda top: sheet.text(x, top + baseline, text, style))


def chips(sheet: Sheet, x: int, room: int, texts: Iterable[str], style: Style) -> list[Block]:
    """Small facts in a row or two; what finds no room there is left out."""
    padding, high, gap = (round(style.size * part) for part in (0.75, 1.8, 0.5))
    rows: list[list[tuple[int, int, str]]] = [[]]
    left = 0
    for text in map(lettering.clean, texts):
        wide = round(lettering.width(text, style)) + 2 * padding
        if rows[-1] and left + wide > room and len(rows) < _CHIP_ROWS:
            rows.append([])
            left = 0
        if left + wide <= room:
            rows[-1].append((x + left, wide, text))
            left += wide + gap

    def row(content: Sequence[tuple[int, int, str]]) -> Block:
        def draw(top: float) -> None:
            for begin, wide, text in content:
                sheet.rounded((begin, round(top), wide, high), high / 2, opacity=0.6, edge=2)
                sheet.text(begin + padding, round(top) + high / 2 + style.size * 0.35, text, style)

        return Block(high, draw)

    found = [part for content in rows if content for part in (space(gap), row(content))]
    return [space(gap), *found] if found else []


def bar(
    sheet: Sheet, x: int, room: int, label: tuple[str, str], share: float, style: Style
) -> Block:
    """A name and a number, and under them a bar: `share` of the room is filled."""
    name, number = label
    thick = round(style.size * 0.38)

    def draw(top: float) -> None:
        right = x + room - lettering.width(number, style)
        shown = lettering.ellipsised(name, style, right - x - style.size)
        sheet.text(x, top + style.size, shown, style)
        sheet.text(right, top + style.size, number, style)
        y = round(top + style.size * 1.3)
        sheet.rounded((x, y, room, thick), thick / 2, opacity=_FAINT)
        sheet.rounded((x, y, max(round(room * share), thick), thick), thick / 2)

    return Block(style.size * 1.55 + thick, draw)
