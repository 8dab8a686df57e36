"""Sound as the network sees it: log-mel patches of 3 s at 16 kHz.

The numbers are those that the network was trained on: mono at 16 kHz, a power spectrum of 512
samples every 256 under a Hann window, 96 mel bands on Slaney's scale, rounded to half precision,
then ``log10(10 000 x + 1)``. The resampler matters: of those tried, soxr comes nearest to the
published answers (docs/evaluation.md).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genregenie.audio import RATE_HZ, Samples
from genregenie.features.mfcc import FULL_SCALE, SIGNAL
from genregenie.features.slaney import mel_filters

MEL_RATE_HZ: Final = 16_000
BANDS: Final = 96
PATCH_FRAMES: Final = 187
WINDOW_S: Final = 3.0
SEGMENT_S: Final = 10.0
LEVEL: Final = 0.0183
"""Mean square that clips are brought to, full scale being 1: the median of GTZAN's."""

_FFT: Final = 512
_HOP: Final = 256
# The resampler's filter reaches less far; a whole number of samples at both rates, 60 ms.
_MARGIN: Final = 1_323
_MIN_WINDOW_S: Final = 1.0
_LOOK: Final = 221  # samples, 10 ms

Patch = NDArray[np.float32]


@dataclass(frozen=True)
class Window:
    """What the network hears of a clip at once.

    Attributes
    ----------
    start_s, end_s : float
        Where it is, in seconds from the start of the clip; silence within is left out of it.
    mel : float32 array, shape (frames, 96)
        Power in each band. `PATCH_FRAMES` rows, or fewer where the clip is shorter than `WINDOW_S`.
    power : float > 0
        Mean square of its samples.
    """

    start_s: float
    end_s: float
    mel: Patch
    power: float


def mean_power(windows: Sequence[Window]) -> float:
    """Mean square over all windows; 1 of none."""
    return float(np.mean([window.power for window in windows])) if windows else 1.0


def patches(windows: Sequence[Window], power: float | None = None) -> list[Patch]:
    """What the network is given of the windows of one clip, each of shape (frames, 96).

    All are brought to one level, from the mean over them (or from `power`) to `LEVEL`: the network
    was trained on songs as they are sold, and hears others in a soft copy of one.
    """
    power = mean_power(windows) if power is None else power
    return [_patch(window.mel * np.float32(LEVEL / power)) for window in windows]


def patch_of(samples: Samples) -> Patch:
    """The log-mel patch of mono samples at `MEL_RATE_HZ` as they are, shape (frames, 96).

    Frames are centred on multiples of the hop, with zeros where the sound has not begun or has
    ended.
    """
    return _patch(_mel_power(samples))


def _mel_power(samples: Samples) -> Patch:
    padded = np.pad(samples, _FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP]
    power = np.abs(np.fft.rfft(frames * _hann(), axis=1)).astype(np.float32) ** 2
    return np.asarray(power @ mel_filters(MEL_RATE_HZ, _FFT, BANDS))


def _patch(mel: Patch) -> Patch:
    return np.log10(10_000 * mel.astype(np.float16).astype(np.float32) + 1, dtype=np.float32)


class Windows:
    """Windows of a stretch that is pushed block by block: the middle 3 s of each segment of it.

    What is silent is left out before segments are counted, so a song is heard in the same places
    whatever silence comes before it.

    Parameters
    ----------
    start_s : float
        Where the stretch begins.
    segment_s : float >= 3
        Length of a segment; no more than that is kept.
    """

    def __init__(self, start_s: float, segment_s: float = SEGMENT_S) -> None:
        self._length = round(segment_s * RATE_HZ)
        self._passed = round(start_s * RATE_HZ)  # samples before what is looked at next
        self._left: Samples = np.empty(0, np.float32)
        self._held: list[tuple[int, Samples]] = []  # pieces with a signal and where they begin
        self._kept = 0
        self._is_first = True

    def push(self, block: Samples) -> list[Window]:
        """Those that a block of mono samples at `RATE_HZ`, shape (n,), completes."""
        samples = np.concatenate([self._left, block]) if len(self._left) else block
        whole = len(samples) // _LOOK * _LOOK
        self._left = samples[whole:]
        return self._add(samples[:whole])

    def rest(self) -> list[Window]:
        """One of what is left at the end, if that is 1 s."""
        found = self._add(self._left)
        self._left = self._left[:0]
        # A scrap has been heard with its neighbour as well as by itself, where there is one.
        if self._is_first or self._kept >= WINDOW_S * RATE_HZ:
            found += self._middle()
        return found

    def _add(self, samples: Samples) -> list[Window]:
        found: list[Window] = []
        for begin, end in _sounding(samples):
            while begin < end:
                taken = min(end - begin, self._length - self._kept)
                self._held.append((self._passed + begin, samples[begin : begin + taken]))
                self._kept += taken
                begin += taken
                if self._kept == self._length:
                    found += self._middle()
        self._passed += len(samples)
        return found

    def _middle(self) -> list[Window]:
        held, self._held, self._kept, self._is_first = self._held, [], 0, False
        if not held:
            return []
        samples = np.concatenate([piece for _, piece in held])
        length = min(round(WINDOW_S * RATE_HZ), len(samples))
        if length < _MIN_WINDOW_S * RATE_HZ:
            return []
        begin = (len(samples) - length) // 2
        end = begin + length
        return [_window(samples, begin, end, _place(held, begin), _place(held, end - 1) + 1)]


def windows(
    start_s: float, blocks: Iterable[Samples], segment_s: float = SEGMENT_S
) -> Iterator[Window]:
    """All windows of a stretch; parameters and blocks as for `Windows`."""
    found = Windows(start_s, segment_s)
    for block in blocks:
        yield from found.push(block)
    yield from found.rest()


def _sounding(samples: Samples) -> list[tuple[int, int]]:
    """Where there is a signal, looked at in steps of 10 ms: begin and end of each run."""
    whole = len(samples) // _LOOK
    looks = samples[: whole * _LOOK].reshape(whole, _LOOK)
    sounds = np.ptp(looks, axis=1) * FULL_SCALE >= SIGNAL
    rest = samples[whole * _LOOK :]
    if len(rest):
        sounds = np.append(sounds, np.ptp(rest) * FULL_SCALE >= SIGNAL)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], sounds, [False]]).astype(np.int8)))
    ends = np.minimum(edges * _LOOK, len(samples))
    return [(int(begin), int(end)) for begin, end in ends.reshape(-1, 2)]


def _place(held: Sequence[tuple[int, Samples]], index: int) -> int:
    """Where in the clip a sample of the pieces is, in samples."""
    for start, piece in held:
        if index < len(piece):
            return start + index
        index -= len(piece)
    raise IndexError(index)


def _window(samples: Samples, begin: int, end: int, start: int, stop: int) -> Window:
    import soxr  # not there where the network is left out

    before = min(_MARGIN, begin)
    around = samples[begin - before : end + _MARGIN]
    resampled = soxr.resample(around, RATE_HZ, MEL_RATE_HZ, quality="HQ")
    first = round(before * MEL_RATE_HZ / RATE_HZ)
    heard = resampled[first : first + round((end - begin) * MEL_RATE_HZ / RATE_HZ)]
    power = float(np.einsum("i,i", heard, heard, dtype=np.float64)) / len(heard)
    mel = _mel_power(heard)[:PATCH_FRAMES]
    return Window(start / RATE_HZ, stop / RATE_HZ, mel, max(power, 1e-12))


@cache
def _hann() -> NDArray[np.float32]:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FFT) / _FFT)).astype(np.float32)
