"""A person's history as HTML, free of gradio. All text from outside is escaped here."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html import escape
from typing import Final
from urllib.parse import urlencode

from genregenie.accounts.results import Filter, ResultSummary
from genregenie.audio import format_duration
from genregenie.common.genres import display_name
from genregenie.web.paths import HISTORY_CSV, HISTORY_JSON
from genregenie.web.views import components

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
    return f"{genre}, {line.confidence:.0%} sure".replace("%", " %")


def results(lines: Sequence[ResultSummary], wanted: Filter, skip: int, total: int) -> str:
    """One page of the list, with ways to the others and to the files."""
    if not total:
        return components.section("Results", "<p>None like this. Choose less narrowly.</p>")
    items = "".join(_item(line) for line in lines)
    shown = f"{skip + 1} to {skip + len(lines)} of {total}" if total > len(lines) else str(total)
    return components.section(
        f"Results ({shown})",
        f'<ul class="past-list">{items}</ul>{_pages(skip, len(lines), total)}'
        f'<p class="past-files">{_files(wanted)}</p>',
    )


def taste(lines: Sequence[ResultSummary]) -> str:
    """Genres over time: a column for each period, and the same in words; empty for no music."""
    found = periods([(line.made_at, line.genre) for line in lines if line.genre is not None])
    if not found:
        return ""
    totals = sum((p.genres for p in found), Counter[str]())
    ranked = [genre for genre, _ in totals.most_common()]
    highest = max(p.genres.total() for p in found)
    columns = "".join(_column(i, period, ranked, highest) for i, period in enumerate(found))
    told = "; ".join(_told(period) for period in found if period.genres)
    legend = "".join(
        f'<li style="--gg-genre: {components.colour(genre)}"><i></i>'
        f"{escape(display_name(genre))} {totals[genre]}</li>"
        for genre in ranked
    )
    ticks = "".join(
        f"<span>{found[i].label}</span>"
        for i in dict.fromkeys((0, len(found) // 2, len(found) - 1))
    )
    body = (
        f'<div class="past-taste"><svg viewBox="0 0 {len(found)} 100" preserveAspectRatio="none" '
        f'role="img" aria-label="Clips by genre. {escape(told)}">{columns}</svg>'
        f'<div class="axis" aria-hidden="true">{ticks}</div></div>'
        f'<ul class="gg-legend">{legend}</ul>'
    )
    return components.section("Your genres over time", body, taste_sentence(totals))


def taste_sentence(totals: Counter[str]) -> str:
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


def _column(place: int, period: Period, ranked: Sequence[str], highest: int) -> str:
    rects, top = "", 100.0
    for genre in ranked:
        height = 100.0 * period.genres[genre] / highest
        if height:
            top -= height
            rects += (
                f'<rect x="{place + _GAP / 2:.2f}" width="{1 - _GAP:.2f}" y="{top:.2f}" '
                f'height="{height:.2f}" fill="{components.colour(genre)}"/>'
            )
    return f"<g><title>{escape(_told(period))}</title>{rects}</g>" if rects else ""


def _told(period: Period) -> str:
    genres = ", ".join(f"{display_name(g).lower()} {n}" for g, n in period.genres.most_common())
    when = f"week of {period.label}" if period.unit == "week" else period.label
    return f"{when}: {genres}"


def _item(line: ResultSummary) -> str:
    mark = f' style="--gg-genre: {components.colour(line.genre)}"' if line.genre else ""
    name = escape(line.name)
    tags = '<span class="past-tag">audio kept</span>' if line.audio_bytes else ""
    if line.shared_at:
        tags += (
            f'<span class="past-tag">shared</span><button type="button" class="past-plain" '
            f'data-act="unshare" data-id="{line.id}" '
            f'aria-label="Take the link back: {name}">Take the link back</button>'
        )
    return (
        f'<li{mark}><i aria-hidden="true"></i>'
        f'<div class="past-what"><button type="button" class="past-open" data-act="open" '
        f'data-id="{line.id}">{name}</button><span>{escape(summary(line))}</span>'
        f'<span class="past-when">{_moment(line.made_at)}'
        f"<span>{format_duration(line.duration_s)}</span>{tags}</span></div>"
        f'<button type="button" class="past-button" data-act="delete" data-id="{line.id}" '
        f'aria-label="Delete: {name}">Delete</button></li>'
    )


def _moment(moment: datetime) -> str:
    """In UTC here; ``history.js`` puts the reader's own time in its place."""
    exact = moment.astimezone(UTC)
    written = f"{exact.day} {exact:%b %Y, %H:%M} UTC"
    return f'<time datetime="{exact.isoformat(timespec="seconds")}">{written}</time>'


def _pages(skip: int, shown: int, total: int) -> str:
    if total <= PAGE:
        return ""
    buttons = "".join(
        f'<button type="button" class="past-button" data-act="page" data-id="{to}"'
        f"{'' if there else ' disabled'}>{label}</button>"
        for label, to, there in (
            ("Newer", max(skip - PAGE, 0), skip > 0),
            ("Older", skip + PAGE, skip + shown < total),
        )
    )
    return f'<p class="past-pages">{buttons}</p>'


def _files(wanted: Filter) -> str:
    asked = {"genre": wanted.genre, "verdict": wanted.verdict, "only": wanted.only}
    query = urlencode({key: value for key, value in asked.items() if value})
    return " ".join(
        f'<a class="past-button" href="{escape(f"{path}?{query}" if query else path)}" download>'
        f"Save as {kind}</a>"
        for kind, path in (("CSV", HISTORY_CSV), ("JSON", HISTORY_JSON))
    )
