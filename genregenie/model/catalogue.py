"""The reference tracks: what a clip sounds like, and how unlike all of them it is."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from genregenie.autotag.vocabulary import TAGS
from genregenie.common.arrays import Array
from genregenie.model.likeness import Directions, Likeness, TagAxes
from genregenie.model.space import TangentSpace, squared_distances


@dataclass(frozen=True)
class Catalogue:
    """The reference tracks.

    Attributes
    ----------
    artist, title, genre : str arrays, shape (n,)
    vectors : float64 array, shape (n, 104)
    space : TangentSpace
        Where the vectors live; `TangentSpace.prior_frames` is lower than the classifier's, because
        shrinking would hide how unlike music a steady noise is.
    autotags : float64 array, shape (n, 50)
        Probabilities of the network's tags; NaN for a track that it has not heard.
    axes : TagAxes or None
        None where it has heard too few, and in catalogues of earlier releases.
    """

    artist: NDArray[np.str_]
    title: NDArray[np.str_]
    genre: NDArray[np.str_]
    vectors: Array
    space: TangentSpace
    autotags: Array
    axes: TagAxes | None = None

    @cached_property
    def likeness(self) -> Likeness:
        """How alike two sounds are."""
        return Likeness(self.vectors.mean(axis=0), self.axes)

    @cached_property
    def directions(self) -> Directions:
        """Those of the tracks by `likeness`, shape (n, width)."""
        return self.likeness.directions(self.vectors, self.autotags)

    def alike(self, vectors: Array, autotags: Array) -> Directions:
        """How alike clips and reference tracks are, -1 to 1, shape (m, n).

        Parameters
        ----------
        vectors : array, shape (m, 104)
            Where the clips lie in `space`.
        autotags : array, shape (m, 50)
            Probabilities of their tags; NaN in the row of a clip that the network has not heard.
        """
        return np.asarray(self.likeness.directions(vectors, autotags) @ self.directions.T)

    def distances(self, vectors: Array) -> Array:
        """Euclidean distance of each clip to each reference track, which tells novelty.

        Parameters
        ----------
        vectors : array, shape (m, 104)
            Where the clips lie in `space`.

        Returns
        -------
        float64 array, shape (m, n)
        """
        return np.asarray(np.sqrt(squared_distances(vectors, self.vectors)))

    def save(self, path: Path) -> None:
        """Write the catalogue to an npz file, what is known of each track as float32."""
        arrays: dict[str, Any] = {
            "artist": self.artist,
            "title": self.title,
            "genre": self.genre,
            "vectors": self.vectors.astype(np.float32),
            **self.space.arrays(),
        }
        if self.axes is not None:
            arrays |= {"autotags": self.autotags.astype(np.float32), **self.axes.arrays()}
        np.savez_compressed(path, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        OSError, ValueError, KeyError, zipfile.BadZipFile
            If it is something else.
        """
        with np.load(path, allow_pickle=False) as npz:
            vectors = npz["vectors"].astype(np.float64)
            names = npz["artist"], npz["title"], npz["genre"]
            space, axes = TangentSpace.from_arrays(npz), TagAxes.from_arrays(npz)
            if axes is None:
                return cls(*names, vectors, space, np.full((len(vectors), TAGS), np.nan))
            return cls(*names, vectors, space, npz["autotags"].astype(np.float64), axes)


def novelty(distances: Array, neighbours: int) -> Array:
    """How unlike every reference a clip is: the mean distance to the nearest few.

    Parameters
    ----------
    distances : array, shape (n, m)
        From `Catalogue.distances`.
    neighbours : int > 0
        How many; all where there are fewer.

    Returns
    -------
    float64 array, shape (n,)
    """
    k = min(neighbours, distances.shape[1])
    return np.asarray(np.partition(distances, k - 1, axis=1)[:, :k].mean(axis=1))
