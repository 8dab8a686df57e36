"""Sums over frames that add up, so that blocks merge exactly and memory does not grow with length.

A stretch of audio is described by three sums over its frames: how many, the sum of x, and the sum
of x x^T. Every part of a clip has statistics of its own for free. Frames without a signal
(digital silence, a constant, dither) count for nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from genregenie.audio.formats import Samples
from genregenie.common.arrays import Array
from genregenie.features.mfcc import (
    BANDS,
    CEPSTRUM,
    COEFFICIENTS,
    FRAME_S,
    MelFrames,
    mel_frames,
)


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

    def to_dict(self) -> dict[str, Any]:
        """The sums as JSON can hold them, exactly."""
        return {
            "count": self.count,
            "total": self.total.tolist(),
            "outer": self.outer.tolist(),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """What `to_dict` gave.

        Raises
        ------
        ValueError
            If it is something else.
        """
        total, outer = (np.array(content[name], dtype=np.float64) for name in ("total", "outer"))
        if total.shape != (COEFFICIENTS,) or outer.shape != (COEFFICIENTS, COEFFICIENTS):
            raise ValueError(f"Sums of shape {total.shape} and {outer.shape} are no statistics.")
        return cls(content["count"], total, outer)

    @property
    def mean(self) -> Array:
        """Mean frame, shape (13,). Needs one frame at least."""
        return self.total / self.count

    @property
    def covariance(self) -> Array:
        """Covariance of the frames, shape (13, 13), divided by n - 1; zeros for one frame."""
        mean = self.mean
        return (self.outer - self.count * np.outer(mean, mean)) / max(self.count - 1, 1)


@dataclass(frozen=True)
class MelStatistics:
    """Sums over the frames' log mel energies, from which those of the MFCCs follow.

    Attributes
    ----------
    count : int >= 0
        Number of frames with a signal.
    silent : int >= 0
        Number of frames without one, which the sums leave out.
    total : float64 array, shape (26,)
        Sum of the logarithms.
    outer : float64 array, shape (26, 26)
        Sum of the outer product of each frame's logarithms.
    energy : float64 array, shape (26,)
        Sum of the energies themselves.
    """

    count: int
    silent: int
    total: Array
    outer: Array
    energy: Array

    @classmethod
    def empty(cls) -> Self:
        """The statistics of nothing, the zero of the addition."""
        return cls(0, 0, np.zeros(BANDS), np.zeros((BANDS, BANDS)), np.zeros(BANDS))

    @classmethod
    def of(cls, frames: MelFrames) -> Self:
        """Sum up frames."""
        energy = frames.energy if frames.sounds.all() else frames.energy[frames.sounds]
        logs = np.log(energy)
        silent = len(frames.energy) - len(energy)
        return cls(len(energy), silent, logs.sum(axis=0), logs.T @ logs, energy.sum(axis=0))

    def __add__(self, other: "MelStatistics") -> "MelStatistics":
        return MelStatistics(
            self.count + other.count,
            self.silent + other.silent,
            self.total + other.total,
            self.outer + other.outer,
            self.energy + other.energy,
        )

    @property
    def frames(self) -> int:
        """Number of all frames."""
        return self.count + self.silent

    @property
    def sounding_s(self) -> float:
        """Seconds with a signal."""
        return self.count * FRAME_S

    @property
    def silent_s(self) -> float:
        """Seconds without one."""
        return self.silent * FRAME_S

    def cepstral(self, transform: Array = CEPSTRUM) -> Statistics:
        """Those of the MFCCs, or of another linear function of the logarithms, shape (26, 13)."""
        return Statistics(self.count, self.total @ transform, transform.T @ self.outer @ transform)


def statistics(blocks: Iterable[Samples]) -> Statistics:
    """Statistics of a whole signal; `blocks` as for `genregenie.features.mfcc.mel_frames`."""
    whole = sum((MelStatistics.of(frames) for frames in mel_frames(blocks)), MelStatistics.empty())
    return whole.cepstral()


def binned_statistics(blocks: Iterable[Samples], bin_s: float) -> Iterator[Statistics]:
    """Those of `binned_mel_statistics`, as sums over MFCC frames."""
    return (stats.cepstral() for stats in binned_mel_statistics(blocks, bin_s))


def binned_mel_statistics(blocks: Iterable[Samples], bin_s: float) -> Iterator[MelStatistics]:
    """`binned` statistics of blocks, as for `genregenie.features.mfcc.mel_frames`."""
    return binned(mel_frames(blocks), bin_s)


def binned(frames: Iterable[MelFrames], bin_s: float) -> Iterator[MelStatistics]:
    """Statistics of consecutive stretches; they sum to those of the whole.

    Parameters
    ----------
    frames : iterable of MelFrames
    bin_s : float > 0
        Length of a stretch in seconds.

    Yields
    ------
    MelStatistics
        Frame i belongs to the bin in which it starts, silent or not. The last bin may be shorter.
    """
    bins = Bins(bin_s)
    for some in frames:
        yield from bins.push(some)
    if bins.current.frames:
        yield bins.current


class Bins:
    """`binned` for frames that are pushed.

    Attributes
    ----------
    current : MelStatistics
        Of the stretch that is not full yet.
    """

    def __init__(self, bin_s: float) -> None:
        self._bin_s = bin_s
        self._seen, self._number = 0, 1
        self.current = MelStatistics.empty()

    def push(self, frames: MelFrames) -> list[MelStatistics]:
        """Those of the stretches that these frames fill."""
        full = []
        energy, sounds = frames.energy, frames.sounds
        while len(sounds):
            space = int(np.ceil(self._number * self._bin_s / FRAME_S)) - self._seen
            self.current += MelStatistics.of(MelFrames(energy[:space], sounds[:space]))
            self._seen += min(space, len(sounds))
            if len(sounds) >= space:
                full.append(self.current)
                self.current = MelStatistics.empty()
                self._number += 1
            energy, sounds = energy[space:], sounds[space:]
        return full
