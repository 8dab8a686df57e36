"""The sound in one container: how long it is, and its frames from any place on."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, BinaryIO, Final

import av
from av.codec.codec import Properties

from genregenie.audio import mpeg
from genregenie.audio.decoding import (
    FAILURES,
    audio_errors,
    audio_stream,
    open_container,
)
from genregenie.audio.formats import CONTAINERS
from genregenie.audio.precision import Precision

PREROLL_S: Final = 0.5  # decoders need a few packets before a seek target to be exact
_LONG_PACKET_S: Final = 0.5

_COUNTED: Final = frozenset(container.demuxer for container in CONTAINERS if container.counted)


class AudioStream:
    """One container's sound.

    Parameters
    ----------
    file : binary file
        Not closed here.

    Attributes
    ----------
    tags : dict of str to str
        The container's and the stream's, names in lower case.
    duration_s : float
        What the header says, or what was counted where it says nothing.
    end_s : float
        The furthest that was read so far.
    packets, broken_packets : int
        How many were decoded, and could not be.
    precision : Precision
        How finely the frames were stored that were handed out.
    is_lossless : bool
        Whether its format gives back all that was put in.

    Raises
    ------
    AudioError
        If the file is not audio, or not of a kind that is heard.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.packets = self.broken_packets = 0
        self.end_s = self._at_s = 0.0
        self.precision = Precision()
        self._container = open_container(file)
        try:
            self._stream = audio_stream(self._container)
            kinds = self._stream.codec_context.codec.properties
            self.is_lossless = Properties.LOSSLESS in Properties(kinds)
            with audio_errors():
                self.tags = {
                    name.lower(): text
                    for name, text in (
                        *self._stream.metadata.items(),
                        *self._container.metadata.items(),
                    )
                }
                self._tick = (self._stream.time_base or Fraction(0)).as_integer_ratio()
                self._origin_s = self._start_s()
                self._seeks = self._container.format.name != "aac"  # that has nothing to seek by
                claimed_s = None if self._is_counted(file) else self._claimed_s()
                self.duration_s = claimed_s or self._counted_s()
        except BaseException:
            self._container.close()
            raise

    def close(self) -> None:
        """Let go of the container."""
        self._container.close()

    def frames(self, start_s: float = 0.0) -> Iterator[av.AudioFrame]:
        """Decoded frames from `start_s` on; damaged packets are counted and passed over."""
        self._go_to(max(start_s - PREROLL_S, 0.0))
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
                end_s = self._note_end(packet)
                if end_s is not None and end_s < start_s - PREROLL_S:
                    continue
                self.packets += bool(packet.size)
                frames = [
                    frame
                    for frame in packet.decode()
                    if frame.time is None or frame.time - self._origin_s >= start_s - 1e-6
                ]
            except (StopIteration, av.EOFError):
                return
            except av.InvalidDataError:
                self.broken_packets += 1
                continue
            except FAILURES:
                self.broken_packets += 1
                return
            for frame in frames:
                self.precision.look(frame)
                yield frame

    def skim_to_end(self) -> None:
        """Read on without decoding, to learn how long the sound really is."""
        try:
            for packet in self._container.demux(self._stream):
                self._note_end(packet)
        except FAILURES:
            return

    def _is_counted(self, file: BinaryIO) -> bool:
        name = self._container.format.name
        return name in _COUNTED and not (name == "mp3" and mpeg.states_length(file))

    def _counted_s(self) -> float:
        self.skim_to_end()
        self._container.seek(0)
        duration_s, self.end_s, self._at_s = self.end_s, 0.0, 0.0
        return duration_s

    def _claimed_s(self) -> float | None:
        if self._stream.duration and self._stream.time_base:
            return float(self._stream.duration * self._stream.time_base)
        if self._container.duration:
            return self._container.duration / av.time_base
        return None

    def _start_s(self) -> float:
        start, base = self._stream.start_time, self._stream.time_base
        return float(start * base) if start and base else 0.0

    def _go_to(self, time_s: float) -> None:
        """To a place or before it; reading on from there reaches it all the same."""
        if self._at_s <= time_s and (time_s == 0 or not self._seeks):
            return
        try:
            if self._seeks:
                target = int((time_s + self._origin_s) / (self._stream.time_base or 1))
                self._container.seek(target, stream=self._stream)
            else:
                self._container.seek(0)
        except FAILURES:
            self._stream.codec_context.flush_buffers()

    def _note_end(self, packet: "av.Packet[Any]") -> float | None:
        """Where a packet ends, which is noted as the furthest read so far; None if it is silent."""
        ticks, per = self._tick
        if packet.pts is None or not ticks:
            return None
        # Whole numbers divided once: as exact as fractions, at a tenth of the time.
        begin_s = packet.pts * ticks / per - self._origin_s
        length_s = (packet.duration or 0) * ticks / per
        # Some containers count in packets of a second or two, and the last may be nearly empty.
        self.end_s = max(self.end_s, begin_s + (length_s if length_s < _LONG_PACKET_S else 0.0))
        self._at_s = begin_s + length_s
        return self._at_s
