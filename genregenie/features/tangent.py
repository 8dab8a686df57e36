"""From statistics to the vector that classifiers work on."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from genregenie.common.arrays import Array
from genregenie.features.mfcc import COEFFICIENTS
from genregenie.features.statistics import Statistics

_UPPER: Final = np.triu_indices(COEFFICIENTS)
_UPPER_SCALE: Final = np.where(_UPPER[0] == _UPPER[1], 1.0, np.sqrt(2.0))
_MIN_VARIANCE: Final = 1e-9

ROW_WIDTH: Final = 1 + COEFFICIENTS + len(_UPPER[0])
VECTOR_WIDTH: Final = COEFFICIENTS + len(_UPPER[0])


def as_row(stats: Statistics) -> Array:
    """Frame count, mean and upper triangle of the covariance in one row, shape (105,)."""
    return as_rows(stats.mean[None], stats.covariance[None], [stats.count])[0]


def as_rows(mean: Array, covariance: Array, count: Iterable[float]) -> Array:
    """Rows for classifiers from stacked statistics.

    Parameters
    ----------
    mean : array, shape (n, 13)
    covariance : array, shape (n, 13, 13)
    count : n frame counts

    Returns
    -------
    array, shape (n, 105)
    """
    counts = np.asarray(list(count), dtype=np.float64)
    return np.column_stack([counts, mean, covariance[:, _UPPER[0], _UPPER[1]]])


def row_means(rows: Array) -> Array:
    """The mean frames in rows: shape (n, 13)."""
    return rows[:, 1 : 1 + COEFFICIENTS]


def row_covariances(rows: Array) -> Array:
    """The covariances in rows: shape (n, 13, 13), symmetric."""
    covariances = np.empty((len(rows), COEFFICIENTS, COEFFICIENTS))
    covariances[:, _UPPER[0], _UPPER[1]] = rows[:, 1 + COEFFICIENTS :]
    covariances[:, _UPPER[1], _UPPER[0]] = rows[:, 1 + COEFFICIENTS :]
    return covariances


def tangent_vectors(
    rows: Array,
    centre: Array,
    reference: Array,
    *,
    mean_weight: float,
    level_weight: float,
    prior_frames: float,
) -> Array:
    """Describe clips by vectors whose Euclidean distances mean something.

    The covariance is mapped to the tangent space at the reference covariance S,
    ``logm(S^-1/2 C S^-1/2)``, and the mean is whitened by the same S, so both count in units of
    how much frames vary within a clip. A covariance from few frames is first drawn towards S
    as if S had been seen for `prior_frames` frames.

    Parameters
    ----------
    rows : array, shape (n, 105)
        As `as_rows` makes them.
    centre : array, shape (13,)
        Mean of the training means.
    reference : array, shape (13, 13)
        S, the mean training covariance.
    mean_weight : float >= 0
        Weight of the mean against the covariance.
    level_weight : float >= 0
        Further weight of the mean of coefficient 0, which is the loudness; 0 ignores it.
    prior_frames : float >= 0

    Returns
    -------
    array, shape (n, 104)
        13 values of the mean, then the upper triangle of the logarithm with the off-diagonals
        scaled by the square root of 2.

    References
    ----------
    Barachant et al., "Multiclass brain-computer interface classification by Riemannian
    geometry", IEEE TBME 2012; Arsigny et al., "Log-Euclidean metrics for fast and simple
    calculus on diffusion tensors", MRM 2006.
    """
    values, axes = np.linalg.eigh(reference)
    whitening = (axes / np.sqrt(np.maximum(values, _MIN_VARIANCE))) @ axes.T

    trust = (rows[:, 0] / (rows[:, 0] + prior_frames))[:, None, None]
    covariances = trust * row_covariances(rows) + (1.0 - trust) * reference
    values, axes = np.linalg.eigh(whitening @ covariances @ whitening)
    logs = (axes * np.log(np.maximum(values, _MIN_VARIANCE))[:, None, :]) @ np.swapaxes(axes, 1, 2)

    deviations = row_means(rows) - centre
    deviations[:, 0] *= level_weight
    return np.hstack(
        [mean_weight * deviations @ whitening, logs[:, _UPPER[0], _UPPER[1]] * _UPPER_SCALE]
    )
