"""How a sound pulses: periodicities of its onsets, as sums that merge.

Onset strength is the rise of each mel band's logarithm over 78 ms, summed over all bands and over
three groups of them. Every 30 s of it give an autocorrelation and a power spectrum. The one is high
at the beat's multiples, the other at its divisors, so what is high in both is the beat.

Peeters, "Template-based estimation of time-varying tempo", EURASIP JASP 2007.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from genregenie.common.arrays import Array

BANDS: Final = 128
GROUPS: Final = 4
"""All bands, those up to 300 Hz, those up to 1.5 kHz, the rest."""
SEGMENT_S: Final = 30.0
MIN_SEGMENT_S: Final = 5.0
"""Less than this at the end of a stretch tells nothing."""

TEMPI: Final[Array] = np.exp(np.arange(np.log(30.0), np.log(330.0), 0.02))
"""Beats a minute that are considered, 2 % apart, shape (120,)."""

_GROUP_STARTS: Final = (0, 12, 60)
_STILL: Final = 0.1
"""Onsets of music vary by more than this a band, in nats (of 839 clips 837 do); those of steady
noise and tones do not."""
_LOCAL_S: Final = 2.3
_MAX_LAG_S: Final = 14.0
_MIN_OVERLAP_S: Final = 0.75
_MAX_RATE_HZ: Final = 6.45
_PERIOD_S: Final = 158.0  # spectra are padded to this or a little more

_LAGS: Final = np.array([1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1, 4 / 3, 3 / 2, 2, 3, 4, 6, 8])
_RATES: Final = np.array([1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1, 4 / 3, 3 / 2, 2, 3, 4])
_PRIOR_CENTRES: Final = np.linspace(np.log(35.0), np.log(280.0), 10)

EVIDENCE_WIDTH: Final = (len(_LAGS) + len(_RATES)) * GROUPS + len(_PRIOR_CENTRES)


def onsets(levels: NDArray[np.floating], columns: int) -> Array:
    """Onset strength in each group of bands.

    Parameters
    ----------
    levels : array, shape (n, 128)
        Natural logarithms of the power in each mel band.
    columns : int > 0
        How many columns 78 ms are.

    Returns
    -------
    array, shape (n - columns, 4)
    """
    rises = np.maximum(levels[columns:] - levels[:-columns], 0.0)
    groups = np.add.reduceat(rises, _GROUP_STARTS, axis=1)
    return np.column_stack([groups.sum(axis=1), groups]).astype(np.float64)


@dataclass(frozen=True)
class Pulse:
    """Sums over segments of 30 s; ``a + b`` describes both stretches together.

    Attributes
    ----------
    column_s : float
        Seconds from one column to the next.
    columns : int >= 0
        How many have been heard, still segments left out.
    products : float64 array, shape (lags, 4)
        Sum of products of onset strengths so many columns apart.
    pairs : float64 array, shape (lags,)
        How many there are.
    power : float64 array, shape (rates, 4)
        Sum of the segments' power spectra.
    """

    column_s: float
    columns: int
    products: Array
    pairs: Array
    power: Array

    @classmethod
    def empty(cls, column_s: float) -> Self:
        """The pulse of nothing, the zero of the addition."""
        lags, size = int(_MAX_LAG_S / column_s) + 2, _spectrum_size(column_s)
        return cls(
            column_s,
            0,
            np.zeros((lags, GROUPS)),
            np.zeros(lags),
            np.zeros((size // 2 + 1, GROUPS)),
        )

    @classmethod
    def of(cls, strength: Array, column_s: float) -> Self:
        """Sum up a segment of onset strengths, shape (n, 4); one that is still is nothing."""
        nothing = cls.empty(column_s)
        n = len(strength)
        if n * column_s < MIN_SEGMENT_S or strength[:, 0].std() < _STILL * BANDS:
            return nothing
        centred = strength - _local_mean(strength, int(_LOCAL_S / column_s / 2))
        centred /= centred.std(axis=0) + 1e-9
        lags, size = len(nothing.pairs), _spectrum_size(column_s)
        spectra = np.fft.rfft(centred, 1 << (n + lags).bit_length(), axis=0)
        products = np.fft.irfft(np.abs(spectra) ** 2, axis=0)[:lags]
        pairs = np.maximum(n - np.arange(lags), 0.0)
        window = np.hanning(n + 2)[1:-1, None]
        power = np.abs(np.fft.rfft(centred * window, size, axis=0)) ** 2
        return cls(column_s, n, products, pairs, power)

    def __add__(self, other: "Pulse") -> "Pulse":
        return Pulse(
            self.column_s,
            self.columns + other.columns,
            self.products + other.products,
            self.pairs + other.pairs,
            self.power + other.power,
        )

    @property
    def correlation(self) -> Array:
        """Autocorrelation, shape (lags, 4); 0 where too little has been heard to know."""
        least = _MIN_OVERLAP_S / self.column_s
        known = (self.pairs >= least)[:, None]
        mean = np.where(known, self.products / np.maximum(self.pairs, least)[:, None], 0.0)
        return np.asarray(mean / (mean[0] + 1e-9))

    def evidence(self) -> Array:
        """What speaks for each tempo of `TEMPI`, shape (120, EVIDENCE_WIDTH).

        The autocorrelation at the beat's multiples and parts, the amplitude at its rate's, both
        for each group of bands; then where the tempo lies.
        """
        beat_s = 60.0 / TEMPI[:, None]
        lags = beat_s * _LAGS / self.column_s
        rates = _RATES / beat_s
        step_hz = 1.0 / (_spectrum_size(self.column_s) * self.column_s)
        heard = int(_MAX_RATE_HZ / step_hz) + 1
        amplitude = np.sqrt(self.power / (self.power[:heard].mean(axis=0) + 1e-9))
        place = (np.log(TEMPI)[:, None] - _PRIOR_CENTRES) / np.diff(_PRIOR_CENTRES)[0]
        return np.hstack(
            [
                _at(self.correlation, lags).reshape(len(TEMPI), -1),
                _at(amplitude[:heard], rates / step_hz).reshape(len(TEMPI), -1),
                np.exp(-0.5 * place**2),
            ]
        )


def _spectrum_size(column_s: float) -> int:
    return 1 << int(_PERIOD_S / column_s).bit_length()


def _local_mean(values: Array, reach: int) -> Array:
    """Mean of each row, shape (n, 4), with up to `reach` rows on either side."""
    sums = np.vstack([np.zeros(GROUPS), values.cumsum(axis=0)])
    places = np.arange(len(values))
    first = np.maximum(places - reach, 0)
    last = np.minimum(places + reach + 1, len(values))
    return np.asarray((sums[last] - sums[first]) / (last - first)[:, None])


def _at(values: Array, places: Array) -> Array:
    """Values, shape (n, 4), between the rows: shape (*places, 4); 0 beyond the last row."""
    inside = places < len(values) - 1
    places = np.where(inside, places, 0.0)
    below = places.astype(int)
    part = (places - below)[..., None]
    between = values[below] * (1 - part) + values[below + 1] * part
    return np.asarray(np.where(inside[..., None], between, 0.0))
