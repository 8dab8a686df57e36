"""The tangent-space vector as a scikit-learn transformer."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from genregenie.common.arrays import Array
from genregenie.features.tangent import row_covariances, row_means
from genregenie.model.space import TangentSpace


class GaussianTangent(TransformerMixin, BaseEstimator):
    """Rows of statistics to vectors; see `genregenie.features.tangent.tangent_vectors`.

    Parameters
    ----------
    mean_weight : float >= 0
        Weight of the mean against the covariance.
    level_weight : float >= 0
        Further weight of the loudness. At 0 a clip is the same at any level; one half is worth a
        point of accuracy on GTZAN, whose genres were mastered apart, and 20 dB change 31 verdicts
        of 100.
    prior_frames : float >= 0
        How many frames the reference covariance counts for. 60 is worth four points of
        accuracy on clips of 3 s and nothing on clips of 30 s.

    Attributes
    ----------
    centre_ : array, shape (13,)
    reference_ : array, shape (13, 13)
    """

    def __init__(
        self, mean_weight: float = 0.5, level_weight: float = 0.0, prior_frames: float = 60.0
    ) -> None:
        self.mean_weight = mean_weight
        self.level_weight = level_weight
        self.prior_frames = prior_frames

    def fit(self, X: Array, y: Any = None) -> Self:
        """Take centre and reference from rows of shape (n, 105)."""
        self.centre_ = row_means(X).mean(axis=0)
        self.reference_ = row_covariances(X).mean(axis=0)
        return self

    def transform(self, X: Array) -> Array:
        """Map rows of shape (n, 105) to vectors of shape (n, 104)."""
        return self.space().vectors(np.asarray(X, dtype=np.float64))

    def space(self) -> TangentSpace:
        """What was fitted, free of scikit-learn."""
        return TangentSpace(
            self.centre_,
            self.reference_,
            self.mean_weight,
            self.level_weight,
            self.prior_frames,
        )
