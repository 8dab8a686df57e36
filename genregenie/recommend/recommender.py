"""One ranked answer for a clip: what sounds like it, and what Spotify has of its genre.

The two kinds stay apart. "Sounds like" is measured here and always answers. Spotify is searched
by genre and artist; what it sends is shown and never measured, compared or learned from.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Protocol

from genregenie.common import settings
from genregenie.common.arrays import Array
from genregenie.common.genres import display_name
from genregenie.common.names import artist_key
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Prediction
from genregenie.recommend.acoustic import POOL, Acoustic, SimilarTrack, varied
from genregenie.recommend.preferences import Opinion, Preferences, Rankable, Ranked
from genregenie.spotify.queries import GenrePlan, Query, SearchOptions, Song, plan
from genregenie.spotify.search import BUDGET_S, find_tracks
from genregenie.spotify.tracks import Track

NEIGHBOURS: Final = 6

OK: Final = "ok"
NOTHING: Final = "nothing found"
OFFLINE: Final = "offline"
NOT_MUSIC: Final = "not music"


@dataclass(frozen=True)
class SoundsLike:
    """An acoustic neighbour.

    Attributes
    ----------
    track : SimilarTrack
    reason : str or None
        "because you liked ..."
    song : Track or None
        The same song on Spotify, where it was found there.
    """

    track: SimilarTrack
    reason: str | None = None
    song: Track | None = None

    @property
    def url(self) -> str:
        """Its page on Spotify, else a search for it there."""
        return self.song.url if self.song else self.track.search_url


@dataclass(frozen=True)
class OnSpotify:
    """A track that Spotify has for a genre."""

    track: Track
    genre: str
    reason: str | None = None


@dataclass(frozen=True)
class SpotifyAnswer:
    """What Spotify had to say.

    Attributes
    ----------
    state : str
        ``"ok"``, ``"nothing found"``, ``"offline"``, ``"not music"`` or a `FailureKind`.
    message : str
        One line for the person: what happened and what would help; empty when all is well.
    tracks : tuple of OnSpotify
        May hold some even when not all went well.
    """

    state: str
    message: str
    tracks: tuple[OnSpotify, ...] = ()


@dataclass(frozen=True)
class Recommendations:
    """All there is to recommend for a clip."""

    neighbours: tuple[SoundsLike, ...]
    spotify: SpotifyAnswer

    @property
    def songs(self) -> tuple[Track, ...]:
        """All that Spotify can play: the neighbours it has, then what it has of the genre."""
        found = [n.song for n in self.neighbours if n.song]
        return tuple({t.id: t for t in (*found, *(s.track for s in self.spotify.tracks))}.values())


class Nearest(Protocol):
    """Anything that knows the tracks nearest to a vector: the catalogue, or one's library."""

    def nearest(self, vector: Array, count: int = POOL) -> list[SimilarTrack]:
        """The tracks most alike, most alike first."""
        ...


class Searchable(Protocol):
    """Anything that can be searched the way `genregenie.spotify.client.Spotify` can."""

    def search(self, query: Query) -> tuple[Track, ...]:
        """One page of tracks; raises SpotifyUnavailableError."""
        ...


