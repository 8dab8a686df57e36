"""Sound as the network sees it: log-mel patches of 3 s at 16 kHz.

The numbers are those that the network was trained on: mono at 16 kHz, a power spectrum of 512
samples every 256 under a Hann window, 96 mel bands on Slaney's scale, rounded to half precision,
then ``log10(10 000 x + 1)``. The resampler matters: of those tried, soxr comes nearest to the
published answers (docs/evaluation.md).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genregenie.audio import RATE_HZ, Samples
from genregenie.features.mfcc import FULL_SCALE, SIGNAL

MEL_RATE_HZ: Final = 16_000
BANDS: Final = 96
PATCH_FRAMES: Final = 187
WINDOW_S: Final = 3.0
SEGMENT_S: Final = 10.0

_FFT: Final = 512
_HOP: Final = 256
# The resampler's filter reaches less far; a whole number of samples at both rates, 60 ms.
_MARGIN: Final = 1_323
_MIN_WINDOW_S: Final = 1.0

Patch = NDArray[np.float32]


@dataclass(frozen=True)
class Window:
    """What the network hears of a clip at once.

    Attributes
    ----------
    start_s, end_s : float
        Where it is, in seconds from the start of the clip.
    patch : array, shape (frames, 96)
        `PATCH_FRAMES` rows, or fewer where the clip is shorter than `WINDOW_S`.
    """

    start_s: float
    end_s: float
    patch: Patch


def patch_of(samples: Samples) -> Patch:
    """The log-mel patch of mono samples at `MEL_RATE_HZ`, shape (frames, 96).

    Frames are centred on multiples of the hop, with zeros where the sound has not begun or has
    ended.
    """
    padded = np.pad(samples, _FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP]
    power = np.abs(np.fft.rfft(frames * _hann(), axis=1)).astype(np.float32) ** 2
    mel = (power @ _filters()).astype(np.float16).astype(np.float32)
    return np.log10(10_000 * mel + 1, dtype=np.float32)


class Windows:
    """Windows of a stretch that is pushed block by block: the middle 3 s of each segment of it.

    Parameters
    ----------
    start_s : float
        Where the stretch begins.
    segment_s : float >= 3
        Length of a segment; no more than that is kept.
    """

    def __init__(self, start_s: float, segment_s: float = SEGMENT_S) -> None:
        self._start_s = self._segment_s = start_s
        self._length = round(segment_s * RATE_HZ)
        self._kept = 0
        self._held: list[Samples] = []

    def push(self, block: Samples) -> list[Window]:
        """Those that a block of mono samples at `RATE_HZ`, shape (n,), completes; never silent."""
        found: list[Window] = []
        while len(block):
            part, block = block[: self._length - self._kept], block[self._length - self._kept :]
            self._held.append(part)
            self._kept += len(part)
            if self._kept == self._length:
                found += self._middle()
        return found

    def rest(self) -> list[Window]:
        """One of what is left at the end, if that is 1 s."""
        # A scrap has been heard with its neighbour as well as by itself, where there is one.
        is_first = self._segment_s == self._start_s
        return self._middle() if is_first or self._kept >= WINDOW_S * RATE_HZ else []

    def _middle(self) -> list[Window]:
        held, segment_s = self._held, self._segment_s
        self._held, self._kept = [], 0
        self._segment_s += self._length / RATE_HZ
        return _middle(segment_s, np.concatenate(held)) if held else []


def windows(
    start_s: float, blocks: Iterable[Samples], segment_s: float = SEGMENT_S
) -> Iterator[Window]:
    """All windows of a stretch; parameters and blocks as for `Windows`."""
    found = Windows(start_s, segment_s)
    for block in blocks:
        yield from found.push(block)
    yield from found.rest()


def _middle(start_s: float, samples: Samples) -> list[Window]:
    length = min(round(WINDOW_S * RATE_HZ), len(samples))
    begin = (len(samples) - length) // 2
    end = begin + length
    if length < _MIN_WINDOW_S * RATE_HZ or np.ptp(samples[begin:end]) * FULL_SCALE < SIGNAL:
        return []
    import soxr  # not there where the network is left out

    before = min(_MARGIN, begin)
    around = samples[begin - before : end + _MARGIN]
    resampled = soxr.resample(around, RATE_HZ, MEL_RATE_HZ, quality="HQ")
    first = round(before * MEL_RATE_HZ / RATE_HZ)
    stop = first + round(length * MEL_RATE_HZ / RATE_HZ)
    patch = patch_of(resampled[first:stop])[:PATCH_FRAMES]
    return [Window(start_s + begin / RATE_HZ, start_s + end / RATE_HZ, patch)]


@cache
def _hann() -> NDArray[np.float32]:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FFT) / _FFT)).astype(np.float32)


@cache
def _filters() -> NDArray[np.float32]:
    """Triangles of unit area, shape (257, 96): M. Slaney, "Auditory Toolbox", 1998."""
    edges = _hz(np.linspace(0.0, _mel(MEL_RATE_HZ / 2), BANDS + 2))
    bins = np.linspace(0.0, MEL_RATE_HZ / 2, _FFT // 2 + 1)
    rise = (bins[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    fall = (edges[2:] - bins[:, None]) / np.diff(edges)[1:]
    triangles = np.maximum(0.0, np.minimum(rise, fall)) * (2.0 / (edges[2:] - edges[:-2]))
    return triangles.astype(np.float32)


# Linear below 1 kHz, 15 mel of 200/3 Hz each; above, 27 steps for a factor of 6.4.
_LINEAR_HZ: Final = 200 / 3
_BREAK_HZ: Final = 1_000.0
_LOG_STEP: Final = float(np.log(6.4) / 27)


def _mel(hz: float) -> float:
    if hz < _BREAK_HZ:
        return hz / _LINEAR_HZ
    return _BREAK_HZ / _LINEAR_HZ + float(np.log(hz / _BREAK_HZ)) / _LOG_STEP


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    broken = _BREAK_HZ / _LINEAR_HZ
    log = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mel, broken) - broken))
    return np.where(mel < broken, mel * _LINEAR_HZ, log)
