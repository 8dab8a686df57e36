"""MFCC frames of a signal that comes in blocks.

The MFCCs are those of the published table: 16-bit scale, 20 ms frames every 10 ms, pre-emphasis
0.97, no window, FFT of 512, 26 mel filters, 13 coefficients, lifter 22. They are a linear function
of the logarithms of the 26 mel energies, so whatever adds up for those adds up for both.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from python_speech_features import base as python_speech_features
from scipy.fft import dct, rfft

from genregenie.audio.formats import RATE_HZ, Samples
from genregenie.common.arrays import Array

COEFFICIENTS: Final = 13
BANDS: Final = 26
FRAME_SAMPLES: Final = 441  # 20 ms
HOP_SAMPLES: Final = 221  # 10 ms at 22 050 Hz is 220.5; python_speech_features rounds half up
FRAME_S: Final = HOP_SAMPLES / RATE_HZ
"""Seconds from one frame to the next."""
TABLE_FRAMES: Final = 2_993
"""Frames in a 30 s clip; what the published table's rows were made from."""

PREEMPHASIS: Final = 0.97
_FFT_SIZE: Final = 512
_LIFTER: Final = 22
_BATCH: Final = 256
_FULL_SCALE: Final = 32_768.0
_SIGNAL: Final = 6.0
"""After pre-emphasis, in steps of 16 bits, a frame without a signal spans less: digital silence,
a constant, dither in the last bit or two."""


@dataclass(frozen=True)
class MelFrames:
    """Some frames, in order.

    Attributes
    ----------
    energy : float64 array, shape (n, 26)
        Energy in each mel band, 0 replaced by the smallest step of a float.
    sounds : bool array, shape (n,)
        False where a frame has no signal.
    """

    energy: Array
    sounds: NDArray[np.bool_]


def mel_frames(blocks: Iterable[Samples]) -> Iterator[MelFrames]:
    """Mel energies of a signal that comes in blocks, exactly as if it came whole.

    Parameters
    ----------
    blocks : iterable of arrays, shape (n,)
        Consecutive mono samples at 22 050 Hz, full scale -1 to 1, blocks of any size.

    Yields
    ------
    MelFrames
        As many frames as a block completes. The last frame is padded with zeros, as
        python_speech_features pads it.
    """
    previous = None
    pending: Array = np.empty(0)
    started = False
    for block in blocks:
        if not len(block):
            continue
        signal = np.asarray(block, dtype=np.float64) * _FULL_SCALE
        emphasised = signal.copy()
        emphasised[1:] -= PREEMPHASIS * signal[:-1]
        if previous is not None:  # the very first sample has no predecessor and stays as it is
            emphasised[0] -= PREEMPHASIS * previous
        previous = signal[-1]
        pending = np.concatenate([pending, emphasised])
        if len(pending) >= FRAME_SAMPLES:
            frames = _mel(pending)
            yield frames
            started = True
            pending = pending[len(frames.sounds) * HOP_SAMPLES :]
    # What is left belongs to a last frame unless the frames before it cover it already.
    if len(pending) > (FRAME_SAMPLES - HOP_SAMPLES if started else 0):
        yield _mel(np.pad(pending, (0, FRAME_SAMPLES - len(pending))))


def mfcc_frames(blocks: Iterable[Samples]) -> Iterator[Array]:
    """MFCC frames, those without a signal included: float64 arrays of shape (m, 13).

    They are ``python_speech_features.mfcc`` to 1e-12; `blocks` as for `mel_frames`.
    """
    for frames in mel_frames(blocks):
        yield np.log(frames.energy) @ CEPSTRUM


CEPSTRUM: Final[Array] = python_speech_features.lifter(
    dct(np.eye(BANDS), type=2, axis=1, norm="ortho")[:, :COEFFICIENTS], _LIFTER
)
"""Log mel energies to MFCCs, shape (26, 13): the cosine transform and the lifter."""

SMOOTH: Final[Array] = np.linalg.pinv(CEPSTRUM).astype(np.float64)
"""MFCCs to the smoothest logarithms of mel energies that have them, shape (13, 26)."""

_FILTERBANK: Final[Array] = np.ascontiguousarray(
    python_speech_features.get_filterbanks(BANDS, _FFT_SIZE, RATE_HZ).T
)


def _mel(emphasised: Array) -> MelFrames:
    """Every whole frame: the library's numbers, five times as fast.

    Filter bank and lifter are python_speech_features'. It copies the signal once a frame and takes
    a square root only to square it again; here frames are views, a few at a time in the cache.
    """
    frames = sliding_window_view(emphasised, FRAME_SAMPLES)[::HOP_SAMPLES]
    energy = np.empty((len(frames), BANDS))
    for start in range(0, len(frames), _BATCH):
        energy[start : start + _BATCH] = mel_energy(frames[start : start + _BATCH])
    energy[energy == 0] = np.finfo(float).eps
    return MelFrames(energy, _sounds(emphasised, len(frames)))


def mel_energy(frames: Array) -> Array:
    """Energy in each mel band, shape (n, 26), of frames after pre-emphasis, shape (n, 441)."""
    spectrum = rfft(frames, _FFT_SIZE)
    power = (spectrum.real**2 + spectrum.imag**2) / _FFT_SIZE
    return np.asarray(power @ _FILTERBANK)


def _sounds(emphasised: Array, count: int) -> NDArray[np.bool_]:
    """Whether each frame spans enough to hold a signal.

    A frame is a hop and all of the next hop but its last sample, so each sample is looked at once.
    """
    hops = emphasised[: (count + 1) * HOP_SAMPLES - 1]
    hops = np.append(hops, hops[-1:]).reshape(-1, HOP_SAMPLES)
    first, last = hops[:, 0], hops[:, -1]
    inner = hops[:, 1 : FRAME_SAMPLES - HOP_SAMPLES]
    low, high = inner.min(axis=1), inner.max(axis=1)
    # The first sample of a frame is left out: pre-emphasis puts the one before into it.
    lowest = np.minimum(np.minimum(low, last)[:-1], np.minimum(low, first)[1:])
    highest = np.maximum(np.maximum(high, last)[:-1], np.maximum(high, first)[1:])
    return np.asarray(highest - lowest >= _SIGNAL)
