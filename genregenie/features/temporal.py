"""How loudness moves in each band of frequency: a modulation spectrum, as sums that merge.

Timbre forgets time; this keeps how strongly a sound pulses, how fast, and where: beat, strum,
vibrato, stillness. The logarithms of the mel energies are averaged into columns of 78 ms and eight
groups of bands. Every 5 s of columns give a power spectrum of each group, and eight ranges of its
rates are summed up. The mean of each group is taken out first, so loudness and equaliser do not
matter. Frames without a signal are left out, as everywhere.

Worked out from the tables of spectrograms that GTZAN's columns are known by, it is as good as
that from sound; see `genregenie.datasets.gtzan`.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from genregenie.common.arrays import Array
from genregenie.features.mfcc import EDGES_HZ, FRAME_S, MelFrames

COLUMN_S: Final = 30 / 387
"""Seconds from one column to the next, those of the published spectrograms."""
GROUPS: Final = 8
RATES: Final = 8
TEMPORAL_WIDTH: Final = GROUPS * RATES

RATE_EDGES_HZ: Final[Array] = np.geomspace(0.2, 6.45, RATES + 1)
"""Where the ranges of rates begin and end, shape (9,)."""
GROUP_EDGES_HZ: Final[Array] = np.array(
    [0.0, 426.0, 838.0, 1_296.0, 1_983.0, 3_035.0, 4_645.0, 7_109.0, 11_025.0]
)
"""Where the groups of bands begin and end, shape (9,): sixteen of 128 mel bands each."""

_SEGMENT: Final = 64  # columns, 5 s
_HOP: Final = 32
_LEAST: Final = 1e-4  # keeps the logarithm finite; music lies far above


@dataclass(frozen=True)
class ModulationSpectrum:
    """Sums over segments of 5 s; ``a + b`` describes both stretches together.

    Attributes
    ----------
    count : int >= 0
        Number of segments, which overlap by half.
    power : float64 array, shape (8, 8)
        Sum of their powers at each rate, slow ones first, in each group of bands.
    """

    count: int
    power: Array

    @classmethod
    def empty(cls) -> Self:
        """The spectrum of nothing, the zero of the addition."""
        return cls(0, np.zeros((RATES, GROUPS)))

    @classmethod
    def of(cls, columns: Array) -> Self:
        """Sum up columns, shape (n, 8); fewer than a segment's 64 are nothing."""
        count = max((len(columns) - _SEGMENT) // _HOP + 1, 0)
        if not count:
            return cls.empty()
        segments = np.lib.stride_tricks.sliding_window_view(columns, _SEGMENT, axis=0)[::_HOP]
        centred = segments - segments.mean(axis=2, keepdims=True)
        spectra = np.abs(np.fft.rfft(centred * np.hanning(_SEGMENT), axis=2)) ** 2
        return cls(count, _RANGES @ spectra.sum(axis=0).T)

    def __add__(self, other: "ModulationSpectrum") -> "ModulationSpectrum":
        return ModulationSpectrum(self.count + other.count, self.power + other.power)

    @property
    def row(self) -> Array:
        """Logarithms of the mean powers, shape (64,); NaN where less than 5 s has been heard."""
        if not self.count:
            return np.full(TEMPORAL_WIDTH, np.nan)
        return np.asarray(np.log(self.power / self.count + _LEAST).ravel())


class Modulation:
    """That of frames that are pushed, a few at a time.

    Attributes
    ----------
    spectrum : ModulationSpectrum
        Of all that has passed.
    """

    def __init__(self) -> None:
        self.spectrum = ModulationSpectrum.empty()
        self._columns: Array = np.empty((0, GROUPS))
        self._sum: Array = np.zeros(GROUPS)  # of the column that is being filled
        self._frames = self._in_column = 0

    def push(self, frames: MelFrames) -> None:
        """Take some frames into account."""
        sounding = frames.energy if frames.sounds.all() else frames.energy[frames.sounds]
        if len(sounding):
            self._add(np.log(sounding) @ _BANDS_TO_GROUPS)

    def _add(self, groups: Array) -> None:
        number = self._frames + np.arange(len(groups) + 1)
        column = np.floor(number * (FRAME_S / COLUMN_S)).astype(int)
        starts = np.flatnonzero(np.diff(column[:-1])) + 1
        starts = np.concatenate([[0], starts])
        sums = np.add.reduceat(groups, starts, axis=0)
        counts = np.diff([*starts, len(groups)])
        sums[0] += self._sum
        counts[0] += self._in_column
        self._frames += len(groups)
        full = len(sums) if column[-1] != column[-2] else len(sums) - 1
        self._sum, self._in_column = np.zeros(GROUPS), 0
        if full < len(sums):
            self._sum, self._in_column = sums[-1], int(counts[-1])
        self._columns = np.concatenate([self._columns, sums[:full] / counts[:full, None]])
        found = ModulationSpectrum.of(self._columns)
        self.spectrum += found
        self._columns = self._columns[found.count * _HOP :]


def _ranges() -> Array:
    rates = np.fft.rfftfreq(_SEGMENT, COLUMN_S)
    inside = (rates >= RATE_EDGES_HZ[:-1, None]) & (rates < RATE_EDGES_HZ[1:, None])
    return np.asarray(inside / inside.sum(axis=1, keepdims=True))


def _bands_to_groups() -> Array:
    """Shape (26, 8): how much of each band lies in each group; each group's weights sum to 1."""
    low, high = EDGES_HZ[:-2, None], EDGES_HZ[2:, None]
    inside = np.minimum(high, GROUP_EDGES_HZ[1:]) - np.maximum(low, GROUP_EDGES_HZ[:-1])
    weights = np.maximum(inside, 0.0) / (high - low)
    return np.asarray(weights / weights.sum(axis=0))


_RANGES: Final = _ranges()
_BANDS_TO_GROUPS: Final = _bands_to_groups()
