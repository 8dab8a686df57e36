"""Any audio file becomes blocks of mono float32 samples at 22 050 Hz.

Files up to ten minutes are read whole, longer ones on evenly spread stretches; a `Spread` says
otherwise. How a file is opened without trusting it: `genregenie.decoding`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import av
import numpy as np

from genregenie.decoding import (
    AUDIO_SUFFIXES,
    FORMATS,
    RATE_HZ,
    AudioError,
    Samples,
    Source,
    audio_stream,
    bound_allocations,
    open_container,
    open_source,
    resampled,
)

__all__ = [
    "AUDIO_SUFFIXES",
    "FORMATS",
    "RATE_HZ",
    "SIX_STRETCHES",
    "WHOLE",
    "AudioError",
    "AudioFile",
    "Samples",
    "Source",
    "Spread",
    "Stretch",
    "format_duration",
]

SHORTEST_S: Final = 1.0
"""Less music than this cannot be judged."""

_PREROLL_S: Final = 0.5  # decoders need a few packets before a seek target to be exact


@dataclass(frozen=True)
class Spread:
    """How much of a file is listened to.

    Attributes
    ----------
    count : int > 0
        Stretches taken from a file longer than `whole_file_s`, evenly spread over it.
    length_s : float > 0
        Length of each.
    whole_file_s : float >= 0
        A file up to this long is one stretch.

    Raises
    ------
    ValueError
        If there would be nothing to listen to.
    """

    count: int = 20
    length_s: float = 30.0
    whole_file_s: float = 600.0

    def __post_init__(self) -> None:
        if self.count < 1 or self.length_s <= 0 or self.whole_file_s < 0:
            raise ValueError(
                f"{self} is no way to listen: it takes one stretch at least, of more than 0 s."
            )


WHOLE: Final = Spread()
"""Ten minutes whole, twenty stretches of 30 s of anything longer."""

SIX_STRETCHES: Final = Spread(6, 10.0, 60.0)
"""A minute of each file, for many files; the rest is not decoded."""


@dataclass(frozen=True)
class Stretch:
    """One contiguous part of a file, to be read once and in order.

    Attributes
    ----------
    start_s : float >= 0
        Where the stretch begins in the file.
    blocks : iterator of float32 arrays, shape (n,), 0 < n <= 220 500
        Mono samples at `RATE_HZ`, nominally within -1 to 1.
    """

    start_s: float
    blocks: Iterator[Samples]


class AudioFile:
    """An audio file opened for reading; use it as a context manager.

    Parameters
    ----------
    source : path, bytes, or seekable binary file

    Attributes
    ----------
    title, artist : str or None
        The file's own tags; the artist of its album where it names none itself.
    track_artist, album_artist, album : str or None
        The tags that say just that.
    duration_s : float or None
        What the header says; once the stretches have been read, what was found. None if the
        header is silent.
    analysed_s : float
        Seconds handed out so far.

    Raises
    ------
    AudioError
        If the file is missing, empty, not audio, or its header cannot be believed.
    """

    def __init__(self, source: Source) -> None:
        bound_allocations()
        self._file, self._owned = open_source(source)
        try:
            self._container = open_container(self._file)
        except BaseException:
            self._close_file()
            raise
        try:
            self._stream = audio_stream(self._container)
        except BaseException:
            self.close()
            raise
        tags = {
            k.lower(): v for k, v in {**self._stream.metadata, **self._container.metadata}.items()
        }
        self.title = _tag(tags, "title")
        self.track_artist, self.album = _tag(tags, "artist"), _tag(tags, "album")
        self.album_artist = _tag(tags, "album_artist")
        self.artist = self.track_artist or self.album_artist
        self.analysed_s = 0.0
        self._packets = self._broken_packets = 0
        self._end_s = 0.0
        # Raw AAC has neither length nor index; FFmpeg would guess both from the bit rate.
        self._has_index = self._container.format.name != "aac"
        self.duration_s = self._claimed_duration_s() if self._has_index else self._counted_s()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. Safe to call twice."""
        self._container.close()
        self._close_file()

    def _close_file(self) -> None:
        if self._owned:
            self._file.close()

    def stretches(self, spread: Spread = WHOLE) -> Iterator[Stretch]:
        """Hand out the audio, whole or as evenly spread stretches.

        Yields
        ------
        Stretch
            Read each to its end before asking for the next.

        Raises
        ------
        AudioError
            When the audio turns out damaged, not finite, or shorter than `SHORTEST_S`.
        """
        claimed_s = self.duration_s or 0.0
        if claimed_s <= spread.whole_file_s:
            yield Stretch(0.0, self._decode(0.0, spread.whole_file_s))
            if self.analysed_s >= spread.whole_file_s:
                self._skim_to_end()  # the header promised less than there is
            self.duration_s = self._end_s
        else:
            length_s = spread.length_s
            starts = np.linspace(0.0, max(claimed_s - length_s, 0.0), spread.count)
            for start_s in starts.tolist():
                before_s = self.analysed_s
                yield Stretch(start_s, self._decode(start_s, length_s))
                # A stretch that ends early has met the end of the file. The header's length
                # holds if that happened where it said; otherwise it was wrong.
                if self.analysed_s - before_s < length_s - 1.0:
                    self.duration_s = self._end_s
                    break
        self._check_enough()

    def _check_enough(self) -> None:
        if 2 * self._broken_packets > self._packets:
            raise AudioError("The audio in this file is damaged. Export or download it again.")
        if self.analysed_s == 0:
            raise AudioError("There is no sound in this file. Export or download it again.")
        if self.analysed_s < SHORTEST_S:
            raise AudioError(
                f"This clip is {self.analysed_s:.1f} s long. "
                f"GenreGenie needs at least {SHORTEST_S:.0f} s, and 10 s or more work best."
            )

    def _claimed_duration_s(self) -> float | None:
        if self._stream.duration and self._stream.time_base:
            return float(self._stream.duration * self._stream.time_base)
        if self._container.duration:
            return self._container.duration / av.time_base
        return None

    def _counted_s(self) -> float:
        self._skim_to_end()
        self._container.seek(0)
        duration_s, self._end_s = self._end_s, 0.0
        return duration_s

    def _origin_s(self) -> float:
        start, base = self._stream.start_time, self._stream.time_base
        return float(start * base) if start and base else 0.0

    def _seek(self, time_s: float) -> None:
        base = self._stream.time_base
        if base is None or not self._has_index:
            return  # reading on reaches the place all the same
        try:
            self._container.seek(int((time_s + self._origin_s()) / base), stream=self._stream)
        except (av.FFmpegError, OverflowError):
            self._stream.codec_context.flush_buffers()

    def _frames(self, start_s: float) -> Iterator[av.AudioFrame]:
        """Decoded frames from about `start_s` on; damaged packets are counted and passed over."""
        if start_s > 0:
            self._seek(max(start_s - _PREROLL_S, 0.0))
        origin_s = self._origin_s()
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
                time_s = _packet_end_s(packet, origin_s)
                if time_s is not None:
                    self._end_s = max(self._end_s, time_s)
                    if time_s < start_s - _PREROLL_S:
                        continue
                self._packets += bool(packet.size)
                frames = packet.decode()
            except (StopIteration, av.EOFError):
                return
            except av.InvalidDataError:
                self._broken_packets += 1
                continue
            except av.FFmpegError:
                self._broken_packets += 1
                return
            for frame in frames:
                if frame.time is None or frame.time - origin_s >= start_s - 1e-6:
                    yield frame

    def _decode(self, start_s: float, length_s: float) -> Iterator[Samples]:
        wanted = round(length_s * RATE_HZ)
        for block in resampled(self._frames(start_s)):
            samples = block[:wanted]
            if not np.isfinite(samples).all():
                raise AudioError("This file holds samples that are not numbers. Export it again.")
            wanted -= len(samples)
            self.analysed_s += len(samples) / RATE_HZ
            self._end_s = max(self._end_s, start_s + length_s - wanted / RATE_HZ)
            yield samples
            if wanted <= 0:
                return

    def _skim_to_end(self) -> None:
        """Read on without decoding, to learn how long the file really is."""
        try:
            for packet in self._container.demux(self._stream):
                end_s = _packet_end_s(packet, self._origin_s())
                self._end_s = max(self._end_s, end_s or 0.0)
        except av.FFmpegError:
            return


def _packet_end_s(packet: "av.Packet[Any]", origin_s: float) -> float | None:
    if packet.pts is None or packet.time_base is None:
        return None
    return float((packet.pts + (packet.duration or 0)) * packet.time_base) - origin_s


def _tag(tags: dict[str, str], name: str) -> str | None:
    text = " ".join(tags.get(name, "").replace("\0", " ").split())
    return text[:300] or None


def format_duration(seconds: float) -> str:
    """``75.2`` becomes ``"1:15"``, for people."""
    minutes, rest = divmod(math.floor(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
