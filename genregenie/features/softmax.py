"""What the models of tempo and key have in common: arrays in a file, and the softmax at the end."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from genregenie.common.arrays import Array


@dataclass(frozen=True)
class SoftmaxModel:
    """What a model is whose answers are probabilities; the weights are its subclasses'.

    Attributes
    ----------
    mean, scale : float64 arrays, shape (features,)
        Evidence is standardised by these first.
    sure : float
        The confidence from which an answer is sure: of those that are, four in five are right.
    """

    mean: Array
    scale: Array
    sure: float

    @classmethod
    def load(cls, path: Path) -> Self:
        """What `save` wrote."""
        with np.load(path) as npz:
            arrays: dict[str, Any] = {name: npz[name].astype(np.float64) for name in npz.files}
        return cls(**arrays | {"sure": float(arrays["sure"])})

    def save(self, path: Path) -> None:
        """Write it as one file of arrays."""
        arrays: dict[str, Any] = {n: np.asarray(v, np.float32) for n, v in vars(self).items()}
        np.savez_compressed(path, **arrays)

    def standardised(self, evidence: NDArray[np.floating]) -> Array:
        """Evidence of shape (..., features) as the weights take it."""
        return np.asarray((evidence - self.mean) / self.scale)


def softmax(scores: Array) -> Array:
    """Scores of shape (..., answers) as probabilities, which sum to 1."""
    odds = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))
