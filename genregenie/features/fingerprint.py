"""An acoustic fingerprint: the same recording in another format has nearly the same one.

Haitsma and Kalker, "A highly robust audio fingerprinting system", ISMIR 2002: 33 bands, and a bit
for each pair of neighbours that says whether their difference grows or shrinks. Level, equaliser
and coding move all of that little. Theirs are of 370 ms every 12 ms; ours, a fifth as many, are of
the columns that tempo and key are told from, smoothed as widely, so that a cut between two of them
changes few bits. Of 131 clips in 13 other formats, rates, levels and cuts the worst loses 11 %.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from genregenie.audio.formats import RATE_HZ, Samples
from genregenie.features.spectrogram import COLUMN_S, FFT_SIZE, Power, Spectrogram

Words = NDArray[np.uint32]
"""Fingerprints, shape (n,): a word of 32 bits every `WORD_S`; `SILENT` where there is no sound."""

_COLUMNS: Final = 2
WORD_S: Final = _COLUMNS * COLUMN_S
"""Seconds from one word to the next."""
BITS: Final = 32
SILENT: Final = np.uint32(0)
"""The word where nothing sounds; one of music that is as it by chance counts as silent, too."""

_LOWEST_HZ: Final = 300.0
_HIGHEST_HZ: Final = 3_000.0  # what a telephone leaves of a song
_SMOOTHED: Final = 17  # columns, 0.66 s: of 9, 13 and 17 the one that loses the fewest bits
_LAG: Final = 8
_FLOOR: Final = 1e-6 * FFT_SIZE  # power of a column at about -90 dB
_WEIGHTS: Final = np.hanning(_SMOOTHED + 2)[1:-1].astype(np.float32)
_POWERS: Final = (1 << np.arange(BITS, dtype=np.uint32)).astype(np.uint32)


def _bands() -> NDArray[np.float32]:
    """Which share of each of the 1025 bins is in which of 33 bands, shape (1025, 33)."""
    edges = np.geomspace(_LOWEST_HZ, _HIGHEST_HZ, BITS + 2) / (RATE_HZ / FFT_SIZE)
    bins = np.arange(FFT_SIZE // 2 + 1)[:, None]
    low, high = edges[:-1], edges[1:]
    return np.clip(np.minimum(bins + 0.5, high) - np.maximum(bins - 0.5, low), 0.0, None).astype(
        np.float32
    )


_BANDS: Final = _bands()


class Fingerprinter:
    """Makes the fingerprint of a sound that is pushed."""

    def __init__(self) -> None:
        self._energies: list[NDArray[np.float32]] = []
        self._columns = Spectrogram(self)

    def hear(self, block: Samples) -> None:
        """Take the next samples, mono at 22 050 Hz, shape (n,)."""
        self._columns.push(block)

    def words(self) -> Words:
        """The fingerprint of all of it."""
        self._columns.end()
        if not self._energies:
            return np.empty(0, np.uint32)
        return words(np.concatenate(self._energies))

    def push(self, power: Power) -> None:
        """Columns of the spectrogram, as a `genregenie.features.spectrogram.Listener`."""
        self._energies.append(power @ _BANDS)

    def end(self) -> None:
        """Nothing: there is one stretch."""


def words(energies: NDArray[np.float32]) -> Words:
    """The fingerprint of columns.

    Parameters
    ----------
    energies : float32 array, shape (columns, 33)
        Power in each band.
    """
    if len(energies) < _SMOOTHED + _LAG:
        return np.empty(0, np.uint32)
    windows = np.lib.stride_tricks.sliding_window_view(energies, _SMOOTHED, axis=0)
    smooth = windows @ _WEIGHTS
    levels = np.log(smooth + _FLOOR)
    slopes = levels[:, :-1] - levels[:, 1:]
    rising = (slopes[_LAG:] > slopes[:-_LAG])[::_COLUMNS]
    sounding = (smooth.max(axis=1) > 10 * _FLOOR)[_LAG:][::_COLUMNS]
    return np.where(sounding, (rising * _POWERS).sum(axis=1, dtype=np.uint32), SILENT)
