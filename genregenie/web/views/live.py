"""What is heard while somebody listens, as HTML."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from genregenie.common.colours import colour
from genregenie.common.genres import ranked
from genregenie.inference.headline import percent
from genregenie.web.views.components import Box, bar_list
from genregenie.web.views.fragments import render

_BARS: Final = 3


def words(title: str, line: str = "") -> Markup:
    """A headline and a line; screen readers tell it when it changes."""
    return render("live", "words", title=title, line=line)


def picture(
    heard_s: float,
    confidences: dict[str, float] | None = None,
    past: Sequence[str] = (),
    *,
    is_over: bool = False,
) -> Markup:
    """Bars of the likeliest genres now, and a ribbon that grows.

    Parameters
    ----------
    heard_s : float
    confidences : dict of str to float, optional
        Of what was heard last; without, there are no bars yet.
    past : sequence of str
        The likeliest genre in each second, "" where there was none.
    is_over : bool
        No more is listened to: the browser stops recording.
    """
    likeliest = ranked(confidences)[:_BARS] if confidences else []
    bars = bar_list([(genre, p, percent(p)) for genre, p in likeliest])
    boxes = [Box(str(i), "1.02", "0", "100", colour(g)) for i, g in enumerate(past) if g]
    return render("live", "picture", heard_s=heard_s, is_over=is_over, bars=bars, boxes=boxes)
