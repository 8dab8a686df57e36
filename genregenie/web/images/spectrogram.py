"""A picture of the sound: time to the right, pitch upwards on the mel scale, brighter is louder.

Samples are added block by block as they are decoded. Powers are summed into at most 2400
columns; when those are full, neighbours are added up and each column covers twice the time. Sums
add, so ten minutes cost no more memory than ten seconds and the picture does not depend on how
the sound was cut into blocks.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image
from python_speech_features import base as python_speech_features
from scipy.fft import rfft
from scipy.sparse import csr_array

from genregenie.audio import RATE_HZ, Samples, format_duration
from genregenie.common.arrays import Array

WIDTH: Final = 1200
HEIGHT: Final = 240

BANDS: Final = 120
"""Rows before scaling, from 0 Hz to half the sample rate."""

COLUMNS: Final = 2 * WIDTH
"""Most columns before scaling; halving them leaves at least one for each pixel."""

FRAME_SAMPLES: Final = 1024  # 46 ms: short enough for drums, long enough for bass notes
HOP_SAMPLES: Final = 512

_FFT_SIZE: Final = 2048  # padded, so that the lowest filters have a bin each
_BATCH: Final = 128
_RANGE_DB: Final = 70.0
_FAINTEST_PEAK: Final = 1e-6  # -60 dB: below that, the loudest moment is not shown as bright
_SILENCE: Final = 1e-9

# Hann's. Importing scipy.signal for it would make every worker start 0.7 s later.
_WINDOW: Final = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME_SAMPLES) / FRAME_SAMPLES)).astype(
    np.float32
)
# Scaled so that a sine at full scale has power 1 in the bin it falls on. Sparse, because nearly
# all of it is zeros, and a dense product would wake BLAS's threads and wait for busy cores.
_FILTERBANK: Final = csr_array(
    (2.0 / _WINDOW.sum()) ** 2 * python_speech_features.get_filterbanks(BANDS, _FFT_SIZE, RATE_HZ),
    dtype=np.float32,
)

# Matplotlib's magma (CC0), each sixteenth colour; straight lines between them stay within 1 %.
# Its lightness rises evenly, and its darkest is near black, calm on a light and a dark page.
_MAGMA: Final = (
    "000004 0a0822 1d1147 36106b 51127c 6a1c81 832681 9c2e7f b73779"
    " cf4070 e55064 f4695c fb8761 fea571 fec287 fde0a1 fcfdbf"
)


@dataclass(frozen=True)
class Spectrogram:
    """The power of a sound over time and pitch.

    Attributes
    ----------
    power : float64 array, shape (n, 120), 0 <= n <= 2400
        Mean power of each column of time in each mel band, the lowest first; a sine at full
        scale has about 1 to 4.
    duration_s : float >= 0
    """

    power: Array
    duration_s: float

    def png(self) -> bytes:
        """The picture: a PNG of 1200 x 240 pixels, 70 dB from dark to light, without text."""
        peak = max(float(self.power.max(initial=0.0)), _FAINTEST_PEAK)
        floor = peak * 10 ** (-_RANGE_DB / 10)
        shades = 1 + 10 * np.log10(np.maximum(self.power, floor) / peak) / _RANGE_DB
        pixels = np.rint(255 * shades[:, ::-1].T).astype(np.uint8)
        if not len(self.power):
            pixels = np.zeros((BANDS, 1), np.uint8)
        image = Image.fromarray(np.ascontiguousarray(pixels)).resize(
            (WIDTH, HEIGHT), Image.Resampling.BICUBIC
        )
        image.putpalette(_PALETTE)
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        return buffer.getvalue()

    def alt_text(self) -> str:
        """One sentence that tells somebody who cannot see the picture what it shows."""
        what = f"Spectrogram of {format_duration(self.duration_s)} of sound"
        if self.power.max(initial=0.0) < _SILENCE:
            return f"{what}: silence."
        by_band = self.power.mean(axis=0)
        below = np.searchsorted(by_band.cumsum(), 0.9 * by_band.sum())
        return (
            f"{what}, low tones at the bottom and high ones at the top: {self._course()}, "
            f"strongest around {_hertz(_CENTRES_HZ[by_band.argmax()])}, nine tenths of its power "
            f"below {_hertz(_EDGES_HZ[below + 2])}."
        )

    def _course(self) -> str:
        thirds = [part.sum(axis=1).mean() for part in np.array_split(self.power, 3) if len(part)]
        if max(thirds) < 2 * min(thirds):
            return "about equally loud throughout"
        where = ("at the beginning", "in the middle", "at the end")
        return f"loudest {where[int(np.argmax(thirds))]}"


class SpectrogramBuilder:
    """Sums up the power of a sound that comes in blocks; not to be shared between threads.

    Examples
    --------
    >>> builder = SpectrogramBuilder()
    >>> for start in range(0, 44_100, 10_000):
    ...     builder.add(np.zeros(44_100, np.float32)[start : start + 10_000])
    >>> builder.finish().alt_text()
    'Spectrogram of 0:02 of sound: silence.'
    """

    def __init__(self) -> None:
        self._sums = np.zeros((COLUMNS, BANDS))
        self._frames_per_column = 1
        self._frames = 0
        self._samples = 0
        self._pending: Samples = np.empty(0, np.float32)

    def add(self, block: Samples) -> None:
        """Take the next samples.

        Parameters
        ----------
        block : float32 array, shape (n,), n >= 0
            Mono samples at 22 050 Hz, full scale -1 to 1.
        """
        self._samples += len(block)
        self._pending = np.concatenate([self._pending, block])
        if len(self._pending) >= FRAME_SAMPLES:
            frames = sliding_window_view(self._pending, FRAME_SAMPLES)[::HOP_SAMPLES]
            for start in range(0, len(frames), _BATCH):
                self._sum_up(_mel_power(frames[start : start + _BATCH]))
            self._pending = self._pending[len(frames) * HOP_SAMPLES :].copy()

    def finish(self) -> Spectrogram:
        """What was heard. Call it once, after the last block."""
        # What is left belongs to a last frame unless the frames before it cover it already.
        if len(self._pending) > (FRAME_SAMPLES - HOP_SAMPLES if self._frames else 0):
            last = np.pad(self._pending, (0, FRAME_SAMPLES - len(self._pending)))
            self._sum_up(_mel_power(last[None]))
        starts = np.arange(0, self._frames, self._frames_per_column)
        counts = np.minimum(self._frames - starts, self._frames_per_column)
        return Spectrogram(self._sums[: len(starts)] / counts[:, None], self._samples / RATE_HZ)

    def _sum_up(self, power: NDArray[np.float32]) -> None:
        numbers = self._frames + np.arange(len(power))
        self._frames += len(power)
        while self._frames > COLUMNS * self._frames_per_column:
            half = COLUMNS // 2
            self._sums[:half] = self._sums[0::2] + self._sums[1::2]
            self._sums[half:] = 0.0
            self._frames_per_column *= 2
        columns, firsts = np.unique(numbers // self._frames_per_column, return_index=True)
        self._sums[columns] += np.add.reduceat(power, firsts, dtype=np.float64)


def spectrogram(blocks: Iterable[Samples]) -> Spectrogram:
    """The spectrogram of a sound in blocks, each as for `SpectrogramBuilder.add`."""
    builder = SpectrogramBuilder()
    for block in blocks:
        builder.add(block)
    return builder.finish()


def _mel_power(frames: Samples) -> NDArray[np.float32]:
    """Power of frames of shape (m, 1024) in the mel bands, shape (m, 120)."""
    spectrum = rfft(frames * _WINDOW, _FFT_SIZE)
    return (_FILTERBANK @ (spectrum.real**2 + spectrum.imag**2).T).T


def _palette() -> list[int]:
    """Magma's 256 colours as Pillow takes them: red, green, blue, red, ..."""
    anchors = np.array([list(bytes.fromhex(colour)) for colour in _MAGMA.split()])
    places = np.linspace(0, 255, len(anchors)).round()
    channels = [np.interp(np.arange(256), places, channel) for channel in anchors.T]
    return np.rint(np.stack(channels, axis=1)).astype(int).ravel().tolist()


def _hertz(hz: float) -> str:
    return f"{hz / 1000:.1f} kHz" if hz >= 1000 else f"{round(hz, -1):.0f} Hz"


_PALETTE: Final = _palette()
_EDGES_HZ: Final[Array] = python_speech_features.mel2hz(
    np.linspace(0.0, python_speech_features.hz2mel(RATE_HZ / 2), BANDS + 2)
)
_CENTRES_HZ: Final[Array] = _EDGES_HZ[1:-1]
