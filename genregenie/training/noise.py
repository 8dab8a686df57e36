"""What noise under a clip does to its statistics, so that models can learn to disregard it.

Few bits, a low level or an old tape put a steady noise under the music: whatever is softer than the
noise is the noise's. From a clip's mean and covariance one can tell what both become, by drawing
frames, adding the noise's energy in each mel band and going back; no sound is needed.

Gales and Young, "Robust continuous speech recognition using parallel model combination", IEEE
Transactions on Speech and Audio Processing 1996.
"""

from typing import Final

import numpy as np

from genregenie.common.arrays import Array
from genregenie.features.mfcc import (
    CEPSTRUM,
    COEFFICIENTS,
    FRAME_SAMPLES,
    PREEMPHASIS,
    SMOOTH,
    mel_energy,
)
from genregenie.features.tangent import as_rows, row_covariances, row_means

LEVELS: Final = (10.0, 100.0)
"""Standard deviation of the noise in steps of 16 bits, drawn between these: 8 bits make 74, a clip
that was stored 40 dB too soft 29."""

_DRAWS: Final = 400
_MIN_VARIANCE: Final = 1e-3


def in_noise(rows: Array, seed: int = 0) -> Array:
    """The rows of the same clips with white noise under them, another level for each.

    Parameters
    ----------
    rows : array, shape (n, 105)
        As `genregenie.features.tangent.as_rows` makes them.
    seed : int

    Returns
    -------
    array, shape (n, 105)
    """
    rng = np.random.default_rng(seed)
    low, high = np.log(LEVELS)
    levels = np.exp(rng.uniform(low, high, len(rows)))
    half = rng.normal(size=(_DRAWS // 2, COEFFICIENTS))
    draws = np.concatenate([half, -half])
    means, covariances = row_means(rows).copy(), row_covariances(rows)
    for i, level in enumerate(levels.tolist()):
        values, axes = np.linalg.eigh(covariances[i])
        root = axes * np.sqrt(np.maximum(values, 0.0))
        logs = (means[i] + draws @ root.T) @ SMOOTH
        clean = logs @ CEPSTRUM
        noisy = np.logaddexp(logs, 2.0 * np.log(level) + _LOG_FLOOR) @ CEPSTRUM
        # Only the change is taken from the draws, so that their own error falls out.
        means[i] += noisy.mean(axis=0) - clean.mean(axis=0)
        changed = covariances[i] + np.cov(noisy.T) - np.cov(clean.T)
        values, axes = np.linalg.eigh(changed)
        covariances[i] = (axes * np.maximum(values, _MIN_VARIANCE)) @ axes.T
    return as_rows(means, covariances, rows[:, 0])


def _log_floor() -> Array:
    """Logarithm of the mean energy in each mel band of white noise of variance 1, shape (26,).

    The energies of unrelated samples add up, so each sample's are taken alone.
    """
    alone = np.eye(FRAME_SAMPLES + 1, FRAME_SAMPLES, -1)
    return np.asarray(np.log(mel_energy(alone - PREEMPHASIS * np.eye(*alone.shape)).sum(axis=0)))


_LOG_FLOOR: Final = _log_floor()
