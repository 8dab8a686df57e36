"""Decoded frames become mono blocks at `RATE_HZ`."""

from collections.abc import Iterator
from typing import Final

import av
import numpy as np

from genregenie.audio.channels import audible, samples_of
from genregenie.audio.formats import MAX_RATE_HZ, MIN_RATE_HZ, RATE_HZ, Samples
from genregenie.common.errors import AudioError

BLOCK_SAMPLES: Final = 10 * RATE_HZ
_MAX_FRAME_S: Final = 60.0
_STANDARD_CHANNELS: Final = 8


def resampled(frames: Iterator[av.AudioFrame]) -> Iterator[Samples]:
    """Mono blocks at `RATE_HZ`; the input's rate, layout and format may change on the way.

    Raises
    ------
    AudioError
        If a frame claims a rate or a layout that cannot be, or a sample is not a number.
    """
    resampler = Resampler(BLOCK_SAMPLES)
    for frame in audible(_checked(frames)):
        yield from resampler.push(frame)
    yield from resampler.end()


class Resampler:
    """`resampled` for frames that are pushed.

    Parameters
    ----------
    block_samples : int >= 0
        Samples in a block; with 0 a block is whatever a frame completes.
    """

    def __init__(self, block_samples: int = 0) -> None:
        self._block_samples = block_samples
        self._resampler: av.AudioResampler | None = None
        self._kind: tuple[str, int, int] | None = None

    def push(self, frame: av.AudioFrame) -> Iterator[Samples]:
        """Blocks that a frame completes.

        Raises
        ------
        AudioError
        """
        kind = (frame.format.name, frame.layout.nb_channels, frame.sample_rate)
        if kind != self._kind:
            yield from self.end()
            self._kind = kind
            self._resampler = av.AudioResampler(
                format="flt",
                layout="mono",
                rate=RATE_HZ,
                frame_size=self._block_samples or None,
                # Mix by weights that sum to 1; otherwise stereo comes out 3 dB louder than mono.
                options={"rematrix_maxval": "1.0"},
            )
        if frame.layout.nb_channels > _STANDARD_CHANNELS:
            frame = _mixed_evenly(frame)
        frame.pts = None  # gaps in time are closed, not filled
        yield from self._drain(frame)

    def end(self) -> Iterator[Samples]:
        """What is left.

        Raises
        ------
        AudioError
        """
        yield from self._drain(None)
        self._resampler = self._kind = None

    def _drain(self, frame: av.AudioFrame | None) -> Iterator[Samples]:
        if self._resampler is None:
            return
        try:
            resampled = self._resampler.resample(frame)
        except (av.FFmpegError, ValueError) as error:
            raise AudioError(
                "This file's channels are laid out in a way GenreGenie cannot mix."
            ) from error
        for out in resampled:
            samples = out.to_ndarray().reshape(-1).astype(np.float32, copy=False)
            if not np.isfinite(samples).all():
                raise AudioError("This file holds samples that are not numbers. Export it again.")
            yield samples


def _checked(frames: Iterator[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    for frame in frames:
        if frame.samples > _MAX_FRAME_S * frame.sample_rate:
            raise AudioError("This file is packed in a way that GenreGenie does not read.")
        if not MIN_RATE_HZ <= frame.sample_rate <= MAX_RATE_HZ:
            raise AudioError(
                f"This file claims a sample rate of {frame.sample_rate} Hz. "
                f"GenreGenie reads {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz; export it at 44 100 Hz."
            )
        yield frame


def _mixed_evenly(frame: av.AudioFrame) -> av.AudioFrame:
    """Mono from more channels than FFmpeg's mixer has a plan for."""
    mono = samples_of(frame).mean(axis=0, dtype=np.float64).astype(np.float32)
    mixed = av.AudioFrame.from_ndarray(mono[None], format="fltp", layout="mono")
    mixed.sample_rate = frame.sample_rate
    return mixed
