"""How high a sound reaches, and what can be said of one that stops short.

A telephone ends at 4 kHz and an old web stream at 5 or 6. Taken as they are, such sounds have MFCCs
like nothing in any training set, since what is missing is missing in all thirteen of them.
"""

from typing import Final, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from genregenie.audio.formats import RATE_HZ, Samples
from genregenie.common.arrays import Array
from genregenie.features.mfcc import EDGES_HZ, PREEMPHASIS, SMOOTH
from genregenie.features.statistics import MelStatistics, Statistics

NARROW_HZ: Final = 5_000.0
"""A sound that ends below this is as narrow as a telephone's."""

COARSE_STEPS: Final = 40.0
"""With its level below so many steps, a sound is a coarse copy of itself."""

COARSE_STEP: Final = 2.0**-7
"""Steps of 8 bits are coarse at any level: they alone hide that a loud sound is narrow."""

_FFT_SIZE: Final = 512
_EVERY: Final = 4 * _FFT_SIZE  # one look in 93 ms tells as much as all
_BATCH: Final = 16  # looks at a time; they stay in the cache
_WINDOW: Final = np.hanning(_FFT_SIZE + 1)[:-1]
_STEP_HZ: Final = 250.0
_NOTHING: Final = 1e-5
"""Share of the power that counts as nothing. Of 199 real recordings the lowest share above 4.5 kHz
was 1e-3; of telephone sound, at 16 bits as without rounding, the highest was 5e-6."""
_HIGHEST_HZ: Final = 8_000.0
_LOWEST_HZ: Final = 3_000.0
_CLEAR: Final = 0.9  # of the end; filters roll off before it


Quality = Literal["full", "narrow", "coarse"]


class Spectrum:
    """Level and mean power spectrum of blocks that pass by, from a short look now and then."""

    def __init__(self) -> None:
        self._power: Array = np.zeros(_FFT_SIZE // 2 + 1)
        self._squares, self._count = 0.0, 0

    def push(self, block: Samples) -> None:
        """Take a block, shape (n,), into account."""
        self._squares += float(np.einsum("i,i", block, block, dtype=np.float64))
        self._count += int(np.count_nonzero(block != 0))
        whole = len(block) >= _FFT_SIZE
        looks = sliding_window_view(block, _FFT_SIZE)[::_EVERY] if whole else block[:0]
        for start in range(0, len(looks), _BATCH):
            spectra = np.fft.rfft(looks[start : start + _BATCH] * _WINDOW)
            self._power += (spectra.real**2 + spectra.imag**2).sum(axis=0)

    @property
    def rms(self) -> float:
        """Root mean square of all samples but digital silence, full scale being 1."""
        return float(np.sqrt(self._squares / max(self._count, 1)))

    @property
    def end_hz(self) -> float | None:
        """Where the sound ends, to 250 Hz; None where that is above 8 kHz or below 3 kHz.

        Below 3 kHz it is no recording that lost its treble, but a sound that has none.
        """
        hz = np.arange(len(self._power)) * RATE_HZ / _FFT_SIZE
        heard = self._power * np.abs(1 - PREEMPHASIS * np.exp(-2j * np.pi * hz / RATE_HZ)) ** 2
        above = heard[::-1].cumsum()[::-1]
        if not above[0] > 0:
            return None
        end_hz = float(hz[np.flatnonzero(above > _NOTHING * above[0])[-1]])
        end_hz = _STEP_HZ * np.ceil(end_hz / _STEP_HZ)
        return end_hz if _LOWEST_HZ <= end_hz <= _HIGHEST_HZ else None

    def quality(self, step: float) -> Quality:
        """What a sound is worth whose samples were stored in steps of `step`; 0 is not known.

        ``"narrow"`` is as narrow as a telephone's. ``"coarse"`` has noise over all that is soft in
        it, since its level is a few steps alone: 8 bits, or a sound that was stored far too soft.
        """
        end_hz = self.end_hz
        if end_hz is not None and end_hz <= NARROW_HZ:
            return "narrow"
        is_coarse = step >= COARSE_STEP or self.rms < COARSE_STEPS * step
        return "coarse" if is_coarse else "full"


def from_low_bands(
    stats: MelStatistics, end_hz: float, centre: Array, reference: Array
) -> Statistics:
    """MFCC statistics of a sound that ends at `end_hz`, as if it did not.

    The bands above are taken as missing, not as empty. Each frame's MFCCs are the most likely ones
    given its lower bands, if frames are distributed like those of the training clips; what that
    leaves open has the spread it has there. Both are linear, so sums are enough.

    Parameters
    ----------
    stats : MelStatistics
        Of one frame at least.
    end_hz : float
        From `Spectrum.end_hz`.
    centre : array, shape (13,)
        Mean of the training clips' means.
    reference : array, shape (13, 13)
        Their mean covariance.

    References
    ----------
    Raj, Seltzer and Stern, "Reconstruction of missing features for robust speech recognition",
    Speech Communication 2004.
    """
    known = int(np.searchsorted(_UPPER_EDGES_HZ, _CLEAR * end_hz, side="right"))
    seen = SMOOTH[:, :known].T  # MFCCs to the lower bands' logarithms
    spread = seen @ reference @ seen.T + _DETAIL**2 * np.eye(known)
    gain = np.linalg.solve(spread, seen @ reference).T
    low = stats.total[:known] / stats.count
    covariance = stats.outer[:known, :known] / stats.count - np.outer(low, low)
    mean = centre + gain @ (low - seen @ centre)
    whole = gain @ covariance @ gain.T + reference - gain @ seen @ reference
    outer = stats.count * (whole + np.outer(mean, mean))
    return Statistics(stats.count, stats.count * mean, (outer + outer.T) / 2)


_DETAIL: Final = 0.3
"""Standard deviation of the detail that 13 MFCCs leave out of a band's logarithm."""


_UPPER_EDGES_HZ: Final = EDGES_HZ[2:]
