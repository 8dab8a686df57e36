"""Asks Spotify all that a clip needs, side by side and within one time limit."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from genregenie.common.names import artist_key, song_key
from genregenie.spotify.deadlines import run_until
from genregenie.spotify.errors import FailureKind, SpotifyUnavailableError
from genregenie.spotify.queries import Depth, GenrePlan, Query, SearchOptions, Song, song_query
from genregenie.spotify.tracks import Track

BUDGET_S: Final = 8.0

_SPARE: Final = 2  # so many candidates for each place, for preferences to choose from
_PER_ARTIST_QUERY: Final = 1

Search = Callable[[Query], tuple[Track, ...]]
_Answer = tuple[Track, ...] | SpotifyUnavailableError


@dataclass(frozen=True)
class SearchResult:
    """What Spotify had.

    Attributes
    ----------
    tracks : tuple of tuples of Track
        For each plan, up to twice as many as it wants, the best fitting first; no song and no
        artist twice in all of them.
    songs : tuple of (Track or None)
        For each song that was looked for, that song on Spotify.
    error : SpotifyUnavailableError or None
        The first thing that went wrong; what was found in spite of it is there.
    """

    tracks: tuple[tuple[Track, ...], ...]
    songs: tuple[Track | None, ...]
    error: SpotifyUnavailableError | None


def find_tracks(
    search: Search,
    plans: Sequence[GenrePlan],
    songs: Sequence[Song],
    options: SearchOptions,
    *,
    refused: Callable[[Track], bool] = lambda track: False,
    budget_s: float = BUDGET_S,
) -> SearchResult:
    """Find tracks for every plan, and the songs themselves.

    Parameters
    ----------
    search : callable
        Gives one page of tracks, or raises SpotifyUnavailableError.
    plans : sequence of GenrePlan
    songs : sequence of Song
    options : SearchOptions
    refused : callable
        Whether a track must not come up.
    budget_s : float > 0
        No longer than this, whatever happens.
    """
    answers = _Answers(search, time.monotonic() + budget_s)
    found = [_GenreTracks(plan, options) for plan in plans]
    song_queries = [song_query(song) for song in songs]
    first = [query for plan in plans for query in (*plan.by_artist, *plan.ladder[:1])]
    # Tracks first: where time is short the songs still have their search links.
    answers.ask([*first, *song_queries])
    seen = _Seen(refused)
    for genre in found:
        for query in genre.plan.by_artist:
            by_them = [t for t in answers.tracks(query) if t.is_by(query.artist)]
            genre.add(by_them, seen, _PER_ARTIST_QUERY)
        genre.add(answers.tracks(*genre.plan.ladder[:1]), seen)
    for rung in range(1, max((len(plan.ladder) for plan in plans), default=0)):
        short = [g for g in found if g.is_short and rung < len(g.plan.ladder)]
        if not short or answers.error is not None:
            break
        answers.ask([genre.plan.ladder[rung] for genre in short])
        for genre in short:
            genre.add(answers.tracks(genre.plan.ladder[rung]), seen)
    return SearchResult(
        tracks=tuple(genre.ordered() for genre in found),
        songs=tuple(
            next((t for t in answers.tracks(query) if t.is_song(*song)), None)
            for song, query in zip(songs, song_queries, strict=True)
        ),
        error=answers.error,
    )


class _Answers:
    """Queries and their answers."""

    def __init__(self, search: Search, deadline: float) -> None:
        self._search = search
        self._deadline = deadline
        self._answers: dict[Query, tuple[Track, ...]] = {}
        self.error: SpotifyUnavailableError | None = None

    def ask(self, queries: Sequence[Query]) -> None:
        new = [query for query in dict.fromkeys(queries) if query not in self._answers]
        answers = run_until(self._deadline, [lambda q=query: self._try(q) for query in new])  # type: ignore[misc]
        for query, answer in zip(new, answers, strict=True):
            if answer is None:
                answer = SpotifyUnavailableError(FailureKind.SLOW)
            if isinstance(answer, SpotifyUnavailableError):
                self.error = self.error or answer
            else:
                self._answers[query] = answer

    def tracks(self, *queries: Query) -> tuple[Track, ...]:
        return tuple(track for query in queries for track in self._answers.get(query, ()))

    def _try(self, query: Query) -> _Answer:
        try:
            return self._search(query)
        except SpotifyUnavailableError as error:
            return error


class _Seen:
    """Which songs and artists came up already, and must not come up again."""

    def __init__(self, refused: Callable[[Track], bool]) -> None:
        self._refused = refused
        self._seen: set[str] = set()

    def admits(self, track: Track) -> bool:
        """Whether a track is new; from now on it is not."""
        main = artist_key(track.artist)
        marks = {track.id, f"{main}/", f"{main}/{song_key(track.title)}"}
        if marks & self._seen or self._refused(track):
            return False
        self._seen |= marks
        return True


class _GenreTracks:
    """The tracks found for one genre."""

    def __init__(self, plan: GenrePlan, options: SearchOptions) -> None:
        self.plan = plan
        self._options = options
        self._tracks: list[Track] = []

    @property
    def is_short(self) -> bool:
        return len(self._tracks) < self.plan.count

    def add(self, tracks: Sequence[Track], seen: _Seen, most: int | None = None) -> None:
        room = _SPARE * self.plan.count - len(self._tracks)
        left = room if most is None else min(most, room)
        for track in tracks:
            if left <= 0:
                return
            if self._options.allows(track.year) and seen.admits(track):
                self._tracks.append(track)
                left -= 1

    def ordered(self) -> tuple[Track, ...]:
        """Spotify's order, or by popularity where that was asked for and Spotify tells it."""
        if self._options.depth is Depth.ANY:
            return tuple(self._tracks)
        sign = -1 if self._options.depth is Depth.KNOWN else 1
        return tuple(
            sorted(self._tracks, key=lambda t: 0 if t.popularity is None else sign * t.popularity)
        )
