"""An order of songs in which each is near the one before: in tempo, key and sound.

A step is the mean of three parts, each from 0 to 1: how far tempi lie apart (an octave or more is
1), how far keys do on the circle of fifths, and how unlike the sounds are. What is not sure of two
songs counts as it does between the others on average. The shortest way is looked for from the
nearest song to the nearest, and then by turning stretches of it round (2-opt: Croes, "A method for
solving traveling-salesman problems", Operations Research 1958).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genregenie.common.arrays import Array
from genregenie.features.key import KEYS
from genregenie.model.likeness import Directions

_TONICS: Final = 12
_FARTHEST: Final = 7
"""Six fifths, and one from major to minor."""
_LEAST: Final = 1e-9
"""A way that is shorter by less is not."""
_ROUNDS: Final = 200

Order = NDArray[np.intp]


def steps(
    tempi_bpm: Sequence[float | None], keys: Sequence[str | None], directions: Directions
) -> Array:
    """How long the step is from each song to each other.

    Parameters
    ----------
    tempi_bpm : n numbers, None where a tempo is not sure
    keys : n of `genregenie.features.key.KEYS`, None where a key is not sure
    directions : array, shape (n, width)
        By `genregenie.model.likeness`.

    Returns
    -------
    float64 array, shape (n, n)
        Symmetric, 0 to 1, and 0 from a song to itself.
    """
    octaves = np.log2(np.array([bpm or np.nan for bpm in tempi_bpm], dtype=np.float64))
    tempo = np.minimum(np.abs(octaves[:, None] - octaves), 1.0)
    unlike = (1.0 - np.clip(directions @ directions.T, -1.0, 1.0)) / 2.0
    length = np.mean([_filled(tempo), _filled(_key_steps(keys)), unlike], axis=0)
    np.fill_diagonal(length, 0.0)
    return np.asarray((length + length.T) / 2.0)


def total(length: Array, order: Sequence[int] | Order) -> float:
    """How long the way is through songs in some order."""
    order = np.asarray(order, dtype=np.intp)
    return float(length[order[:-1], order[1:]].sum())


def smoothed(length: Array) -> list[int]:
    """An order with short steps that begins with the first song; never longer than they come.

    Parameters
    ----------
    length : array, shape (n, n)
        From `steps`.
    """
    as_it_is = np.arange(len(length))
    if len(length) < 3:
        return as_it_is.tolist()
    ways = [as_it_is, _turned(length, as_it_is), _turned(length, _nearest_first(length))]
    best: list[int] = min(ways, key=lambda way: total(length, way)).tolist()
    return best


def _key_steps(keys: Sequence[str | None]) -> Array:
    """How far keys lie apart on the circle of fifths, a change of mode counting as one fifth."""
    places = np.array([np.nan if key is None else KEYS.index(key) for key in keys])
    minor = np.floor(places / _TONICS)
    # A minor key lies where its relative major does, three semitones up; a fifth is seven.
    fifths = (places + 3 * minor) * 7 % _TONICS
    apart = np.abs(fifths[:, None] - fifths)
    apart = np.minimum(apart, _TONICS - apart) + np.abs(minor[:, None] - minor)
    return np.asarray(apart / _FARTHEST)


def _filled(length: Array) -> Array:
    """What is not known, NaN, as the mean of what is."""
    known = ~np.isnan(length)
    np.fill_diagonal(known, val=False)
    return np.where(np.isnan(length), length[known].mean() if known.any() else 0.0, length)


def _nearest_first(length: Array) -> Order:
    left = np.ones(len(length), dtype=bool)
    order = [0]
    left[0] = False
    while left.any():
        order.append(int(np.where(left, length[order[-1]], np.inf).argmin()))
        left[order[-1]] = False
    return np.array(order)


def _turned(length: Array, order: Order) -> Order:
    """The way with every stretch turned round that makes it shorter; the first song stays."""
    order = order.copy()
    last = len(order) - 1
    for _ in range(_ROUNDS):
        is_shorter = False
        for start in range(1, last):
            ends = np.arange(start + 1, last + 1)
            before, first, tails = order[start - 1], order[start], order[ends]
            after = order[np.minimum(ends + 1, last)]
            has_after = ends < last
            gain = length[before, first] - length[before, tails]
            gain = gain + has_after * (length[tails, after] - length[first, after])
            best = int(gain.argmax())
            if gain[best] > _LEAST:
                end = int(ends[best]) + 1
                order[start:end] = order[start:end][::-1]
                is_shorter = True
        if not is_shorter:
            break
    return order
