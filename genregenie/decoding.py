"""Opening a file for FFmpeg safely, and its frames as blocks of mono samples.

Decoding is FFmpeg's, through PyAV, with three guards. FFmpeg is given bytes and never a
name, only the demuxers and decoders listed here may run, and no protocol is reachable, so a
playlist dressed up as a song cannot make it open anything else. A single allocation inside
FFmpeg is bounded, so a compressed header cannot take the machine's memory.
"""

import ctypes
import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import av
import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 22_050
"""Sample rate of everything after decoding."""

FORMATS: Final = "WAV, MP3, FLAC, OGG, Opus, M4A, AAC, AIFF, AU, WavPack or WebM"

AUDIO_SUFFIXES: Final = frozenset(
    (
        *(".wav", ".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".mp4"),
        *(".aac", ".aif", ".aiff", ".au", ".webm", ".wv"),
    )
)
"""How names of such files end, in lower case."""

Samples = NDArray[np.float32]
Source = str | os.PathLike[str] | bytes | BinaryIO

_BLOCK_SAMPLES: Final = 10 * RATE_HZ
_LARGEST_FRAME_S: Final = 60.0
_STANDARD_CHANNELS: Final = 8
_RATES_HZ: Final = (4_000, 768_000)
_LARGEST_ALLOCATION: Final = 64 << 20
_DEMUXERS: Final = "wav,mp3,flac,ogg,mov,aac,aiff,au,matroska,wv"
_DECODERS: Final = (
    "mp3,mp3float,flac,vorbis,libvorbis,opus,libopus,aac,aac_fixed,alac,adpcm_ms,adpcm_ima_wav,"
    "adpcm_ima_qt,gsm_ms,wavpack,pcm_alaw,pcm_mulaw,pcm_f16le,pcm_f24le,pcm_f32be,pcm_f32le,pcm_f64be,"
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


def resampled(frames: Iterator[av.AudioFrame]) -> Iterator[Samples]:
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


def open_source(source: Source) -> tuple[BinaryIO, bool]:
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


def open_container(file: BinaryIO) -> av.container.InputContainer:
    try:
        return av.open(_Nameless(file), mode="r", options=dict(_OPTIONS), metadata_errors="replace")
    except (av.FFmpegError, MemoryError, UnicodeError, ValueError, OverflowError) as error:
        raise AudioError(_NOT_AUDIO) from error


def audio_stream(container: av.container.InputContainer) -> av.AudioStream:
    for stream in container.streams.audio:
        # A stream without a decoder has no codec context.
        if stream.codec_context is not None:
            return stream
    if container.streams.audio or not container.streams.video:
        raise AudioError(_NOT_AUDIO)
    raise AudioError("This video has no sound that GenreGenie can read.")


_allocations_lock = threading.Lock()
_allocations_bounded = False


def bound_allocations() -> None:
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
