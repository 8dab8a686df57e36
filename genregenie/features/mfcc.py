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
_BATCH: Final = 64  # frames at a time; they stay in the cache
_PIECE: Final = _BATCH * HOP_SAMPLES
_SPARSE: Final = 16  # every so many samples of nearly all frames span enough already
FULL_SCALE: Final = 32_768.0
SIGNAL: Final = 5.0
"""A frame without a signal spans less, in steps of 16 bits: digital silence, a constant, dither in
the last bit or two. It is looked at before pre-emphasis, which leaves a thirtieth of bass."""


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

    def __len__(self) -> int:
        return len(self.sounds)


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
    framer = Framer()
    for block in blocks:
        frames = framer.push(block)
        if len(frames):
            yield frames
    last = framer.end()
    if len(last):
        yield last


def mfcc_frames(blocks: Iterable[Samples]) -> Iterator[Array]:
    """MFCC frames, those without a signal included: float64 arrays of shape (m, 13).

    They are ``python_speech_features.mfcc`` to 1e-12; `blocks` as for `mel_frames`.
    """
    for frames in mel_frames(blocks):
        yield np.log(frames.energy) @ CEPSTRUM


CEPSTRUM: Final[Array] = python_speech_features.lifter(
    python_speech_features.dct(np.eye(BANDS), type=2, axis=1, norm="ortho")[:, :COEFFICIENTS],
    _LIFTER,
)
"""Log mel energies to MFCCs, shape (26, 13)."""

SMOOTH: Final[Array] = np.linalg.pinv(CEPSTRUM).astype(np.float64)
"""MFCCs to the smoothest logarithms of mel energies that have them, shape (13, 26)."""

EDGES_HZ: Final[Array] = python_speech_features.mel2hz(
    np.linspace(0.0, python_speech_features.hz2mel(RATE_HZ / 2), BANDS + 2)
)
"""Where the triangular bands begin, peak and end, shape (28,)."""

_POWER_TO_ENERGY: Final[Array] = np.ascontiguousarray(
    python_speech_features.get_filterbanks(BANDS, _FFT_SIZE, RATE_HZ).T / _FFT_SIZE
)


class Framer:
    """A signal's frames, a few at a time on arrays that stay in the cache.

    Filter bank, cosine transform and lifter are python_speech_features'. Frames are not: it copies
    the signal once a frame, and takes a square root only to square it again, eight times as slow.
    """

    def __init__(self) -> None:
        self._both = np.empty((2, FRAME_SAMPLES + _PIECE))  # the signal, and after pre-emphasis
        self._kept = 0  # samples at the start of both that later frames need
        self._started = False
        self._spectra = _Spectra()

    def push(self, block: Samples) -> MelFrames:
        """Those that a block of consecutive samples, shape (n,), completes; often none."""
        frames = [self._frames(block[i : i + _PIECE]) for i in range(0, len(block), _PIECE)]
        if len(frames) == 1:
            return frames[0]
        return MelFrames(
            np.concatenate([_NONE.energy, *(some.energy for some in frames)]),
            np.concatenate([_NONE.sounds, *(some.sounds for some in frames)]),
        )

    def _frames(self, piece: Samples) -> MelFrames:
        """Those that a piece of 1 to `_PIECE` samples completes."""
        signal, emphasised = self._both
        end = self._kept + len(piece)
        np.multiply(piece, FULL_SCALE, out=signal[self._kept : end], dtype=np.float64)
        if not self._kept:
            emphasised[0] = signal[0]  # the very first sample stays as it is
        new = slice(max(self._kept, 1), end)
        np.multiply(signal[new.start - 1 : end - 1], -PREEMPHASIS, out=emphasised[new])
        emphasised[new] += signal[new]
        count = max((end - FRAME_SAMPLES) // HOP_SAMPLES + 1, 0)
        frames = _NONE
        if count:
            self._started = True
            frames = self._mel(_frames(signal[:end]), _frames(emphasised[:end]))
        done = count * HOP_SAMPLES
        self._kept = end - done
        self._both[:, : self._kept] = self._both[:, done:end]
        return frames

    def end(self) -> MelFrames:
        """A last frame for what is left, unless the frames before it cover it already."""
        if self._kept <= (FRAME_SAMPLES - HOP_SAMPLES if self._started else 0):
            return _NONE
        signal, emphasised = self._both
        emphasised[self._kept : FRAME_SAMPLES] = 0.0
        return self._mel(signal[None, : self._kept], emphasised[None, :FRAME_SAMPLES])

    def _mel(self, signal: Array, emphasised: Array) -> MelFrames:
        energy = self._spectra.mel_energy(emphasised)
        energy[energy == 0] = np.finfo(float).eps
        return MelFrames(energy, _sounds(signal))


_NONE: Final = MelFrames(np.empty((0, BANDS)), np.empty(0, np.bool_))


def _frames(signal: Array) -> Array:
    return sliding_window_view(signal, FRAME_SAMPLES)[::HOP_SAMPLES]


class _Spectra:
    """Arrays for the spectra of up to `_BATCH` frames.

    New ones for each batch cost more than all that is computed in them, since the system hands out
    such sizes page by page.
    """

    def __init__(self) -> None:
        self._padded = np.zeros((_BATCH, _FFT_SIZE))
        self._spectra = np.empty((_BATCH, _FFT_SIZE // 2 + 1), np.complex128)
        self._power = np.zeros((_BATCH, _FFT_SIZE // 2 + 1))

    def mel_energy(self, frames: Array) -> Array:
        n = len(frames)
        self._padded[:n, :FRAME_SAMPLES] = frames
        spectra = np.fft.rfft(self._padded[:n], out=self._spectra[:n])
        np.add(spectra.real**2, spectra.imag**2, out=self._power[:n])
        # All rows, even where few are wanted: a product of fewer may round another way.
        return np.asarray((self._power @ _POWER_TO_ENERGY)[:n])


def mel_energy(frames: Array) -> Array:
    """Energy in each mel band, shape (n, 26), of frames after pre-emphasis, shape (n, 441)."""
    spectra = _Spectra()
    return np.concatenate(
        [spectra.mel_energy(frames[i : i + _BATCH]) for i in range(0, len(frames), _BATCH)]
    )


def _sounds(frames: Array) -> NDArray[np.bool_]:
    """Whether each frame of the signal, shape (n, 441), spans enough to hold one."""
    sounds = _span(frames[:, ::_SPARSE]) >= SIGNAL
    unsure = np.flatnonzero(~sounds)
    sounds[unsure] = _span(frames[unsure]) >= SIGNAL
    return np.asarray(sounds)


def _span(frames: Array) -> Array:
    return np.asarray(frames.max(axis=1) - frames.min(axis=1))
