"""What the networks are given of a clip: pictures and sequences, made of one mel spectrogram.

The published systems took theirs from sound at 43 columns a second. Where there is no sound, they
are taken from the published spectrograms (12.9 columns a second, 0 dB at the clip's own maximum),
and `Inputs` says what that changes. What answers for a file makes the same pictures of its sound.
"""

from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from genregenie.audio import RATE_HZ, Samples
from genregenie.features.slaney import mel_edges_hz, mel_filters

Picture = NDArray[np.float32]

BANDS: Final = 128
COLUMNS_S: Final = 387 / 30
"""Columns a second of a published spectrogram, which shows 30 s in 387."""
RANGE_DB: Final = 80.0

SLICE_S: Final = 3.0
SLICE_FRAMES: Final = 130
SLICE_MFCCS: Final = 13
SEQUENCE_MFCCS: Final = 40
CHROMA_BINS: Final = 24
SHRUNK: Final = 3
"""Columns that become one for the networks that see a whole clip: 4.3 a second, 129 in 30 s."""

_FFT: Final = 2_048
_HOP: Final = 512
_PITCHED_HZ: Final = (130.0, 2_000.0)  # below, a band is wider than a bin; above are overtones
_WAVELET: Final = "db2"
_WAVELET_LEVELS: Final = 3
_WAVELET_GROUPS: Final = 16


def picture_of(samples: Samples, columns: int | None = None) -> Picture:
    """The spectrogram of a clip as the published ones are.

    Correlates with the published pictures of 35 clips at 0.92 to 0.99, in the mean 0.97.

    Parameters
    ----------
    samples : float32 array, shape (n,)
        Mono at 22 050 Hz, a second at least.
    columns : int, optional
        How many; by default 12.9 a second.

    Returns
    -------
    float32 array, shape (128, columns)
        dB below the clip's maximum, -80 to 0, lowest band first.
    """
    frames = mel_levels(samples)
    columns = columns or max(round(len(samples) / RATE_HZ * COLUMNS_S), 1)
    edges = np.linspace(0.0, frames.shape[1], columns + 1)
    return _between(frames, edges)


def mel_levels(samples: Samples) -> Picture:
    """Log-mel power at 43 columns a second, -80 to 0 dB below its maximum, shape (128, frames)."""
    padded = np.pad(samples, _FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP]
    window = np.hanning(_FFT + 1)[:-1].astype(np.float32)
    power = np.abs(scipy.fft.rfft(frames * window, axis=1)) ** 2
    mel = power @ mel_filters(RATE_HZ, _FFT, BANDS)
    levels = 10.0 * np.log10(np.maximum(mel, 1e-10))
    return np.maximum(levels - levels.max(), -RANGE_DB).T.astype(np.float32)


def published(picture: NDArray[np.uint8]) -> Picture:
    """A published spectrogram in dB: 0 to 255 are -80 to 0."""
    return picture.astype(np.float32) * np.float32(RANGE_DB / 255) - np.float32(RANGE_DB)


def shrunk(picture: Picture) -> Picture:
    """Each `SHRUNK` columns as their mean, shape (128, steps)."""
    steps = max(picture.shape[1] // SHRUNK, 1)
    whole = picture[:, : steps * SHRUNK] if picture.shape[1] >= SHRUNK else picture
    return np.asarray(whole.reshape(len(picture), steps, -1).mean(axis=2))


def mfccs(picture: Picture, count: int) -> Picture:
    """Cepstra of each column, shape (columns, count): the DCT of its levels, as librosa's are.

    A picture's level is under the clip's own maximum, so the first cepstrum says nothing of how
    loud the clip is.
    """
    spectrum = scipy.fft.dct(picture, axis=0, norm="ortho")[:count]
    return np.ascontiguousarray(spectrum.T, dtype=np.float32)


def slices_of(picture: Picture) -> NDArray[np.float32]:
    """MFCC images of a clip's slices of 3 s, shape (slices, 130, 13); one of a shorter clip.

    The 38.7 columns of a slice are stretched to the 130 frames of the published images.
    """
    count = max(int(picture.shape[1] / (SLICE_S * COLUMNS_S) + 0.02), 1)
    cepstra = mfccs(picture, SLICE_MFCCS)
    length = min(SLICE_S * COLUMNS_S, len(cepstra))
    frame = (np.arange(count * SLICE_FRAMES) + 0.5) * length / SLICE_FRAMES - 0.5
    columns = np.arange(len(cepstra))
    stretched = np.stack([np.interp(frame, columns, cepstrum) for cepstrum in cepstra.T], axis=1)
    return stretched.reshape(count, SLICE_FRAMES, SLICE_MFCCS).astype(np.float32)


def chroma(picture: Picture) -> Picture:
    """How strong each quarter tone of the octave is, shape (24, columns), 0 to 1 in each column.

    An approximation: mel bands are wider than quarter tones, so that a tone falls on its
    neighbours too.
    """
    power = np.power(10.0, picture / 10.0)
    folded = _folding() @ power
    return (folded / np.maximum(folded.max(axis=0), 1e-9)).astype(np.float32)


def wavelets(picture: Picture) -> Picture:
    """How 16 groups of bands move, on three scales of time, shape (columns, 48).

    Stationary wavelet coefficients over the band's levels, by PyWavelets; what lies at the ends
    is mirrored.
    """
    import pywt

    groups = picture.reshape(_WAVELET_GROUPS, -1, picture.shape[1]).mean(axis=1)
    columns = groups.shape[1]
    whole = -(-columns // 2**_WAVELET_LEVELS) * 2**_WAVELET_LEVELS
    padded = np.pad(groups, ((0, 0), (0, whole - columns)), mode="symmetric")
    details = [
        detail for _, detail in pywt.swt(padded, _WAVELET, _WAVELET_LEVELS, axis=1, norm=True)
    ]
    return np.concatenate(details)[:, :columns].T.astype(np.float32)


def _between(frames: Picture, edges: NDArray[np.float64]) -> Picture:
    """Means over the frames from each edge to the next, parts of frames counted as parts."""
    sums = np.concatenate([np.zeros((len(frames), 1)), np.cumsum(frames, axis=1, dtype=float)], 1)
    at = np.minimum(edges.astype(int), frames.shape[1] - 1)
    whole = sums[:, at] + (edges - at) * frames[:, at]
    return (np.diff(whole, axis=1) / np.diff(edges)).astype(np.float32)


def _folding() -> NDArray[np.float64]:
    """How much of each mel band counts for each quarter tone, shape (24, 128)."""
    edges = np.maximum(mel_edges_hz(RATE_HZ, BANDS), 1.0)
    centre = edges[1:-1]
    tone = CHROMA_BINS * np.log2(centre / 440.0)
    width = np.maximum(CHROMA_BINS * np.log2(edges[2:] / edges[:-2]) / 4, 0.5)
    away = (tone - np.arange(CHROMA_BINS)[:, None] + CHROMA_BINS / 2) % CHROMA_BINS
    near = np.exp(-0.5 * ((away - CHROMA_BINS / 2) / width) ** 2)
    pitched = (centre >= _PITCHED_HZ[0]) & (centre <= _PITCHED_HZ[1])
    return np.asarray(near * pitched / width)
