"""The power spectra of a signal that comes in blocks, shown to all who listen.

Tempo and key look at the same columns of 93 ms, one every 39 ms, so that the work is done once.
"""

from typing import Final, Protocol

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from genregenie.audio.formats import RATE_HZ, Samples

FFT_SIZE: Final = 2_048
HOP: Final = 854
COLUMN_S: Final = HOP / RATE_HZ
"""Seconds from one column to the next: half of a column of the published spectrograms."""
BATCH: Final = 108
"""Columns that are shown at a time, 4.2 s: fewer take more calls, more would leave the cache."""

_AT_ONCE: Final = 12  # that are transformed at once: of more, the system hands out new pages
_BATCH_SAMPLES: Final = (BATCH - 1) * HOP + FFT_SIZE
_WINDOW: Final = np.hanning(FFT_SIZE + 1)[:-1].astype(np.float32)

Power = NDArray[np.float32]


class Listener(Protocol):
    """Who is shown the columns of each stretch of a signal, in order."""

    def push(self, power: Power) -> None:
        """Take `BATCH` columns, or what is left at the end of a stretch: shape (n, 1025).

        The array is used again for the next ones.
        """

    def end(self) -> None:
        """Know that the stretch is over: what is pushed next does not go on from it."""


class Spectrogram:
    """Computes columns of what is pushed and shows them to listeners.

    How the blocks are cut makes no difference, not even in the last bit.

    Parameters
    ----------
    *listeners : Listener
    """

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = listeners
        self._signal = np.empty(_BATCH_SAMPLES, np.float32)
        self._windowed = np.empty((_AT_ONCE, FFT_SIZE), np.float32)
        self._power = np.empty((BATCH, FFT_SIZE // 2 + 1), np.float32)
        self._kept = 0

    def push(self, block: Samples) -> None:
        """Take the next samples of the stretch, mono at 22 050 Hz, shape (n,)."""
        while len(block):
            part = block[: _BATCH_SAMPLES - self._kept]
            self._signal[self._kept : self._kept + len(part)] = part
            self._kept += len(part)
            block = block[len(part) :]
            if self._kept == _BATCH_SAMPLES:
                self._show(BATCH)
                done = BATCH * HOP
                self._kept -= done
                self._signal[: self._kept] = self._signal[done:]

    def end(self) -> None:
        """End a stretch; a column that it does not fill is left out."""
        if self._kept >= FFT_SIZE:
            self._show((self._kept - FFT_SIZE) // HOP + 1)
        self._kept = 0
        for listener in self._listeners:
            listener.end()

    def _show(self, count: int) -> None:
        # Made anew, as a copy of this object has a signal of its own.
        strides = tuple(samples * self._signal.itemsize for samples in (HOP, 1))
        frames = np.ndarray((count, FFT_SIZE), np.float32, self._signal, strides=strides)
        for start in range(0, count, _AT_ONCE):
            some = slice(start, min(start + _AT_ONCE, count))
            windowed = self._windowed[: some.stop - start]
            np.multiply(frames[some], _WINDOW, out=windowed)
            spectra = scipy.fft.rfft(windowed)
            np.square(spectra.real, out=self._power[some])
            self._power[some] += np.square(spectra.imag)
        for listener in self._listeners:
            listener.push(self._power[:count])
