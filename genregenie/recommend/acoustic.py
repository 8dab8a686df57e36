"""What sounds like a clip: the tracks whose vectors point the same way.

Similarity is the cosine of the angle between two vectors of the tangent space, seen from the
mean of the catalogue. Other distances were compared with it by whether the ten nearest tracks by
other artists share the genre; the table is in docs/evaluation.md and made by
``benchmarks/neighbours.py``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from genregenie.common.arrays import Array
from genregenie.common.names import artist_key, song_key
from genregenie.spotify.tracks import search_url

if TYPE_CHECKING:
    from genregenie.model.catalogue import Catalogue

POOL: Final = 60
"""How many candidates are looked at, so that enough are left by different artists."""

_SAME_RECORDING: Final = 0.9995
_SAME_VECTOR: Final = 5e-7

Directions = NDArray[np.float32]


@dataclass(frozen=True)
class SimilarTrack:
    """A track that sounds like the clip.

    Attributes
    ----------
    artist, title, genre : str
    alike : float
        Cosine similarity, 0 (nothing in common) to 1 (the same sound); negative counts as 0.
    path : str or None
        The file, for a track of one's own library.
    """

    artist: str
    title: str
    genre: str
    alike: float
    path: str | None = None

    @property
    def key(self) -> str:
        """Names this track among all; the same for two copies of one song."""
        return f"{artist_key(self.artist)}/{song_key(self.title)}"

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
        self.centre = catalogue.vectors.mean(axis=0)
        self._directions = directions(catalogue.vectors[known], self.centre)
        self._artist = catalogue.artist[known]
        self._title = catalogue.title[known]
        self._genre = catalogue.genre[known]
        self._artist_keys = np.array([artist_key(name) for name in self._artist.tolist()])

    def nearest(self, vector: Array, count: int = POOL) -> list[SimilarTrack]:
        """The tracks most alike, most alike first.

        Parameters
        ----------
        vector : array, shape (104,)
            Where the clip lies in the catalogue's space; an empty one has no neighbours.
        """
        if not vector.size:
            return []
        cosines = self._directions @ directions(vector[None], self.centre)[0]
        return [
            SimilarTrack(
                str(self._artist[i]),
                str(self._title[i]),
                str(self._genre[i]),
                as_share(cosines[i]),
            )
            for i in top(cosines, count)
        ]

    def artists_like(self, artist: str, count: int = 5) -> tuple[str, ...]:
        """Artists whose tracks sound most like this one's; none if it is not in the catalogue."""
        own = self._artist_keys == artist_key(artist)
        if not own.any():
            return ()
        cosines = self._directions @ self._directions[own].mean(axis=0)
        cosines[own] = -1.0
        found = {str(self._artist_keys[i]): str(self._artist[i]) for i in top(cosines, 4 * count)}
        return tuple(found.values())[:count]


def directions(vectors: Array, centre: Array) -> Directions:
    """Vectors as seen from the centre, of length 1: shape (n, 104), float32."""
    away = np.asarray(vectors - centre, dtype=np.float32)
    lengths = np.linalg.norm(away, axis=1, keepdims=True)
    return np.asarray(away / np.maximum(lengths, np.finfo(np.float32).tiny), dtype=np.float32)


def top(values: NDArray[np.float32], count: int) -> list[int]:
    """Indices of the `count` greatest values, greatest first."""
    count = min(count, len(values))
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
        repeat = same or candidate.alike > _SAME_RECORDING
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
