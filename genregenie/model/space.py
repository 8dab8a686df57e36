"""The tangent space that a model lives in, and distances in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from genregenie.common.arrays import Array
from genregenie.features.tangent import tangent_vectors


@dataclass(frozen=True)
class TangentSpace:
    """A fitted tangent space; see `genregenie.features.tangent.tangent_vectors`.

    Attributes
    ----------
    centre : float64 array, shape (13,)
        Mean of the training clips' mean frames.
    reference : float64 array, shape (13, 13)
        Their mean covariance.
    mean_weight, level_weight, prior_frames : float >= 0
    """

    centre: Array
    reference: Array
    mean_weight: float
    level_weight: float
    prior_frames: float

    def vectors(self, rows: Array) -> Array:
        """Rows of statistics, shape (n, 105), to vectors, shape (n, 104)."""
        return tangent_vectors(
            rows,
            self.centre,
            self.reference,
            mean_weight=self.mean_weight,
            level_weight=self.level_weight,
            prior_frames=self.prior_frames,
        )

    def arrays(self) -> dict[str, Array]:
        """The space as arrays for an npz file."""
        weights = [self.mean_weight, self.level_weight, self.prior_frames]
        return {"centre": self.centre, "reference": self.reference, "weights": np.array(weights)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Self:
        """The space whose `arrays` lie in an npz file.

        Raises
        ------
        KeyError
            If they do not.
        """
        mean_weight, level_weight, prior_frames = arrays["weights"].tolist()
        centre, reference = arrays["centre"], arrays["reference"]
        return cls(centre, reference, mean_weight, level_weight, prior_frames)


def squared_distances(a: Array, b: Array) -> Array:
    """Squared Euclidean distances, shape (n, m), between vectors (n, d) and (m, d)."""
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.asarray(np.maximum(squares, 0.0))
