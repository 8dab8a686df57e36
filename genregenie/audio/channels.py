"""Channels that would cancel each other in a mono sum.

A channel upside down (a cable soldered the wrong way round, a karaoke trick) leaves next to nothing
of the music when channels are summed. Where that is so, the loudest channel is heard instead, as
one hears it on any loudspeaker of its own; everywhere else the sum is left to the last bit.

The rule looks at one second at a time. With S for the mean power of the sum and C for that of the
channels, the sum is as strong as the channels (S = C) in mono, half as strong in unrelated
channels, and nothing in opposite ones. Below a quarter, 6 dB down, channels of equal strength
correlate below -0.5 over a whole second. Records do not, whatever their stereo, since they would
vanish on kitchen radios. A channel once chosen is kept until another is twice as strong.
"""

from collections.abc import Iterator
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

WINDOW_S: Final = 1.0
CANCELLED: Final = 0.25
"""The sum has lost most of the power when less than this share of it is left."""

_LOOKS: Final = 5
"""So many frames of a window are looked at, evenly spread; they tell as much as all."""
_STICKY: Final = 2.0
_SILENT: Final = 1e-9  # mean power below that of one bit in 16


def audible(frames: Iterator[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    """The same frames; where the channels cancel, each holds the loudest channel in all of them."""
    channels = Channels()
    for frame in frames:
        yield from channels.push(frame)
    yield from channels.end()


class Channels:
    """`audible` for frames that are pushed."""

    def __init__(self) -> None:
        self._window: list[av.AudioFrame] = []
        self._left = 0  # samples until the window is full
        self._chosen: int | None = None
        self._kind: tuple[str, int, int] | None = None

    def push(self, frame: av.AudioFrame) -> Iterator[av.AudioFrame]:
        """Those that can be heard now, up to a second after they were pushed."""
        layout, rate = frame.layout, frame.sample_rate
        kind = (frame.format.name, layout.nb_channels, rate)
        if kind != self._kind:
            yield from self.end()
            self._kind, self._chosen = kind, None
        if layout.nb_channels == 1:
            yield frame
            return
        if not self._window:
            self._left = round(WINDOW_S * rate)
        self._window.append(frame)
        self._left -= frame.samples
        if self._left <= 0:
            yield from self.end()

    @property
    def held_s(self) -> float:
        """How much is held back, in seconds."""
        return sum(frame.samples / frame.sample_rate for frame in self._window)

    def end(self) -> Iterator[av.AudioFrame]:
        """What has been held back; what follows is looked at by itself."""
        if self._window:
            window, self._window = self._window, []
            self._chosen = _choice(window, self._chosen)
            yield from _heard(window, self._chosen)


def _heard(window: list[av.AudioFrame], chosen: int | None) -> Iterator[av.AudioFrame]:
    return iter(window) if chosen is None else (_only(frame, chosen) for frame in window)


def _choice(window: list[av.AudioFrame], before: int | None) -> int | None:
    """The channel to hear alone, or None for the sum."""
    channels = window[0].layout.nb_channels
    looks = [samples_of(frame) for frame in window[:: max(len(window) // _LOOKS, 1)]]
    samples = np.concatenate(looks, axis=1, dtype=np.float64)
    products = samples @ samples.T
    power, summed = products.diagonal(), products.sum() / channels**2
    if not np.isfinite(summed + power.sum()) or power.max() <= _SILENT * samples.shape[1]:
        return before
    if summed >= CANCELLED * power.mean():
        return None
    loudest = int(power.argmax())
    if before is not None and power[loudest] < _STICKY * power[before]:
        return before
    return loudest


def samples_of(frame: av.AudioFrame) -> NDArray[np.float32]:
    """Samples in any of FFmpeg's formats as float32, full scale -1 to 1, shape (channels, n)."""
    samples: NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if not np.issubdtype(samples.dtype, np.integer):
        return samples.astype(np.float32, copy=False)
    middle = 128 if samples.dtype == np.uint8 else 0
    full = np.iinfo(samples.dtype).max + 1 - middle
    return (samples.astype(np.float32) - np.float32(middle)) / np.float32(full)


def _only(frame: av.AudioFrame, channel: int) -> av.AudioFrame:
    """The frame with one of its channels in the place of all, format and layout kept."""
    samples: NDArray[Any] = frame.to_ndarray()
    if frame.format.is_planar:
        same = np.broadcast_to(samples[channel], samples.shape)
    else:
        one = samples.reshape(-1, frame.layout.nb_channels)[:, channel : channel + 1]
        same = np.broadcast_to(one, (len(one), frame.layout.nb_channels)).reshape(1, -1)
    alike = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(same), format=frame.format.name, layout=frame.layout.name
    )
    alike.sample_rate = frame.sample_rate
    return alike
