"""Any audio file becomes blocks of mono float32 samples at 22 050 Hz.

Decoding is FFmpeg's, through PyAV, with three guards. FFmpeg is given bytes and never a
name, only the demuxers and decoders listed here may run, and no protocol is reachable, so a
playlist dressed up as a song cannot make it open anything else. A single allocation inside
FFmpeg is bounded, so a compressed header cannot take the machine's memory.

Files up to ten minutes are read whole. Longer ones are read on evenly spread stretches.
"""

import ctypes
import io
import math
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

import av
import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 22_050
"""Sample rate of everything after decoding."""

WHOLE_FILE_S: Final = 600.0
"""Files up to this long are decoded whole."""

STRETCHES: Final = 20
STRETCH_S: Final = 30.0
"""Longer files: this many stretches of this length, spread evenly."""

SHORTEST_S: Final = 1.0
"""Less music than this cannot be judged."""

FORMATS: Final = "WAV, MP3, FLAC, OGG, Opus, M4A, AAC, AIFF, AU or WebM"

Samples = NDArray[np.float32]
Source = str | os.PathLike[str] | bytes | BinaryIO

_BLOCK_SAMPLES: Final = 10 * RATE_HZ
_PREROLL_S: Final = 0.5  # decoders need a few packets before a seek target to be exact
_LARGEST_FRAME_S: Final = 60.0
_STANDARD_CHANNELS: Final = 8
_RATES_HZ: Final = (4_000, 768_000)
_LARGEST_ALLOCATION: Final = 64 << 20
_DEMUXERS: Final = "wav,mp3,flac,ogg,mov,aac,aiff,au,matroska"
_DECODERS: Final = (
    "mp3,mp3float,flac,vorbis,libvorbis,opus,libopus,aac,aac_fixed,alac,adpcm_ms,adpcm_ima_wav,"
    "adpcm_ima_qt,gsm_ms,pcm_alaw,pcm_mulaw,pcm_f16le,pcm_f24le,pcm_f32be,pcm_f32le,pcm_f64be,"
    "pcm_f64le,pcm_s16be,pcm_s16le,pcm_s24be,pcm_s24le,pcm_s32be,pcm_s32le,pcm_s64be,pcm_s64le,"
    "pcm_s8,pcm_u8,pcm_u16be,pcm_u16le,pcm_u24be,pcm_u24le,pcm_u32be,pcm_u32le"
)
_OPTIONS: Final = {
    "format_whitelist": _DEMUXERS,
    "codec_whitelist": _DECODERS,
    "protocol_whitelist": "none",
}
_NOT_AUDIO: Final = f"This is not audio that GenreGenie can read. Try {FORMATS}."


class AudioError(Exception):
    """A file that cannot be used as audio; the message is a sentence for its owner."""


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
        The file's own tags.
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
        _bound_allocations()
        self._file, self._owned = _open_source(source)
        try:
            self._container = _open_container(self._file)
        except BaseException:
            self._close_file()
            raise
        try:
            self._stream = _audio_stream(self._container)
        except BaseException:
            self.close()
            raise
        tags = {
            k.lower(): v for k, v in {**self._stream.metadata, **self._container.metadata}.items()
        }
        self.title = _tag(tags, "title")
        self.artist = _tag(tags, "artist") or _tag(tags, "album_artist")
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

    def stretches(
        self,
        count: int = STRETCHES,
        length_s: float = STRETCH_S,
        whole_file_s: float = WHOLE_FILE_S,
    ) -> Iterator[Stretch]:
        """Hand out the audio, whole or as evenly spread stretches.

        Parameters
        ----------
        count : int > 0
            Stretches taken from a file longer than `whole_file_s`.
        length_s : float > 0
            Length of each.
        whole_file_s : float > 0
            A file up to this long is one stretch.

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
        if claimed_s <= whole_file_s:
            yield Stretch(0.0, self._decode(0.0, whole_file_s))
            if self.analysed_s >= whole_file_s:
                self._skim_to_end()  # the header promised less than there is
            self.duration_s = self._end_s
        else:
            starts = np.linspace(0.0, max(claimed_s - length_s, 0.0), count)
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
        for block in _resampled(self._frames(start_s)):
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


def _resampled(frames: Iterator[av.AudioFrame]) -> Iterator[Samples]:
    """Mono blocks at `RATE_HZ`; the input's rate, layout and format may change on the way."""
    resampler: av.AudioResampler | None = None
    kind: tuple[str, int, int] | None = None
    for frame in frames:
        if frame.samples > _LARGEST_FRAME_S * frame.sample_rate:
            raise AudioError("This file is packed in a way that GenreGenie does not read.")
        this_kind = (frame.format.name, frame.layout.nb_channels, frame.sample_rate)
        if this_kind != kind:
            if resampler is not None:
                yield from _drain(resampler, None)
            _check_rate(frame.sample_rate)
            kind = this_kind
            resampler = av.AudioResampler(
                format="flt",
                layout="mono",
                rate=RATE_HZ,
                frame_size=_BLOCK_SAMPLES,
                # Mix by weights that sum to 1; otherwise stereo comes out 3 dB louder than mono.
                options={"rematrix_maxval": "1.0"},
            )
        assert resampler is not None  # noqa: S101
        if frame.layout.nb_channels > _STANDARD_CHANNELS:
            frame = _mixed_evenly(frame)
        frame.pts = None  # gaps in time are closed, not filled
        yield from _drain(resampler, frame)
    if resampler is not None:
        yield from _drain(resampler, None)