class Recommender:
    """Recommends. Safe to use from many threads.

    Parameters
    ----------
    acoustic : Acoustic
        The catalogue; also says which artists sound similar.
    source : Nearest, optional
        Where neighbours come from instead of the catalogue.
    """

    def __init__(self, acoustic: Acoustic, source: Nearest | None = None) -> None:
        self._acoustic = acoustic
        self._source = source or acoustic

    @classmethod
    def load(cls, index: Path | None = None) -> "Recommender":
        """The catalogue of the shipped model, or one's own library; loaded once per process.

        Raises
        ------
        ModelError, LibraryError
        """
        return _load(index, settings.model_dir())

    def recommend(
        self,
        prediction: Prediction,
        spotify: Searchable | None,
        options: SearchOptions | None = None,
        opinions: Iterable[Opinion] = (),
    ) -> Recommendations:
        """Both kinds. `spotify` None stays offline."""
        preferences = Preferences(opinions)
        neighbours = self.neighbours(prediction, preferences)
        return self.on_spotify(
            prediction, neighbours, spotify, options or SearchOptions(), preferences
        )

    def neighbours(
        self, prediction: Prediction, preferences: Preferences, count: int = NEIGHBOURS
    ) -> tuple[SoundsLike, ...]:
        """What sounds like the clip, most alike first unless preferences say otherwise."""
        if prediction.genre is None:
            return ()
        found = varied(
            self._source.nearest(prediction.vector),
            artist=prediction.artist,
            title=prediction.title,
        )
        candidates = [Rankable(a, a.key, (a.artist,), a.genre) for a in found]
        ranked = preferences.rank(candidates, self._similar_artists(preferences))[:count]
        return tuple(SoundsLike(r.item, r.reason) for r in ranked)

    def on_spotify(
        self,
        prediction: Prediction,
        neighbours: Sequence[SoundsLike],
        spotify: Searchable | None,
        options: SearchOptions,
        preferences: Preferences,
        budget_s: float = BUDGET_S,
    ) -> Recommendations:
        """Add what Spotify has, and pages on Spotify for the neighbours. Never fails."""
        unlinked = tuple(neighbours)
        if prediction.genre is None:
            message = "This does not sound like music, so there is nothing like it to look for."
            return Recommendations(unlinked, SpotifyAnswer(NOT_MUSIC, message))
        if spotify is None:
            return Recommendations(unlinked, SpotifyAnswer(OFFLINE, "Spotify was not asked."))
        plans = plan(
            preferences.tilted(prediction.confidences),
            _artists(neighbours, prediction, preferences),
            options,
        )
        found = find_tracks(
            spotify.search,
            plans,
            [Song(n.track.artist, n.track.title) for n in neighbours],
            options,
            refused=lambda track: preferences.refuses(track.id),
            budget_s=budget_s,
        )
        similar = self._similar_artists(preferences)
        ranked_by_genre = []
        for genre_plan, tracks in zip(plans, found.tracks, strict=True):
            candidates = [Rankable(t, t.id, t.artists, genre_plan.genre) for t in tracks]
            ranked = preferences.rank(candidates, similar)
            ranked_by_genre.append((genre_plan, ranked[: genre_plan.count]))
        suggestions = _interleaved(ranked_by_genre)
        if found.error is not None:
            answer = SpotifyAnswer(str(found.error.kind), str(found.error), suggestions)
        elif not suggestions:
            answer = SpotifyAnswer(NOTHING, _nothing(plans, options))
        else:
            answer = SpotifyAnswer(OK, "", suggestions)
        linked = tuple(
            SoundsLike(n.track, n.reason, song)
            for n, song in zip(neighbours, found.songs, strict=True)
        )
        return Recommendations(linked, answer)

    def _similar_artists(self, preferences: Preferences) -> dict[str, str]:
        """Artists who sound like a liked one, by the catalogue; the latest like goes first."""
        similar: dict[str, str] = {}
        for liked in preferences.liked_artists():
            for artist in self._acoustic.artists_like(liked):
                similar.setdefault(artist_key(artist), liked)
        return similar


def _artists(
    neighbours: Sequence[SoundsLike], prediction: Prediction, preferences: Preferences
) -> dict[str, tuple[str, ...]]:
    """For each genre, who makes it: liked artists first, then those of the neighbours."""
    return {
        genre: (
            *preferences.liked_artists(genre),
            *(n.track.artist for n in neighbours if n.track.genre == genre),
        )
        for genre in prediction.confidences
    }


def _interleaved(
    ranked_by_genre: Sequence[tuple[GenrePlan, Sequence[Ranked[Track]]]],
) -> tuple[OnSpotify, ...]:
    """One list in which every stretch holds the genres in proportion."""
    placed = [
        ((i + 0.5) / len(ranked), number, OnSpotify(r.item, plan.genre, r.reason))
        for number, (plan, ranked) in enumerate(ranked_by_genre)
        for i, r in enumerate(ranked)
    ]
    return tuple(entry for *_, entry in sorted(placed, key=lambda place: place[:2]))


def _nothing(plans: Sequence[GenrePlan], options: SearchOptions) -> str:
    names = " or ".join(display_name(p.genre).lower() for p in plans) or "such music"
    helps = "Try a wider range of years." if options.years else "Try another clip."
    return f"Spotify found no {names}. {helps}"


@cache
def _load(index: Path | None, model: Path) -> Recommender:
    acoustic = Acoustic(Classifier.load(model).model.catalogue)
    if index is None:
        return Recommender(acoustic)
    from genregenie.recommend.library_index import Library

    return Recommender(acoustic, Library.load(index, acoustic.centre))
