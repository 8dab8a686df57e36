"""One ranked answer for a clip: what sounds like it, and what Spotify has of its genre.

The two kinds stay apart. "Sounds like" is measured here and always answers. Spotify is searched
by genre and artist; what it sends is shown and never measured, compared or learned from.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Protocol

from genregenie.autotag.qualities import Change
from genregenie.autotag.vocabulary import finer_style, probabilities_of, shown
from genregenie.common import settings
from genregenie.common.genres import display_name
from genregenie.common.names import artist_key
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Prediction
from genregenie.model.likeness import Directions
from genregenie.recommend.acoustic import POOL, Acoustic, SimilarTrack, direction_of, varied
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
    """A track that Spotify has for a genre, or for a style that is a kind of it."""

    track: Track
    genre: str
    reason: str | None = None
    style: str | None = None


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

    @property
    def heading(self) -> str:
        """What there is on Spotify."""
        names = [shown(s.style) if s.style else display_name(s.genre).lower() for s in self.tracks]
        return f"More {' and '.join(dict.fromkeys(names))} on Spotify" if names else "On Spotify"


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
    """Anything that knows the tracks nearest to a clip: the catalogue, or one's library."""

    def nearest(
        self, direction: Directions, count: int = POOL, change: Change | None = None
    ) -> list[SimilarTrack]:
        """The tracks most alike, most alike first."""
        ...

    def characters(self, keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Moods and styles of tracks, by `SimilarTrack.key`."""
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
        but: Sequence[str] = (),
    ) -> Recommendations:
        """Both kinds. `spotify` None stays offline; `but` is for the neighbours."""
        preferences = self.preferences(opinions)
        neighbours = self.neighbours(prediction, preferences, but=but)
        return self.on_spotify(
            prediction, neighbours, spotify, options or SearchOptions(), preferences
        )

    def preferences(self, opinions: Iterable[Opinion]) -> Preferences:
        """What a person's opinions come to, with the moods and styles of what they are about."""
        said = tuple(opinions)
        keys = [opinion.key for opinion in said]
        return Preferences(said, self._acoustic.characters(keys) | self._source.characters(keys))

    def neighbours(
        self,
        prediction: Prediction,
        preferences: Preferences | None = None,
        count: int = NEIGHBOURS,
        but: Sequence[str] = (),
    ) -> tuple[SoundsLike, ...]:
        """What sounds like the clip, most alike first unless preferences say otherwise.

        Parameters
        ----------
        prediction : Prediction
        preferences : Preferences, optional
        count : int
        but : sequence of str
            Of `genregenie.autotag.qualities.WORDS`: like the clip, but calmer, older and so on.

        Raises
        ------
        QualityError
            For words that are none of these or contradict each other, and where the network has not
            heard the clip or the tracks.
        LibraryError
            If one's own index is damaged, or of files that the network has not heard.
        """
        if prediction.genre is None:
            return ()
        preferences = preferences or Preferences()
        change = Change.of(but, probabilities_of(prediction.autotags)) if but else None
        direction = direction_of(prediction, self._acoustic.likeness)
        found = varied(
            self._source.nearest(direction, change=change),
            artist=prediction.artist,
            title=prediction.title,
        )
        candidates = [Rankable(a, a.key, (a.artist,), a.genre, a.character) for a in found]
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
        wanted = _wanted(prediction)
        plans = plan(
            preferences.tilted(wanted),
            _artists(neighbours, wanted, preferences),
            options,
            _styles(prediction),
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


def _wanted(prediction: Prediction) -> dict[str, float]:
    """What to look for, and how much of each: the genres, or what was heard beyond them."""
    return dict.fromkeys(prediction.beyond, 1.0) or prediction.confidences


def _styles(prediction: Prediction) -> dict[str, str]:
    """For each genre, the style heard that says more; none where that is a genre of its own."""
    known = {genre.casefold() for genre in prediction.confidences}
    found = ((genre, finer_style(prediction.autotags, genre)) for genre in prediction.confidences)
    return {genre: style for genre, style in found if style and style.casefold() not in known}


def _artists(
    neighbours: Sequence[SoundsLike], genres: Iterable[str], preferences: Preferences
) -> dict[str, tuple[str, ...]]:
    """For each genre, who makes it: liked artists first, then those of the neighbours."""
    return {
        genre: (
            *preferences.liked_artists(genre),
            *(n.track.artist for n in neighbours if n.track.genre == genre),
        )
        for genre in genres
    }


def _interleaved(
    ranked_by_genre: Sequence[tuple[GenrePlan, Sequence[Ranked[Track]]]],
) -> tuple[OnSpotify, ...]:
    """One list in which every stretch holds the genres in proportion."""
    placed = [
        ((i + 0.5) / len(ranked), number, OnSpotify(r.item, plan.genre, r.reason, plan.style))
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

    return Recommender(acoustic, Library.load(index, acoustic.likeness))
