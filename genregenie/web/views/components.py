"""What several views are made of: sections, notes, bars and tables, as HTML."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from markupsafe import Markup

from genregenie.common.colours import colour
from genregenie.common.genres import display_name
from genregenie.web.views.fragments import render


class Box(NamedTuple):
    """A part of a column in a plot: edges in the plot's units, as they are written."""

    x: str
    width: str
    y: str
    height: str
    fill: str


def column(
    left: float, width: float, parts: Iterable[tuple[str, float]], height: float = 100.0
) -> list[Box]:
    """The boxes of one column, piled up from the foot of a plot.

    Parameters
    ----------
    left, width : float
        Where the column stands.
    parts : iterable of (str, float)
        Colours, and shares of the height from 0 to 1; the first stands at the foot.
    height : float
        Of the plot.
    """
    boxes, top = [], height
    for fill, share in parts:
        top -= share * height
        x, wide, y, high = (f"{edge:.2f}" for edge in (left, width, top, share * height))
        boxes.append(Box(x, wide, y, high, fill))
    return boxes


def section(title: str, body: Markup, note: str = "") -> Markup:
    """A framed part of the page."""
    return render("components", "section", title=title, body=body, note=note)


def panel(headline: str, text: str, title: str | None = None, mark: str | None = None) -> Markup:
    """Where the verdict stands: a headline, a line of text, and above them what it is about.

    `mark` is the colour of its edge; without one it is quiet.
    """
    return render("components", "panel", headline=headline, text=text, title=title, mark=mark)


def failure(sentence: str) -> Markup:
    """What could not be done, and why, in the verdict's place."""
    return panel("That did not work", sentence)


def paragraph(text: str) -> Markup:
    """A paragraph of plain text."""
    return render("components", "paragraph", text=text)


def note(text: str) -> Markup:
    """A line of small text."""
    return render("components", "note", text=text)


def quiet(text: str) -> Markup:
    """A line of small text that screen readers tell when it changes."""
    return render("components", "quiet", text=text)


def bullets(lines: Iterable[str], *, is_status: bool = False) -> Markup:
    """Lines of a list; as a status, screen readers tell them when they change."""
    return render("components", "bullets", lines=lines, is_status=is_status)


def pair(parts: Iterable[Markup]) -> Markup:
    """Parts side by side, two in a row where there is room."""
    return render("components", "pair", parts=parts)


def bar_list(
    items: Iterable[tuple[str, float, str]],
    name: Callable[[str], str] = display_name,
    tint: Callable[[str], str] = colour,
) -> Markup:
    """Bars of genres, each with a value from 0 to 1 and how to write it."""
    bars = [
        (name(genre), tint(genre), f"{100 * value:.1f}", written) for genre, value, written in items
    ]
    return render("components", "bars", items=bars)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], label: str) -> Markup:
    """A table of text under a head, which scrolls sideways where it is narrow."""
    return render("components", "table", head=head, rows=rows, label=label)


def confusion_table(counts: pd.DataFrame) -> Markup:
    """Genres as they are down and as they were called across, per cent of each row."""
    names = [display_name(str(genre)) for genre in counts.columns]
    shares = counts.to_numpy(dtype=float)
    shares = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1)
    return render("components", "confusion_table", names=names, shares=shares.tolist())
