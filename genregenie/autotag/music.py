"""Whether a sound is music at all, by the network's embedding.

A logistic regression on its 200 numbers, learnt by ``make hearing`` from music and from rain,
streets, animals, machines, speech, tones and noise; docs/evaluation.md says how well it does.
"""

from functools import cache
from typing import Final

import numpy as np

from genregenie.common import resources
from genregenie.common.arrays import Array

MUSIC_NPZ: Final = "music.npz"


def music_probability(embeddings: Array) -> float:
    """How likely a sound is music, 0 to 1.

    Parameters
    ----------
    embeddings : array, shape (n, 200)
        Of all windows that were heard, from `genregenie.autotag.network.Network.hear`.
    """
    weights, intercept, _ = _learnt()
    return float(1 / (1 + np.exp(-(embeddings.mean(axis=0) @ weights + intercept))))


def music_threshold() -> float:
    """What that has to reach for a sound to count as music."""
    return _learnt()[2]


@cache
def _learnt() -> tuple[Array, float, float]:
    with np.load(resources.models() / "musicnn" / MUSIC_NPZ) as npz:
        return (
            np.asarray(npz["weights"], float),
            float(npz["intercept"]),
            float(npz["threshold"]),
        )