def _drain(resampler: av.AudioResampler, frame: av.AudioFrame | None) -> Iterator[Samples]:
    try:
        resampled = resampler.resample(frame)
    except (av.FFmpegError, ValueError) as error:
        raise AudioError(
            "This file's channels are laid out in a way GenreGenie cannot mix."
        ) from error
    for out in resampled:
        yield out.to_ndarray().reshape(-1).astype(np.float32, copy=False)


def _mixed_evenly(frame: av.AudioFrame) -> av.AudioFrame:
    """Mono from more channels than FFmpeg's mixer has a plan for."""
    samples: NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    scale = 1.0
    if np.issubdtype(samples.dtype, np.integer):
        middle = 128 if samples.dtype == np.uint8 else 0
        scale = 1.0 / (np.iinfo(samples.dtype).max + 1 - middle)
        samples = samples.astype(np.float64) - middle
    mono = (samples.mean(axis=0) * scale).astype(np.float32)
    mixed = av.AudioFrame.from_ndarray(mono[None], format="fltp", layout="mono")
    mixed.sample_rate = frame.sample_rate
    return mixed


def _check_rate(rate_hz: int) -> None:
    low, high = _RATES_HZ
    if not low <= rate_hz <= high:
        raise AudioError(
            f"This file claims a sample rate of {rate_hz} Hz. "
            f"GenreGenie reads {low} to {high} Hz; export it at 44 100 Hz."
        )


class _Nameless:
    """A binary file without its name, which FFmpeg would otherwise look at."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def _open_source(source: Source) -> tuple[BinaryIO, bool]:
    """The file to read and whether it is ours to close."""
    if isinstance(source, bytes):
        file: BinaryIO = io.BytesIO(source)
        owned = True
    elif isinstance(source, (str, os.PathLike)):
        file, owned = _open_path(Path(source)), True
    else:
        file, owned = source, False
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size == 0:
        if owned:
            file.close()
        raise AudioError("This file is empty. Export or download it again.")
    return file, owned


def _open_path(path: Path) -> BinaryIO:
    try:
        if path.is_dir():
            raise AudioError("This is a folder, not an audio file.")
        if path.exists() and not path.is_file():
            raise AudioError("This is not an ordinary file.")
        return path.open("rb")
    except FileNotFoundError as error:
        raise AudioError("There is no file with this name.") from error
    except PermissionError as error:
        raise AudioError("This file may not be read: permission denied.") from error
    except (OSError, ValueError) as error:
        raise AudioError(f"This file cannot be read: {error}.") from error


def _open_container(file: BinaryIO) -> av.container.InputContainer:
    try:
        return av.open(_Nameless(file), mode="r", options=dict(_OPTIONS), metadata_errors="replace")
    except (av.FFmpegError, MemoryError, UnicodeError, ValueError, OverflowError) as error:
        raise AudioError(_NOT_AUDIO) from error


def _audio_stream(container: av.container.InputContainer) -> av.AudioStream:
    for stream in container.streams.audio:
        # A stream without a decoder has no codec context.
        if stream.codec_context is not None:
            return stream
    if container.streams.audio or not container.streams.video:
        raise AudioError(_NOT_AUDIO)
    raise AudioError("This video has no sound that GenreGenie can read.")


def _tag(tags: dict[str, str], name: str) -> str | None:
    text = " ".join(tags.get(name, "").replace("\0", " ").split())
    return text[:300] or None


_allocations_lock = threading.Lock()
_allocations_bounded = False


def _bound_allocations() -> None:
    """Bound a single allocation inside FFmpeg, once per process.

    A few hundred kilobytes of zlib in an ID3 or MP4 header unpack to as many megabytes, and
    FFmpeg reserves what the header says. PyAV has no name for ``av_max_alloc``, so it is called
    in the library that PyAV has loaded. Where PyAV uses a system FFmpeg it is left as it is.
    """
    global _allocations_bounded
    with _allocations_lock:
        if _allocations_bounded:
            return
        package = Path(av.__file__).parent
        for folder in (package.parent / "av.libs", package / ".dylibs"):
            for library in folder.glob("*avutil*"):
                limit = ctypes.CDLL(str(library)).av_max_alloc
                limit.argtypes, limit.restype = [ctypes.c_size_t], None
                limit(_LARGEST_ALLOCATION)
        _allocations_bounded = True


def format_duration(seconds: float) -> str:
    """``75.2`` becomes ``"1:15"``, for people."""
    minutes, rest = divmod(math.floor(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
