"""The reference tracks: what a clip is nearest to, and how unlike all of them it is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from genregenie.common.arrays import Array
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
    """

    artist: NDArray[np.str_]
    title: NDArray[np.str_]
    genre: NDArray[np.str_]
    vectors: Array
    space: TangentSpace

    def distances(self, vectors: Array) -> Array:
        """Euclidean distance of each clip to each reference track.

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
        """Write the catalogue to an npz file, its vectors as float32."""
        arrays: dict[str, Any] = {
            "artist": self.artist,
            "title": self.title,
            "genre": self.genre,
            "vectors": self.vectors.astype(np.float32),
            **self.space.arrays(),
        }
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
            space = TangentSpace.from_arrays(npz)
            return cls(npz["artist"], npz["title"], npz["genre"], vectors, space)


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
