"""Scores of tempi and keys against annotations, as the field counts them.

A tempo is right within 4 % (Gouyon et al., "An experimental comparison of audio tempo induction
algorithms", IEEE TASLP 2006: accuracy 1), or so up to an octave (accuracy 2). A key's score is
MIREX's: 1 for the right one, 0.5 for the one a fifth above it, 0.3 for its relative, 0.2 for its
parallel.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from genregenie.common.arrays import Array
from genregenie.features.key import CLASSES
from genregenie.features.tempo import TOLERANCE

Flags = NDArray[np.bool_]
Keys = NDArray[np.intp]

_OCTAVES: Final = (1.0, 2.0, 3.0, 1 / 2, 1 / 3)
_FIFTH: Final = 7
_RELATIVE: Final = 3


def is_tempo(bpm: Array, truth: Array) -> Flags:
    """Whether tempi, shape (n,), are right to 4 %."""
    return np.asarray(np.abs(bpm / truth - 1) <= TOLERANCE)


def is_tempo_to_an_octave(bpm: Array, truth: Array) -> Flags:
    """Whether tempi, shape (n,), or twice, three times, half or a third of them are right."""
    return np.any([is_tempo(bpm * octave, truth) for octave in _OCTAVES], axis=0)


def key_scores(keys: Keys, truth: Keys) -> Array:
    """MIREX's score of each key, shape (n,); keys as places in `genregenie.features.key.KEYS`."""
    mode, tonic = np.divmod(keys, CLASSES)
    true_mode, true_tonic = np.divmod(truth, CLASSES)
    above = (tonic - true_tonic) % CLASSES
    same = mode == true_mode
    # A minor key's relative major lies three semitones above it, a major key's minor three below.
    relative = np.where(true_mode == 1, _RELATIVE, CLASSES - _RELATIVE)
    return np.select(
        [same & (above == 0), same & (above == _FIFTH), ~same & (above == relative), above == 0],
        [1.0, 0.5, 0.3, 0.2],
        0.0,
    )
