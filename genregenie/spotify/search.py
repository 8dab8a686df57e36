"""Asks Spotify all that a clip needs, side by side and within one time limit."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from genregenie.recommend.acoustic import SimilarTrack
from genregenie.spotify.deadlines import run_until
from genregenie.spotify.errors import FailureKind, SpotifyUnavailableError
from genregenie.spotify.names import artist_key, song_key
from genregenie.spotify.queries import Depth, GenrePlan, Query, SearchOptions, song_query
from genregenie.spotify.tracks import Track

BUDGET_S: Final = 8.0

_SPARE: Final = 2  # so many candidates for each place, for taste to choose from
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
        For each acoustic neighbour, the same song on Spotify.
    error : SpotifyUnavailableError or None
        The first thing that went wrong; what was found in spite of it is there.
    """

    tracks: tuple[tuple[Track, ...], ...]
    songs: tuple[Track | None, ...]
    error: SpotifyUnavailableError | None


def gather(
    search: Search,
    plans: Sequence[GenrePlan],
    neighbours: Sequence[SimilarTrack],
    wishes: SearchOptions,
    *,
    refused: Callable[[Track], bool] = lambda track: False,
    budget_s: float = BUDGET_S,
) -> SearchResult:
    """Find tracks for every plan, and the neighbours themselves.

    Parameters
    ----------
    search : callable
        Gives one page of tracks, or raises SpotifyUnavailableError.
    plans : sequence of GenrePlan
    neighbours : sequence of SimilarTrack
    wishes : SearchOptions
    refused : callable
        Whether a track must not come up.
    budget_s : float > 0
        No longer than this, whatever happens.
    """
    asked = _Asked(search, time.monotonic() + budget_s)
    shelves = [_Shelf(plan, wishes) for plan in plans]
    songs = [song_query(n.artist, n.title) for n in neighbours]
    first = [query for plan in plans for query in (*plan.by_artist, *plan.ladder[:1])]
    # Tracks first: where time is short the neighbours still have their search links.
    asked.ask([*first, *songs])
    taken = _Taken(refused)
    for shelf in shelves:
        for query in shelf.plan.by_artist:
            by_them = [t for t in asked.tracks(query) if t.is_by(query.artist)]
            shelf.fill(by_them, taken, _PER_ARTIST_QUERY)
        shelf.fill(asked.tracks(*shelf.plan.ladder[:1]), taken)
    for rung in range(1, max((len(shelf.plan.ladder) for shelf in shelves), default=0)):
        hungry = [s for s in shelves if s.is_hungry and rung < len(s.plan.ladder)]
        if not hungry or asked.error is not None:
            break
        asked.ask([s.plan.ladder[rung] for s in hungry])
        for shelf in hungry:
            shelf.fill(asked.tracks(shelf.plan.ladder[rung]), taken)
    return SearchResult(
        tracks=tuple(shelf.ordered() for shelf in shelves),
        songs=tuple(
            next((t for t in asked.tracks(query) if t.is_song(n.artist, n.title)), None)
            for n, query in zip(neighbours, songs, strict=True)
        ),
        error=asked.error,
    )


class _Asked:
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


class _Taken:
    """What is on some shelf already, and must not come up again."""

    def __init__(self, refused: Callable[[Track], bool]) -> None:
        self._refused = refused
        self._seen: set[str] = set()

    def take(self, track: Track) -> bool:
        main = artist_key(track.artist)
        marks = {track.id, f"{main}/", f"{main}/{song_key(track.title)}"}
        if marks & self._seen or self._refused(track):
            return False
        self._seen |= marks
        return True


class _Shelf:
    """The tracks found for one genre."""

    def __init__(self, plan: GenrePlan, wishes: SearchOptions) -> None:
        self.plan = plan
        self._wishes = wishes
        self._tracks: list[Track] = []

    @property
    def is_hungry(self) -> bool:
        return len(self._tracks) < self.plan.count

    def fill(self, tracks: Sequence[Track], taken: _Taken, most: int | None = None) -> None:
        room = _SPARE * self.plan.count - len(self._tracks)
        left = room if most is None else min(most, room)
        for track in tracks:
            if left <= 0:
                return
            if self._wishes.allow(track.year) and taken.take(track):
                self._tracks.append(track)
                left -= 1

    def ordered(self) -> tuple[Track, ...]:
        """Spotify's order, or by popularity where that was wished for and Spotify tells it."""
        if self._wishes.depth is Depth.ANY:
            return tuple(self._tracks)
        sign = -1 if self._wishes.depth is Depth.KNOWN else 1
        return tuple(
            sorted(self._tracks, key=lambda t: 0 if t.popularity is None else sign * t.popularity)
        )
