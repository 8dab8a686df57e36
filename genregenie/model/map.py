"""A map of the reference tracks: what lies near each other sounds alike.

The tracks' positions are made in training (`genregenie.training.map`), by t-SNE on what tells how
alike sounds are. A new song is put among them by its nearest tracks, so nothing is fitted and
nothing on the map ever moves.

van der Maaten and Hinton, "Visualizing data using t-SNE", JMLR 2008.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from genregenie.common.arrays import Array

NEAREST: Final = 5
"""How many reference tracks say where a song lies."""
_CLOSEST: Final = 1e-4  # a song that is in the catalogue lies on its own track


@dataclass(frozen=True)
class Map:
    """Where the reference tracks lie.

    Attributes
    ----------
    positions : float64 array, shape (n, 2)
        From 0 to 1, to the right and down, in the order of the catalogue.
    """

    positions: Array

    def __len__(self) -> int:
        return len(self.positions)

    def place(self, alike: NDArray[np.floating], nearest: int = NEAREST) -> Array:
        """Where songs lie: the mean of their nearest tracks, weighed by one over the distance.

        Parameters
        ----------
        alike : array, shape (m, n)
            How alike songs and tracks are, -1 to 1, from `Catalogue.alike`.
        nearest : int > 0
            How many tracks say it.

        Returns
        -------
        float64 array, shape (m, 2)
        """
        distances = 1.0 - np.asarray(alike, dtype=np.float64)
        tracks = np.argsort(distances, axis=1, kind="stable")[:, :nearest]
        weights = 1.0 / np.maximum(np.take_along_axis(distances, tracks, axis=1), _CLOSEST)
        weights /= weights.sum(axis=1, keepdims=True)
        return np.asarray((weights[:, :, None] * self.positions[tracks]).sum(axis=1))

    def centres(self, genre: NDArray[np.str_]) -> dict[str, tuple[float, float]]:
        """The median of each genre's tracks, whose genres are `genre`, shape (n,)."""
        return {
            str(name): (float(x), float(y))
            for name in np.unique(genre)
            for x, y in [np.median(self.positions[genre == name], axis=0)]
        }

    def save(self, path: Path) -> None:
        """Write the map to an npz file, as float32."""
        np.savez_compressed(path, allow_pickle=False, positions=self.positions.astype(np.float32))

    @classmethod
    def load(cls, path: Path, tracks: int) -> Self | None:
        """Read what `save` wrote for a catalogue of so many tracks; None without such a file.

        Raises
        ------
        OSError, ValueError, KeyError, zipfile.BadZipFile
            If it is something else, or the map of another catalogue.
        """
        if not path.exists():
            return None
        with path.open("rb") as file, np.load(file, allow_pickle=False) as npz:
            positions = npz["positions"].astype(np.float64)
        if positions.shape != (tracks, 2):
            raise ValueError(f"the map has the shape {positions.shape}, not ({tracks}, 2).")
        return cls(positions)
