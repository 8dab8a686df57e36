"""What sounds like a clip among the reference tracks, by `genregenie.model.likeness`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from genregenie.autotag.qualities import Change, QualityError
from genregenie.autotag.vocabulary import characters, probabilities_of
from genregenie.common.names import artist_key, song_key
from genregenie.model.likeness import Directions, Likeness
from genregenie.spotify.tracks import search_url

if TYPE_CHECKING:
    from genregenie.inference.prediction import Prediction
    from genregenie.model.catalogue import Catalogue

POOL: Final = 60
"""How many candidates are looked at, so that enough are left by different artists."""

SAME_RECORDING: Final = 0.9995
"""Sounds that are more alike than this are of one recording."""
_SAME_VECTOR: Final = 5e-7


@dataclass(frozen=True)
class SimilarTrack:
    """A track that sounds like the clip.

    Attributes
    ----------
    artist, title, genre : str
    alike : float
        0 (nothing in common) to 1 (the same sound); less counts as 0.
    path : str or None
        The file, for a track of one's own library.
    character : tuple of str
        Its moods and styles, from `genregenie.autotag.vocabulary.characters`; empty where the
        network has not heard it.
    is_clip : bool
        Whether it is the clip itself: of the same timbre, whatever was heard in it besides.
    """

    artist: str
    title: str
    genre: str
    alike: float
    path: str | None = None
    character: tuple[str, ...] = ()
    is_clip: bool = False

    @property
    def key(self) -> str:
        """Names this track among all; the same for two copies of one song."""
        return track_key(self.artist, self.title)

    @property
    def search_url(self) -> str:
        """Address of a search for it on Spotify."""
        return search_url(self.artist, self.title)


class Acoustic:
    """Finds what sounds alike in a catalogue. Safe to use from many threads.

    Parameters
    ----------
    catalogue : Catalogue
        The reference tracks; those without an artist or a title are left out, since there is
        nothing to show for them.
    """

    def __init__(self, catalogue: "Catalogue") -> None:
        known = (catalogue.artist != "") & (catalogue.title != "")
        self.likeness = catalogue.likeness
        self._directions = catalogue.directions[known]
        self._autotags = catalogue.autotags[known]
        self._artist = catalogue.artist[known]
        self._title = catalogue.title[known]
        self._genre = catalogue.genre[known]
        self._artist_keys = np.array([artist_key(name) for name in self._artist.tolist()])
        keys = map(track_key, self._artist.tolist(), self._title.tolist())
        self._rows = {key: row for row, key in enumerate(keys)}

    def nearest(
        self, direction: Directions, count: int = POOL, change: Change | None = None
    ) -> list[SimilarTrack]:
        """The tracks most alike, most alike first.

        Parameters
        ----------
        direction : float32 array, shape (width,)
            The clip's, from `direction_of`; an empty one has no neighbours.
        count : int > 0
        change : Change, optional
            What they shall have more of than the clip; those without are left out.

        Raises
        ------
        QualityError
            If that is wanted, and the network has not heard the tracks.
        """
        if not direction.size:
            return []
        alike = self._directions @ direction
        if change is not None and np.isnan(self._autotags).all():
            raise QualityError(
                f"What is {change.words[0]} is told by the network, which has not heard the "
                "reference tracks of this model. Train it again with 'genregenie train'."
            )
        rows = top(alike if change is None else change.fit(alike, self._autotags), count)
        own = is_same(self.likeness, self._directions[rows], direction)
        return [
            SimilarTrack(
                str(self._artist[row]),
                str(self._title[row]),
                str(self._genre[row]),
                as_share(alike[row]),
                character=self._characters[row],
                is_clip=is_clip,
            )
            for row, is_clip in zip(rows, own, strict=True)
        ]

    def characters(self, keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Moods and styles of tracks, by `SimilarTrack.key`; of those it knows and has heard."""
        found = {key: self._characters[self._rows[key]] for key in keys if key in self._rows}
        return {key: names for key, names in found.items() if names}

    @cached_property
    def _characters(self) -> list[tuple[str, ...]]:
        return characters(self._autotags, self._genre.tolist())

    def artists_like(self, artist: str, count: int = 5) -> tuple[str, ...]:
        """Artists whose tracks sound most like this one's; none if it is not in the catalogue."""
        own = self._artist_keys == artist_key(artist)
        if not own.any():
            return ()
        alike = self._directions @ self._directions[own].mean(axis=0)
        alike[own] = -1.0
        found = {str(self._artist_keys[i]): str(self._artist[i]) for i in top(alike, 4 * count)}
        return tuple(found.values())[:count]


def direction_of(prediction: "Prediction", likeness: Likeness) -> Directions:
    """The direction of a clip, shape (width,); empty where nothing is known of its sound."""
    if not prediction.vector.size:
        return np.empty(0, dtype=np.float32)
    autotags = probabilities_of(prediction.autotags)
    return np.asarray(likeness.directions(prediction.vector[None], autotags[None])[0])


def is_same(likeness: Likeness, directions: Directions, direction: Directions) -> list[bool]:
    """Which of some directions, shape (n, width), are of the very recording that another is of."""
    same: list[bool] = (likeness.timbre_alike(directions, direction) > SAME_RECORDING).tolist()
    return same


def track_key(artist: str, title: str) -> str:
    """Names a track among all; the same for two copies of one song."""
    return f"{artist_key(artist)}/{song_key(title)}"


def top(values: NDArray[np.floating], count: int) -> list[int]:
    """Indices of the `count` greatest values above minus infinity, greatest first."""
    count = min(count, int((values > -np.inf).sum()))
    if not count:
        return []
    chosen = np.argpartition(values, -count)[-count:]
    order: list[int] = chosen[np.argsort(-values[chosen], kind="stable")].tolist()
    return order


def as_share(cosine: float) -> float:
    """A cosine as "how alike", 0 to 1."""
    return float(np.clip(cosine, 0.0, 1.0))


def varied(
    candidates: Iterable[SimilarTrack], *, artist: str | None = None, title: str | None = None
) -> Iterator[SimilarTrack]:
    """Candidates without exact repeats, without the clip itself, one for each artist.

    Parameters
    ----------
    candidates : iterable of SimilarTrack
        Most alike first.
    artist, title : str, optional
        The clip's own tags.

    Yields
    ------
    SimilarTrack
        In the order they came. Two tracks exactly as alike are one recording under two names.
    """
    itself = (artist_key(artist or ""), song_key(title or ""))
    seen: set[str] = set()
    last = 2.0
    for candidate in candidates:
        same = candidate.alike > 0 and abs(last - candidate.alike) < _SAME_VECTOR
        repeat = same or candidate.is_clip
        last = candidate.alike
        name = artist_key(candidate.artist)
        if (
            repeat
            or (name and name in seen)
            or (all(itself) and (name, song_key(candidate.title)) == itself)
        ):
            continue
        seen.add(name)
        yield candidate
