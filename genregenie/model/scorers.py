"""What turns a clip's statistics into confidences: plain arrays, or a scikit-learn pipeline.

Importing scikit-learn and skops takes longer than all of GenreGenie's own work on a clip, so a
model of kernels and linear parts is evaluated with NumPy alone; the tests hold both to the same
confidences.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Protocol, Self

import numpy as np

from genregenie.common.arrays import Array
from genregenie.model.space import TangentSpace, squared_distances

TRUSTED_TYPES: Final = (
    "genregenie.training.estimators.KLNeighbours",
    "genregenie.training.estimators.KernelLogisticRegression",
    "genregenie.training.estimators.Tempered",
    "genregenie.training.transformers.GaussianTangent",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
)
"""Types beyond skops' own list that a model file may hold.

None can run code. scikit-learn follows the indices inside its trees unchecked, so a forged tree
could crash the process: point GENREGENIE_MODEL at models of your own making only.
"""


class Scorer(Protocol):
    """Anything that turns rows of statistics into logarithms of confidences."""

    def log_confidences(self, rows: Array) -> Array:
        """Natural logarithms, shape (n, k), for rows of shape (n, 105); any constant per row."""
        ...


@dataclass(frozen=True)
class Kernel:
    """Kernel logistic regression: landmarks (m, d), dual (m, k), intercept (k,)."""

    landmarks: Array
    dual: Array
    intercept: Array
    gamma: float

    def decisions(self, vectors: Array) -> Array:
        """Unnormalised log-confidences, shape (n, k), of vectors of shape (n, d)."""
        squares = squared_distances(vectors, self.landmarks)
        return np.asarray(np.exp(-self.gamma * squares) @ self.dual + self.intercept)


@dataclass(frozen=True)
class Linear:
    """A linear model, its temperature worked in: coefficients (d, k), intercept (k,)."""

    coefficients: Array
    intercept: Array

    def decisions(self, vectors: Array) -> Array:
        """Unnormalised log-confidences, shape (n, k), of vectors of shape (n, d)."""
        return np.asarray(vectors @ self.coefficients + self.intercept)


@dataclass(frozen=True)
class ArrayScorer:
    """The mean confidence of a kernel model and a linear model, of whichever is there."""

    space: TangentSpace
    kernel: Kernel | None
    linear: Linear | None

    def log_confidences(self, rows: Array) -> Array:
        """Logarithms of the mean of the members' confidences."""
        return self.log_confidences_of(self.space.vectors(rows))

    def log_confidences_of(self, vectors: Array) -> Array:
        """The same from vectors of `space`, shape (n, 104)."""
        return mean_log_confidences([m for m in (self.kernel, self.linear) if m], vectors)

    def save(self, path: Path) -> None:
        """Write the arrays to an npz file."""
        arrays: dict[str, Any] = dict(self.space.arrays())
        for name, member in (("kernel", self.kernel), ("linear", self.linear)):
            if member is not None:
                arrays |= {f"{name}_{f.name}": getattr(member, f.name) for f in fields(member)}
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
            kernel = linear = None
            if "kernel_dual" in npz:
                kernel = Kernel(
                    npz["kernel_landmarks"],
                    npz["kernel_dual"],
                    npz["kernel_intercept"],
                    float(npz["kernel_gamma"]),
                )
            if "linear_coefficients" in npz:
                linear = Linear(npz["linear_coefficients"], npz["linear_intercept"])
            return cls(TangentSpace.from_arrays(npz), kernel, linear)


def mean_log_confidences(members: Sequence[Kernel | Linear], vectors: Array) -> Array:
    """Logarithms, shape (n, k), of the mean of the members' confidences."""
    mean = np.mean([tempered(member.decisions(vectors), 1.0) for member in members], axis=0)
    return np.asarray(np.log(np.maximum(mean, 1e-12)))


class PipelineScorer:
    """Any fitted scikit-learn pipeline, read with skops."""

    def __init__(self, path: Path) -> None:
        from skops.io import load

        self._pipeline = load(path, trusted=list(TRUSTED_TYPES))

    def log_confidences(self, rows: Array) -> Array:
        """Logarithms of the pipeline's ``predict_proba``."""
        return np.asarray(np.log(np.clip(self._pipeline.predict_proba(rows), 1e-12, None)))


def tempered(log_confidences: Array, temperature: float) -> Array:
    """Softmax of ``log_confidences / temperature`` along the last axis.

    Parameters
    ----------
    log_confidences : array, shape (..., k)
        Natural logarithms, any constant per row.
    temperature : float > 0
        1 leaves them as they are, more makes them less sure.

    Returns
    -------
    float64 array, shape (..., k)
        Each row sums to 1.

    References
    ----------
    Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    scaled = log_confidences / temperature
    scaled = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(scaled / scaled.sum(axis=-1, keepdims=True))
