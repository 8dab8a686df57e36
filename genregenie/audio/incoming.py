"""Samples that come a few at a time, from a microphone say, become blocks as a file's do."""

from collections import deque
from collections.abc import Iterator
from typing import Final

import av
import numpy as np
from numpy.typing import ArrayLike

from genregenie.audio.channels import Channels
from genregenie.audio.formats import RATE_HZ, Samples
from genregenie.audio.offset import MIN_SAMPLES, Offset
from genregenie.audio.precision import Precision
from genregenie.audio.resampling import Resampler
from genregenie.audio.samples import checked_array, whole_rate

_FORMATS: Final = {"uint8": "u8", "int16": "s16", "int32": "s32"}  # all others become floats
_LAYOUTS: Final = ("mono", "stereo", "2.1", "4.0", "5.0", "5.1", "6.1", "7.1")
_FRAME: Final = 4_096  # samples, about as many as files come in
_ENOUGH_S: Final = 0.5  # who listens live does not wait for a full second of two channels
_OFFSET_S: Final = 10.0


class Incoming:
    """Consecutive samples in, mono blocks at 22 050 Hz out.

    They are those that a file of the same samples has, but for what a resampler rounds (1e-7), and
    for sounds with a constant offset or with channels that cancel out: what is to be done about
    these is found out while the sound comes.

    Parameters
    ----------
    rate_hz : int
        Of the samples that will be pushed.

    Raises
    ------
    AudioError
        If the rate is none that GenreGenie reads.
    """

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = whole_rate(rate_hz)
        self._channels, self._resampler = Channels(), Resampler()
        self._offset, self._precision = Offset(), Precision()
        self._recent: deque[Samples] = deque()  # what an offset is judged by
        self._recent_samples = self._unjudged = 0

    @property
    def step(self) -> float:
        """As `AudioFile.step`."""
        return self._precision.step

    def push(self, samples: ArrayLike) -> Iterator[Samples]:
        """Blocks that the next samples complete.

        Parameters
        ----------
        samples : array, shape (n,) or (n, channels)
            As for `genregenie.classify`.

        Raises
        ------
        AudioError
            If they are no samples.
        """
        for frame in self._frames(checked_array(samples)):
            for heard in self._channels.push(frame):
                yield from self._blocks(heard)
        if self._channels.held_s >= _ENOUGH_S:
            for heard in self._channels.end():
                yield from self._blocks(heard)

    def end(self) -> Iterator[Samples]:
        """What is left.

        Raises
        ------
        AudioError
        """
        for heard in self._channels.end():
            yield from self._blocks(heard)
        yield from map(self._without_offset, self._resampler.end())

    def _frames(self, array: np.ndarray) -> Iterator[av.AudioFrame]:
        if array.shape[1] > len(_LAYOUTS):
            array = array.mean(axis=1, dtype=np.float64, keepdims=True)
            array = array.astype(np.float32) if array.dtype.kind == "f" else array
        kind = _FORMATS.get(array.dtype.name, "flt")
        if kind == "flt":
            array = array.astype(np.float32, copy=False)
        for i in range(0, len(array), _FRAME):
            piece = np.ascontiguousarray(array[i : i + _FRAME])
            frame = av.AudioFrame.from_ndarray(
                piece.reshape(1, -1), format=kind, layout=_LAYOUTS[piece.shape[1] - 1]
            )
            frame.sample_rate = self.rate_hz
            self._precision.look(frame)
            yield frame

    def _blocks(self, frame: av.AudioFrame) -> Iterator[Samples]:
        yield from map(self._without_offset, self._resampler.push(frame))

    def _without_offset(self, block: Samples) -> Samples:
        self._recent.append(block)
        self._recent_samples += len(block)
        while self._recent_samples - len(self._recent[0]) >= _OFFSET_S * RATE_HZ:
            self._recent_samples -= len(self._recent.popleft())
        self._unjudged += len(block)
        if self._unjudged >= RATE_HZ and self._recent_samples >= MIN_SAMPLES:
            self._unjudged = 0
            self._offset.judge(np.concatenate(self._recent))
        return self._offset.removed(block)
