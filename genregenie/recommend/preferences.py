"""What somebody liked changes the order of what comes next. Pure: opinions in, order out.

Nothing is trained. An opinion is the person's own statement about one recommendation; it moves
that artist, artists who sound like them, the genre, and what is of the same mood or style, by a
fixed number of places.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from genregenie.autotag.vocabulary import shown
from genregenie.common.names import artist_key

T = TypeVar("T")

ARTIST_PLACES: Final = 10.0
SIMILAR_PLACES: Final = 6.0
GENRE_PLACES: Final = 2.0
CHARACTER_PLACES: Final = 2.0
MAX_BALANCE: Final = 3
"""Beyond so many likes more than dislikes, a genre, mood or style moves no farther."""

_TILT: Final = 0.1


@dataclass(frozen=True)
class Opinion:
    """Like, or not for me.

    Attributes
    ----------
    key : str
        Of the track: `SimilarTrack.key`, or an id of Spotify's.
    artist, genre : str
    liked : bool
    """

    key: str
    artist: str
    genre: str
    liked: bool


@dataclass(frozen=True)
class Rankable(Generic[T]):
    """Something that may be recommended; its place in the list says how well it fits.

    Its character is its moods and styles, as far as they are known.
    """

    item: T
    key: str
    artists: tuple[str, ...]
    genre: str
    character: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ranked(Generic[T]):
    """Something to recommend, and why it stands where it does, if that is because of a like."""

    item: T
    reason: str | None


class Preferences:
    """All of a person's opinions, ready to be asked.

    Parameters
    ----------
    opinions : iterable of Opinion
        The oldest first; a later one about the same track replaces an earlier one.
    characters : mapping of str to sequence of str, optional
        From the key of a track to its moods and styles, for tracks of which they are known.
    """

    def __init__(
        self,
        opinions: Iterable[Opinion] = (),
        characters: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        latest = {opinion.key: opinion for opinion in opinions}
        self.opinions = tuple(latest.values())
        self._disliked_keys = {o.key for o in self.opinions if not o.liked}
        self._liked = {artist_key(o.artist): o.artist for o in self.opinions if o.liked}
        self._artists: Counter[str] = Counter()
        self._genres: Counter[str] = Counter()
        self._characters: Counter[str] = Counter()
        for opinion in self.opinions:
            sign = 1 if opinion.liked else -1
            self._artists[artist_key(opinion.artist)] += sign
            self._genres[opinion.genre] += sign
            for name in (characters or {}).get(opinion.key, ()):
                self._characters[name] += sign

    def liked_artists(self, genre: str | None = None) -> tuple[str, ...]:
        """Artists liked on balance, the latest first; those liked for one genre, if it is given."""
        names = {
            artist_key(o.artist): o.artist
            for o in reversed(self.opinions)
            if o.liked and (genre is None or o.genre == genre)
        }
        return tuple(name for key, name in names.items() if self._artists[key] > 0)

    def refuses(self, key: str) -> bool:
        """Whether this track is not for this person."""
        return key in self._disliked_keys

    def tilted(self, confidences: Mapping[str, float]) -> dict[str, float]:
        """Confidences leaning to liked genres, by three tenths at most: the clip decides."""
        return {
            genre: p * (1.0 + _TILT * _limited(self._genres[genre]))
            for genre, p in confidences.items()
        }

    def rank(
        self, candidates: Sequence[Rankable[T]], similar_artists: Mapping[str, str] | None = None
    ) -> list[Ranked[T]]:
        """Put candidates in the order of fit and preference; what is not for this person leaves.

        Parameters
        ----------
        candidates : sequence of Rankable
            The best fitting first.
        similar_artists : mapping of str to str, optional
            From the key of an artist's name to a liked artist who sounds similar.

        Returns
        -------
        list of Ranked
        """
        scored = []
        for place, candidate in enumerate(candidates):
            if not self.refuses(candidate.key):
                places, reason = self._pull(candidate, similar_artists or {})
                scored.append((place - places, place, Ranked(candidate.item, reason)))
        return [ranked for _, _, ranked in sorted(scored, key=lambda entry: entry[:2])]

    def _pull(
        self, candidate: Rankable[T], similar_artists: Mapping[str, str]
    ) -> tuple[float, str | None]:
        """How many places forward, and why."""
        balance = _limited(self._genres[candidate.genre])
        name, of_character = self._strongest(candidate.character)
        places = GENRE_PLACES * balance + CHARACTER_PLACES * of_character
        reason = None
        if of_character > 1 and of_character >= balance:
            reason = f"because you liked other {shown(name)} music"
        elif balance > 1:
            reason = f"because you liked other {candidate.genre}"
        keys = [artist_key(name) for name in candidate.artists]
        liked = next((self._liked[k] for k in keys if k in self._liked), None)
        similar = next((similar_artists[k] for k in keys if k in similar_artists), None)
        artist_balance = sum(self._artists[k] for k in keys)
        if artist_balance < 0:
            return places - ARTIST_PLACES, None
        if liked is not None and artist_balance > 0:
            return places + ARTIST_PLACES, f"because you liked {liked}"
        if similar is not None:
            return (
                places + SIMILAR_PLACES,
                f"because you liked {similar}, who sounds similar",
            )
        return places, reason

    def _strongest(self, character: Sequence[str]) -> tuple[str, int]:
        """The mood or style about which most was said, and its balance; moods often go together."""
        name = max(character, key=lambda name: abs(self._characters[name]), default="")
        return name, _limited(self._characters[name])


def _limited(balance: int) -> int:
    return max(-MAX_BALANCE, min(MAX_BALANCE, balance))
