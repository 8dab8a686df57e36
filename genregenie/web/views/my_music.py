"""A person's music as HTML: a line about it, the map with genres to choose, the list, the days."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from markupsafe import Markup

from genregenie.accounts.results import Filter
from genregenie.common.colours import colour
from genregenie.common.genres import display_name
from genregenie.model.model import Model
from genregenie.web.paths import HISTORY_CSV, HISTORY_JSON, LIBRARY_MAP, from_app
from genregenie.web.views import components
from genregenie.web.views.components import Box
from genregenie.web.views.fragments import render
from genregenie.web.views.song_map import Dot, song_map
from genregenie.web.views.songs import Song

PAGE: Final = 20
"""Songs listed at a time."""
SHOW: Final = {
    "": "Everything",
    "confident": "Sure",
    "unsure": "Not sure",
    "not music": "Not music",
    "shared": "Shared",
    "audio": "With audio",
}
"""Which songs can be asked for, and how that is written."""
EVERY_GENRE: Final = -1
"""The number of no genre, where genres are told by their place among those of the model."""

_VERDICTS: Final = ("confident", "unsure", "not music")
_EMPTY: Final = "Your songs will appear here. Listen to one."
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


def wanted(genre: str, verdict: str, only: str, numbers: Sequence[int] | None = None) -> Filter:
    """The filter as it was asked for; what is empty or unknown leaves everything in."""
    few = None if numbers is None else frozenset(numbers)
    return Filter(genre or None, verdict or None, only or None, few)


def chosen(genre: str, show: str) -> Filter:
    """The filter as it was chosen; `show` is one of `SHOW`."""
    return wanted(genre, show, "") if show in _VERDICTS else wanted(genre, "", show)


def summary(songs: Sequence[Song]) -> str:
    """All of it in a line: "53 songs. Mostly classical, then jazz and disco. Last: ..."."""
    if not songs:
        return _EMPTY
    genres = Counter(song.genre for song in songs if song.genre is not None)
    music, rest = genres.total(), len(songs) - genres.total()
    told = "1 song" if music == 1 else f"{music or 'No'} songs"
    if rest:
        told += f", and {_clips(rest)} that {'is' if rest == 1 else 'are'} not music"
    said = [f"{told}."]
    if genres:
        said.append(_most_heard(genres))
    return " ".join([*said, f"Last: {songs[0].heard.title}."])


def overview(songs: Sequence[Song]) -> Markup:
    """`summary` as HTML."""
    return render("my_music", "overview", text=summary(songs))


def library() -> Markup:
    """The way to the map of the server's own library."""
    return render("my_music", "library", path=from_app(LIBRARY_MAP))


def atlas(model: Model, songs: Sequence[Song], genre: str | None = None) -> Markup:
    """The map, and above it the genres to choose from; one is chosen already, or none."""
    counts = Counter(song.genre for song in songs if song.genre in model.genres)
    chips = [("All", EVERY_GENRE, "", len(songs), genre is None)]
    for name in sorted(counts, key=lambda g: (-counts[g], display_name(g))):
        place = model.genres.index(name)
        chips.append((display_name(name), place, name, counts[name], name == genre))
    return render(
        "my_music",
        "atlas",
        chips=chips if counts else [],
        picture=song_map(model, dots(songs)),
    )


def dots(songs: Sequence[Song]) -> list[Dot]:
    """The songs as they lie on the map."""
    return [Dot(song.newest.id, song.heard, song.genre) for song in songs]


def listed(songs: Sequence[Song], wanted: Filter, skip: int, *, may_share: bool) -> Markup:
    """A page of the list of songs, with ways to the others and to the files."""
    if not songs:
        return explanation("None like this. Choose less narrowly.", title="Songs")
    shown, total = songs[skip : skip + PAGE], len(songs)
    return render(
        "my_music",
        "listed",
        shown=f"{skip + 1} to {skip + len(shown)} of {total}" if total > len(shown) else str(total),
        items=[
            (
                song,
                song.newest.made_at.astimezone(UTC),
                _files(Filter(numbers=frozenset(song.numbers))),
            )
            for song in shown
        ],
        pages=_pages(skip, len(shown), total),
        files=_files(wanted),
        may_share=may_share,
    )


def explanation(text: str, title: str = "My music") -> Markup:
    """Why there is nothing to show."""
    return components.section(title, components.paragraph(text))


def genres_over_time(songs: Sequence[Song]) -> Markup:
    """A column for each period, and the same in words; empty before the second day of music."""
    results = [result for song in songs for result in song.results]
    heard = [(line.made_at, line.genre) for line in results if line.genre is not None]
    if len({_day(moment) for moment, _ in heard}) < 2:
        return Markup("")
    found = periods(heard)
    totals = sum((p.genres for p in found), Counter[str]())
    ranked = [genre for genre, _ in totals.most_common()]
    highest = max(p.genres.total() for p in found)
    return render(
        "my_music",
        "genres_over_time",
        columns=[
            (_told(period), _column(place, period, ranked, highest))
            for place, period in enumerate(found)
        ],
        told="; ".join(_told(period) for period in found if period.genres),
        ticks=[found[i].label for i in dict.fromkeys((0, len(found) // 2, len(found) - 1))],
        genres=[(colour(genre), f"{display_name(genre)} {totals[genre]}") for genre in ranked],
    )


def periods(heard: Sequence[tuple[datetime, str]]) -> list[Period]:
    """Clips by day, week, month or year, whichever gives a few dozen columns at most.

    Without gaps, oldest first; a short time is led up to by empty periods.
    """
    if not heard:
        return []
    days = [_day(moment) for moment, _ in heard]
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
    query = [(key, str(value)) for key, value in asked.items() if value]
    query += [("number", str(number)) for number in sorted(wanted.numbers or ())]
    return [
        (kind, f"{path}?{urlencode(query)}" if query else path)
        for kind, path in (("CSV", from_app(HISTORY_CSV)), ("JSON", from_app(HISTORY_JSON)))
    ]


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _clips(count: int) -> str:
    return "1 clip" if count == 1 else f"{count} clips"


def _most_heard(genres: Counter[str]) -> str:
    (first, most), *others = genres.most_common()
    name = display_name(first).lower()
    if not others:
        return f"{display_name(first)}." if most == 1 else f"All {name}."
    leading = [display_name(genre).lower() for genre, count in genres.items() if count == most]
    if len(leading) > 1:
        return f"As much {leading[0]} as {leading[1]}." if len(leading) == 2 else "Of all sorts."
    then = " and ".join(display_name(genre).lower() for genre, _ in others[:2])
    mostly = "Mostly" if 2 * most > genres.total() else "Most often"
    return f"{mostly} {name}, then {then}."
