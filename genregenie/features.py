"""MFCC statistics that add up, and the vector a classifier reads from them.

A stretch of audio is described by three sums over its MFCC frames: how many, the sum of x, and
the sum of x x^T. Sums add, so blocks merge exactly, memory does not grow with length, and every
part of a clip has statistics of its own for free. Mean and covariance make a Gaussian;
`GaussianTangent` maps it to a flat space where ordinary classifiers work.

The MFCCs are those of the published table: 16-bit scale, 20 ms frames every 10 ms, pre-emphasis
0.97, no window, FFT of 512, 26 mel filters, 13 coefficients, lifter 22.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from python_speech_features import base as python_speech_features
from scipy.fft import dct, rfft

from genregenie.audio import RATE_HZ, Samples

COEFFICIENTS: Final = 13
FRAME_SAMPLES: Final = 441  # 20 ms
HOP_SAMPLES: Final = 221  # 10 ms at 22 050 Hz is 220.5; python_speech_features rounds half up
TABLE_FRAMES: Final = 2_993
"""Frames in a 30 s clip; what the published table's rows were made from."""

_PREEMPHASIS: Final = 0.97
_FFT_SIZE: Final = 512
_FILTERS: Final = 26
_LIFTER: Final = 22
_BATCH: Final = 256
_FULL_SCALE: Final = 32_768.0

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Statistics:
    """Sums over MFCC frames; ``a + b`` describes both stretches together.

    Attributes
    ----------
    count : int >= 0
        Number of frames.
    total : float64 array, shape (13,)
        Sum of the frames.
    outer : float64 array, shape (13, 13)
        Sum of the outer product of each frame with itself.
    """

    count: int
    total: Array
    outer: Array

    @classmethod
    def empty(cls) -> Self:
        """The statistics of nothing, the zero of the addition."""
        return cls(0, np.zeros(COEFFICIENTS), np.zeros((COEFFICIENTS, COEFFICIENTS)))

    @classmethod
    def of(cls, frames: Array) -> Self:
        """Sum up MFCC frames of shape (n, 13)."""
        return cls(len(frames), frames.sum(axis=0), frames.T @ frames)

    def __add__(self, other: "Statistics") -> "Statistics":
        return Statistics(
            self.count + other.count, self.total + other.total, self.outer + other.outer
        )

    def to_bytes(self) -> bytes:
        """The sums as 183 little-endian float64 numbers, exactly: frames, then x, then x x^T."""
        return (
            np.concatenate([[self.count], self.total, self.outer.ravel()]).astype("<f8").tobytes()
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """What `to_bytes` gave.

        Raises
        ------
        ValueError
            If it is something else.
        """
        if len(data) != 8 * (1 + COEFFICIENTS + COEFFICIENTS**2):
            raise ValueError(f"{len(data)} bytes are no statistics.")
        numbers = np.frombuffer(data, "<f8").astype(np.float64)
        total, outer = numbers[1 : 1 + COEFFICIENTS], numbers[1 + COEFFICIENTS :]
        if not (np.isfinite(numbers).all() and numbers[0] >= 0 and numbers[0] == int(numbers[0])):
            raise ValueError("These numbers are no statistics.")
        return cls(int(numbers[0]), total, outer.reshape(COEFFICIENTS, COEFFICIENTS))

    @property
    def mean(self) -> Array:
        """Mean frame, shape (13,). Needs one frame at least."""
        return self.total / self.count

    @property
    def covariance(self) -> Array:
        """Covariance of the frames, shape (13, 13), divided by n - 1; zeros for one frame."""
        mean = self.mean
        return (self.outer - self.count * np.outer(mean, mean)) / max(self.count - 1, 1)


def mfcc_frames(blocks: Iterable[Samples]) -> Iterator[Array]:
    """MFCC frames of a signal that comes in blocks, exactly as if it came whole.

    Parameters
    ----------
    blocks : iterable of arrays, shape (n,)
        Consecutive mono samples at 22 050 Hz, full scale -1 to 1, blocks of any size.

    Yields
    ------
    float64 array, shape (m, 13)
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
        emphasised[1:] -= _PREEMPHASIS * signal[:-1]
        if previous is not None:  # the very first sample has no predecessor and stays as it is
            emphasised[0] -= _PREEMPHASIS * previous
        previous = signal[-1]
        pending = np.concatenate([pending, emphasised])
        if len(pending) >= FRAME_SAMPLES:
            frames = _mfcc(pending)
            yield frames
            started = True
            pending = pending[len(frames) * HOP_SAMPLES :]
    # What is left belongs to a last frame unless the frames before it cover it already.
    if len(pending) > (FRAME_SAMPLES - HOP_SAMPLES if started else 0):
        yield _mfcc(np.pad(pending, (0, FRAME_SAMPLES - len(pending))))


_FILTERBANK: Final[Array] = np.ascontiguousarray(
    python_speech_features.get_filterbanks(_FILTERS, _FFT_SIZE, RATE_HZ).T
)
_CEPSTRUM: Final[Array] = python_speech_features.lifter(
    dct(np.eye(_FILTERS), type=2, axis=1, norm="ortho")[:, :COEFFICIENTS], _LIFTER
)


def _mfcc(emphasised: Array) -> Array:
    """MFCCs of every whole frame: ``python_speech_features.mfcc`` to 1e-12, five times as fast.

    Filter bank and lifter are that library's. It copies the signal once a frame and takes a
    square root only to square it again; here frames are views, a few at a time in the cache,
    and the cosine transform and lifter are one matrix.
    """
    frames = sliding_window_view(emphasised, FRAME_SAMPLES)[::HOP_SAMPLES]
    cepstra = np.empty((len(frames), COEFFICIENTS))
    for start in range(0, len(frames), _BATCH):
        spectrum = rfft(frames[start : start + _BATCH], _FFT_SIZE)
        power = (spectrum.real**2 + spectrum.imag**2) / _FFT_SIZE
        energy = power @ _FILTERBANK
        energy[energy == 0] = np.finfo(float).eps
        cepstra[start : start + _BATCH] = np.log(energy) @ _CEPSTRUM
    return cepstra


def statistics(blocks: Iterable[Samples]) -> Statistics:
    """Statistics of a whole signal; `blocks` as for `mfcc_frames`."""
    return sum((Statistics.of(frames) for frames in mfcc_frames(blocks)), Statistics.empty())


def binned_statistics(blocks: Iterable[Samples], bin_s: float) -> Iterator[Statistics]:
    """Statistics of consecutive stretches of `bin_s` seconds; they sum to those of the whole.

    Frame i belongs to the bin in which it starts. The last bin may be shorter.
    """
    seconds_per_frame = HOP_SAMPLES / RATE_HZ
    seen = 0
    current = Statistics.empty()
    index = 1
    for frames in mfcc_frames(blocks):
        while len(frames):
            bin_end = int(np.ceil(index * bin_s / seconds_per_frame))
            taken, frames = frames[: bin_end - seen], frames[bin_end - seen :]
            current += Statistics.of(taken)
            seen += len(taken)
            if seen == bin_end:
                yield current
                current = Statistics.empty()
                index += 1
    if current.count:
        yield current


# --- from statistics to vectors -------------------------------------------------------------

_UPPER: Final = np.triu_indices(COEFFICIENTS)
_UPPER_SCALE: Final = np.where(_UPPER[0] == _UPPER[1], 1.0, np.sqrt(2.0))
_SMALLEST_VARIANCE: Final = 1e-9

ROW_WIDTH: Final = 1 + COEFFICIENTS + len(_UPPER[0])
VECTOR_WIDTH: Final = COEFFICIENTS + len(_UPPER[0])


def as_row(stats: Statistics) -> Array:
    """Frame count, mean and upper triangle of the covariance in one row, shape (105,)."""
    return as_rows(stats.mean[None], stats.covariance[None], [stats.count])[0]


def as_rows(mean: Array, covariance: Array, count: Iterable[float]) -> Array:
    """Rows for classifiers from stacked statistics.

    Parameters
    ----------
    mean : array, shape (n, 13)
    covariance : array, shape (n, 13, 13)
    count : n frame counts

    Returns
    -------
    array, shape (n, 105)
    """
    counts = np.asarray(list(count), dtype=np.float64)
    return np.column_stack([counts, mean, covariance[:, _UPPER[0], _UPPER[1]]])


def row_means(rows: Array) -> Array:
    """The mean frames in rows: shape (n, 13)."""
    return rows[:, 1 : 1 + COEFFICIENTS]


def row_covariances(rows: Array) -> Array:
    """The covariances in rows: shape (n, 13, 13), symmetric."""
    covariances = np.empty((len(rows), COEFFICIENTS, COEFFICIENTS))
    covariances[:, _UPPER[0], _UPPER[1]] = rows[:, 1 + COEFFICIENTS :]
    covariances[:, _UPPER[1], _UPPER[0]] = rows[:, 1 + COEFFICIENTS :]
    return covariances


def tangent_vectors(
    rows: Array,
    centre: Array,
    reference: Array,
    *,
    mean_weight: float,
    level_weight: float,
    prior_frames: float,
) -> Array:
    """Describe clips by vectors whose Euclidean distances mean something.

    The covariance is mapped to the tangent space at the reference covariance S,
    ``logm(S^-1/2 C S^-1/2)``, and the mean is whitened by the same S, so both count in units of
    how much frames vary within a clip. A covariance from few frames is first drawn towards S
    as if S had been seen for `prior_frames` frames.

    Parameters
    ----------
    rows : array, shape (n, 105)
        As `as_rows` makes them.
    centre : array, shape (13,)
        Mean of the training means.
    reference : array, shape (13, 13)
        S, the mean training covariance.
    mean_weight : float >= 0
        Weight of the mean against the covariance.
    level_weight : float >= 0
        Further weight of the mean of coefficient 0, which is the loudness; 0 ignores it.
    prior_frames : float >= 0

    Returns
    -------
    array, shape (n, 104)
        13 values of the mean, then the upper triangle of the logarithm with the off-diagonals
        scaled by the square root of 2.

    References
    ----------
    Barachant et al., "Multiclass brain-computer interface classification by Riemannian
    geometry", IEEE TBME 2012; Arsigny et al., "Log-Euclidean metrics for fast and simple
    calculus on diffusion tensors", MRM 2006.
    """
    values, axes = np.linalg.eigh(reference)
    whitening = (axes / np.sqrt(np.maximum(values, _SMALLEST_VARIANCE))) @ axes.T

    trust = (rows[:, 0] / (rows[:, 0] + prior_frames))[:, None, None]
    covariances = trust * row_covariances(rows) + (1.0 - trust) * reference
    values, axes = np.linalg.eigh(whitening @ covariances @ whitening)
    logs = (axes * np.log(np.maximum(values, _SMALLEST_VARIANCE))[:, None, :]) @ np.swapaxes(
        axes, 1, 2
    )

    deviations = row_means(rows) - centre
    deviations[:, 0] *= level_weight
    return np.hstack(
        [mean_weight * deviations @ whitening, logs[:, _UPPER[0], _UPPER[1]] * _UPPER_SCALE]
    )
