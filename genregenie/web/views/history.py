"""A person's history as HTML: the list of results, and their genres over time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from markupsafe import Markup

from genregenie.accounts.results import Filter, ResultSummary
from genregenie.common.genres import display_name
from genregenie.web.paths import HISTORY_CSV, HISTORY_JSON
from genregenie.web.views import components
from genregenie.web.views.colours import colour
from genregenie.web.views.components import Box
from genregenie.web.views.fragments import render

PAGE: Final = 20
"""Results listed at a time."""
VERDICTS: Final = {"confident": "Confident", "unsure": "Unsure", "not music": "Not music"}

ONLY: Final = {"shared": "Only what is shared", "audio": "Only with audio"}

_MIN_PERIODS: Final = 7  # so that a first column does not fill the plot
_GAP: Final = 0.16  # of a column's width


@dataclass(frozen=True)
class Period:
    """A day, week, month or year, and how often each genre was heard in it."""

    start: date
    unit: str
    genres: Counter[str]

    @property
    def label(self) -> str:
        """How it is written under the plot: a week by its first day."""
        if self.unit == "year":
            return str(self.start.year)
        if self.unit == "month":
            return f"{self.start:%b %Y}"
        return f"{self.start.day} {self.start:%b}"


def wanted(genre: str, verdict: str, only: str) -> Filter:
    """The filter as it was chosen; what is empty or unknown leaves everything in."""
    return Filter(genre or None, verdict or None, only or None)


def summary(line: ResultSummary) -> str:
    """A result in a few words: "Reggae, 78 % sure"."""
    if line.genre is None:
        return "Not music"
    genre = display_name(line.genre)
    if line.verdict == "unsure":
        return f"Not sure: perhaps {genre.lower()}"
    return f"{genre}, {100 * line.confidence:.0f} % sure"


def results(lines: Sequence[ResultSummary], wanted: Filter, skip: int, total: int) -> Markup:
    """One page of the list, with ways to the others and to the files."""
    if not total:
        return explanation("None like this. Choose less narrowly.", title="Results")
    return render(
        "history",
        "results",
        shown=f"{skip + 1} to {skip + len(lines)} of {total}" if total > len(lines) else str(total),
        items=[(line, summary(line), line.made_at.astimezone(UTC)) for line in lines],
        pages=_pages(skip, len(lines), total),
        files=_files(wanted),
    )


def explanation(text: str, title: str = "History") -> Markup:
    """Why there is nothing to show."""
    return components.section(title, components.paragraph(text))


def genres_over_time(lines: Sequence[ResultSummary]) -> Markup:
    """A column for each period, and the same in words; empty for no music."""
    found = periods([(line.made_at, line.genre) for line in lines if line.genre is not None])
    if not found:
        return Markup("")
    totals = sum((p.genres for p in found), Counter[str]())
    ranked = [genre for genre, _ in totals.most_common()]
    highest = max(p.genres.total() for p in found)
    return render(
        "history",
        "genres_over_time",
        columns=[
            (_told(period), _column(place, period, ranked, highest))
            for place, period in enumerate(found)
        ],
        told="; ".join(_told(period) for period in found if period.genres),
        ticks=[found[i].label for i in dict.fromkeys((0, len(found) // 2, len(found) - 1))],
        genres=[(colour(genre), f"{display_name(genre)} {totals[genre]}") for genre in ranked],
        sentence=most_heard(totals),
    )


def most_heard(totals: Counter[str]) -> str:
    """What there is most of: "Mostly jazz (12 of 30 clips), then rock and blues."."""
    (first, most), *others = totals.most_common()
    clips = "1 clip" if totals.total() == 1 else f"{totals.total()} clips"
    if not others:
        return f"All {display_name(first).lower()} so far: {clips}."
    then = " and ".join(display_name(genre).lower() for genre, _ in others[:2])
    return f"Most often {display_name(first).lower()} ({most} of {clips}), then {then}."


def periods(heard: Sequence[tuple[datetime, str]]) -> list[Period]:
    """Clips by day, week, month or year, whichever gives a few dozen columns at most.

    Without gaps, oldest first; a short time is led up to by empty periods.
    """
    if not heard:
        return []
    days = [moment.astimezone(UTC).date() for moment, _ in heard]
    span = (max(days) - min(days)).days
    unit = "day" if span < 21 else "week" if span < 210 else "month" if span < 1100 else "year"
    counts: dict[date, Counter[str]] = {}
    for day, (_, genre) in zip(days, heard, strict=True):
        counts.setdefault(_start(day, unit), Counter())[genre] += 1
    starts = [max(counts)]
    while starts[-1] > min(counts) or len(starts) < _MIN_PERIODS:
        starts.append(_start(starts[-1] - timedelta(days=1), unit))
    return [Period(start, unit, counts.get(start, Counter())) for start in reversed(starts)]


def _start(day: date, unit: str) -> date:
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if unit == "year" else day


def _column(place: int, period: Period, ranked: Sequence[str], highest: int) -> list[Box]:
    shares = [
        (colour(genre), period.genres[genre] / highest) for genre in ranked if period.genres[genre]
    ]
    return components.column(place + _GAP / 2, 1 - _GAP, shares)


def _told(period: Period) -> str:
    genres = ", ".join(f"{display_name(g).lower()} {n}" for g, n in period.genres.most_common())
    when = f"week of {period.label}" if period.unit == "week" else period.label
    return f"{when}: {genres}"


def _pages(skip: int, shown: int, total: int) -> list[tuple[str, int, bool]]:
    """Ways to other pages: their label, their first result, and whether they are there."""
    if total <= PAGE:
        return []
    return [
        ("Newer", max(skip - PAGE, 0), skip > 0),
        ("Older", skip + PAGE, skip + shown < total),
    ]


def _files(wanted: Filter) -> list[tuple[str, str]]:
    """The results as files: their kind and their address."""
    asked = {"genre": wanted.genre, "verdict": wanted.verdict, "only": wanted.only}
    query = urlencode({key: value for key, value in asked.items() if value})
    return [
        (kind, f"{path}?{query}" if query else path)
        for kind, path in (("CSV", HISTORY_CSV), ("JSON", HISTORY_JSON))
    ]
