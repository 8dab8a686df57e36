"""What to ask Spotify for a clip. Pure: numbers and names in, queries out.

``genre:`` is a soft filter and Spotify knows a genre by several spellings, so each genre has a
ladder of queries, the most precise first: the style that was heard, where it says more than the
genre. More precise still is to ask for artists who are known to make such music; those come from
the clip's acoustic neighbours and the person's likes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, Self

from genregenie.common.errors import GenreGenieError
from genregenie.common.genres import ranked
from genregenie.common.names import clean

PAGE: Final = 10
"""Most results Spotify gives for one query."""

FARTHEST: Final = 1000
"""Highest offset Spotify answers to."""

COUNT: Final = 10
MAX_GENRES: Final = 3
ARTISTS_PER_GENRE: Final = 3
EARLIEST_YEAR: Final = 1900
LATEST_YEAR: Final = 2100

_WORTH_ASKING: Final = 0.1
_GEM_OFFSETS: Final = (100, 50)
_PAGES: Final = 3
_MAX_NAME_LENGTH: Final = 80
_SPOTIFY_NAMES: Final = {"hiphop": "hip-hop", "rnb": "r&b"}


class YearsError(GenreGenieError, ValueError):
    """Years that make no range."""


class Depth(StrEnum):
    """How well known the tracks should be."""

    ANY = "any"
    KNOWN = "well known"
    GEMS = "hidden gems"


@dataclass(frozen=True)
class SearchOptions:
    """What the person chose.

    Attributes
    ----------
    years : (int, int) or None
        First and last year of release.
    depth : Depth
    count : int > 0
        How many tracks.

    Raises
    ------
    YearsError
        If the years are not between 1900 and 2100 and in order.
    """

    years: tuple[int, int] | None = None
    depth: Depth = Depth.ANY
    count: int = COUNT

    def __post_init__(self) -> None:
        if self.years is not None:
            first, last = self.years
            if not EARLIEST_YEAR <= first <= last <= LATEST_YEAR:
                raise YearsError(
                    f"The years {first} to {last} make no range between "
                    f"{EARLIEST_YEAR} and {LATEST_YEAR}."
                )

    @classmethod
    def from_form(cls, first: str | None, last: str | None, depth: str) -> Self:
        """What was typed into a form; empty years mean no limit on that side.

        Raises
        ------
        YearsError
            Whose text is a sentence for the person.
        """
        years = None
        if (first or "").strip() or (last or "").strip():
            years = _year(first, EARLIEST_YEAR), _year(last, LATEST_YEAR)
        return cls(years, Depth(depth))

    def allows(self, year: int | None) -> bool:
        """Whether a track of this year may be shown; an unknown year gets the doubt's benefit."""
        return self.years is None or year is None or self.years[0] <= year <= self.years[1]


def _year(text: str | None, otherwise: int) -> int:
    text = (text or "").strip()
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit()):
        raise YearsError(f"{text!r} is not a year. Write it like 1999, or leave it empty.")
    return int(text)


class Song(NamedTuple):
    """A song by its artist and title, wherever they are known from."""

    artist: str
    title: str


@dataclass(frozen=True)
class Query:
    """One page of one search.

    Attributes
    ----------
    artist : str
        If given, only tracks by this artist count: ``artist:"Queen"`` also finds "Queens".
    """

    text: str
    offset: int = 0
    artist: str = ""


@dataclass(frozen=True)
class GenrePlan:
    """How to find `count` tracks of a genre.

    Attributes
    ----------
    by_artist : tuple of Query
        Asked first, all of them.
    ladder : tuple of Query
        Asked one after the other until there are enough.
    style : str or None
        A kind of the genre that is asked for before it.
    """

    genre: str
    count: int
    by_artist: tuple[Query, ...]
    ladder: tuple[Query, ...]
    style: str | None = None


def shares(confidences: Mapping[str, float], count: int = COUNT) -> dict[str, int]:
    """Share `count` places among the likeliest genres, in proportion to confidence.

    At most three genres, and only those with a tenth of the confidence, or the likeliest alone.
    Rounded by largest remainder, so the places always add up.

    Examples
    --------
    >>> shares({"blues": 0.7, "rock": 0.3}, 10)
    {'blues': 7, 'rock': 3}
    """
    likely = ranked(confidences)[:MAX_GENRES]
    chosen = [item for item in likely if item[1] >= _WORTH_ASKING] or likely[:1]
    total = sum(p for _, p in chosen)
    if total <= 0:
        return {}
    exact = {genre: count * p / total for genre, p in chosen}
    places = {genre: int(value + 1e-9) for genre, value in exact.items()}
    for genre in sorted(exact, key=lambda g: places[g] - exact[g])[: count - sum(places.values())]:
        places[genre] += 1
    return {genre: n for genre, n in places.items() if n}


def plan(
    confidences: Mapping[str, float],
    artists: Mapping[str, Sequence[str]],
    options: SearchOptions,
    styles: Mapping[str, str] | None = None,
) -> tuple[GenrePlan, ...]:
    """Queries for a clip, the likeliest genre first.

    Parameters
    ----------
    confidences : mapping of str to float
        Over the genres.
    artists : mapping of str to sequence of str
        For each genre, artists known to make it, the most fitting first.
    options : SearchOptions
    styles : mapping of str to str, optional
        For a genre, the style heard that says more than it does.
    """
    plans = []
    for genre, count in shares(confidences, options.count).items():
        names = artists.get(genre, ())[: min(ARTISTS_PER_GENRE, count)]
        # A well-known artist's second page is the nearest thing to a hidden gem.
        offset = PAGE if options.depth is Depth.GEMS else 0
        by_artist = tuple(
            Query(_worded(f"artist:{_quoted(name)}", options), offset, name) for name in names
        )
        style = (styles or {}).get(genre)
        plans.append(GenrePlan(genre, count, by_artist, _ladder(genre, style, options), style))
    return tuple(plans)


def song_query(song: Song) -> Query:
    """The query that finds one known song."""
    return Query(f"track:{_quoted(song.title)} artist:{_quoted(song.artist)}")


def spotify_name(genre: str) -> str:
    """What Spotify calls a genre."""
    return _SPOTIFY_NAMES.get(genre, genre.replace("_", " ").lower())


def _ladder(genre: str, style: str | None, options: SearchOptions) -> tuple[Query, ...]:
    name = spotify_name(genre)
    spaced = name.replace("-", " ")
    names = (*([spotify_name(style)] if style else []), name, spaced)
    exact = [f"genre:{_quoted(name)}" for name in names]
    texts = [_worded(text, options) for text in dict.fromkeys((*exact, spaced))]
    # Spotify lists the well known first, so gems lie further down.
    gems = _GEM_OFFSETS if options.depth is Depth.GEMS else ()
    deep = [Query(texts[0], offset) for offset in gems]
    first, *others = [Query(text) for text in texts]
    more = [Query(first.text, page * PAGE) for page in range(1, _PAGES)]
    return (*deep, first, *more, *others)


def _worded(text: str, options: SearchOptions) -> str:
    if options.years is None:
        return text
    first, last = options.years
    return f"{text} year:{first}-{last}" if first < last else f"{text} year:{first}"


def _quoted(text: str) -> str:
    """A name as a phrase; a quotation mark inside it would end the phrase."""
    return f'"{clean(text.replace(chr(34), " "), _MAX_NAME_LENGTH)}"'
