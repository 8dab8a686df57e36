"""What may be wrong with a file's sound: its length, its level, its channels.

Everything is looked at in seconds of the sound as it is stored, before channels are mixed and rates
are changed.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import av
import numpy as np
from numpy.typing import NDArray

from genregenie.audio.channels import samples_of
from genregenie.audio.file import AudioFile
from genregenie.audio.formats import Source
from genregenie.common.errors import AudioError

SILENT_DB: Final = -60.0
"""A second whose root mean square is below this, full scale being 0 dB, is silence: a record's
noise is 55 to 70 dB down, and a listener hears nothing of it beside music."""

_RUN: Final = 4
_RUNS: Final = 8
_STEP: Final = 1.5 / 2**15  # a little more than one of 16 bits


@dataclass(frozen=True)
class Inspection:
    """What was found in a file's sound.

    Attributes
    ----------
    claimed_s, decoded_s : float
        Length by the header, or by a count where that says nothing, and of what could be decoded.
    broken_off : str or None
        How the file is sure to have been cut off, a few words; see `genregenie.audio.ending`.
    channels : int
        The most that any part has.
    peak : float
        The highest value, full scale being 1; more than that where a decoder gives more.
    flat : float
        Share of the seconds with flat tops: `_RUNS` times or more, `_RUN` or more samples in a row
        are within a step of 16 bits of the second's highest. A sine of 100 Hz stays there for two.
    over : float
        Share of the samples beyond full scale, which no loudspeaker will be given.
    silent_s : float
        Seconds below `SILENT_DB`.
    side_db : float or None
        Power of what differs between left and right against what they share; None but for stereo.
    """

    claimed_s: float
    decoded_s: float
    broken_off: str | None
    channels: int
    peak: float
    flat: float
    over: float
    silent_s: float
    side_db: float | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """What `to_dict` gave."""
        return cls(**content)


def inspect(source: Source) -> Inspection:
    """Decode a file from beginning to end and measure it.

    Parameters
    ----------
    source : path, bytes, seekable binary file, or (samples, rate)

    Raises
    ------
    AudioError
        If nothing in it can be decoded.
    """
    sums = _Sums()
    with AudioFile(source) as audio:
        claimed_s, broken_off = audio.claimed_s, audio.broken_off
        for samples, rate in _seconds(audio.frames()):
            sums.add(samples, rate)
    if not sums.seconds:
        raise AudioError("There is no sound in this file. Export or download it again.")
    return Inspection(
        claimed_s,
        sums.decoded_s,
        broken_off,
        sums.channels,
        sums.peak,
        sums.flat / sums.seconds,
        sums.over / sums.samples,
        sums.silent_s,
        sums.side_db,
    )


def _seconds(
    frames: Iterator[av.AudioFrame],
) -> Iterator[tuple[NDArray[np.float32], int]]:
    """The samples of about a second at a time, shape (channels, n), with their rate."""
    held: list[NDArray[np.float32]] = []
    count, kind = 0, (0, 0)
    for frame in frames:
        samples = samples_of(frame)
        new = (len(samples), frame.sample_rate)
        if held and (new != kind or count >= kind[1]):
            yield np.concatenate(held, axis=1), kind[1]
            held, count = [], 0
        kind = new
        held.append(samples)
        count += samples.shape[1]
    if held:
        yield np.concatenate(held, axis=1), kind[1]


class _Sums:
    def __init__(self) -> None:
        self.seconds = self.channels = self.flat = self.over = self.samples = 0
        self.decoded_s = self.peak = self.silent_s = 0.0
        self._mid = self._side = 0.0

    def add(self, samples: NDArray[np.float32], rate: int) -> None:
        length_s = samples.shape[1] / rate
        self.seconds += 1
        self.decoded_s += length_s
        self.channels = max(self.channels, len(samples))
        levels = np.abs(samples)
        self.peak = max(self.peak, float(levels.max()))
        self.over += int((levels > 1.0).sum())
        self.samples += samples.size
        power = float(np.mean(np.square(samples, dtype=np.float64)))
        if power < 10 ** (SILENT_DB / 10):
            self.silent_s += length_s
        else:
            self.flat += max(map(_flat_tops, samples)) >= _RUNS
        if len(samples) == 2:
            left, right = samples.astype(np.float64)
            self._mid += float(np.square(left + right).sum())
            self._side += float(np.square(left - right).sum())

    @property
    def side_db(self) -> float | None:
        if self.channels != 2 or not self._mid:
            return None
        return float(10 * np.log10(max(self._side / self._mid, 1e-12)))


def _flat_tops(channel: NDArray[np.float32]) -> int:
    """How often the highest and the lowest value are held."""
    found = 0
    for one in (channel, -channel):
        top = one >= one.max() - _STEP
        edges = np.flatnonzero(np.diff(top.astype(np.int8), prepend=0, append=0))
        found += int((edges[1::2] - edges[::2] >= _RUN).sum())
    return found
