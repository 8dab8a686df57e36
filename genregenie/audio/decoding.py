"""Opening a file for FFmpeg safely.

Decoding is FFmpeg's, through PyAV, with three guards. FFmpeg is given bytes and never a
name, only the demuxers and decoders in `genregenie.audio.formats` may run, and no protocol is
reachable, so a playlist dressed up as a song cannot make it open anything else. A single
allocation inside FFmpeg is bounded, so a compressed header cannot take the machine's memory.
"""

import ctypes
import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import av
from numpy.typing import ArrayLike

from genregenie.audio.formats import CODECS, CONTAINERS, FORMATS, OTHERS, Source
from genregenie.audio.samples import as_wav
from genregenie.common.errors import AudioError

FAILURES: Final = (av.FFmpegError, OSError, ValueError, ArithmeticError, MemoryError)
"""All that reading a damaged file has been seen to raise, in PyAV or in the file below it."""

DAMAGED: Final = "The audio in this file is damaged. Export or download it again."

_MAX_ALLOCATION_BYTES: Final = 64 << 20
_OTHER_DECODERS: Final = (
    *("mp3float", "mp2float", "aac_fixed", "ac3_fixed", "libvorbis", "libopus", "mpc7", "mpc8"),
)
# While a container is opened FFmpeg may decode a little to learn more, with these only. What
# decodes afterwards it does not look at: that is `audio_stream`'s to decide.
_OPTIONS: Final = {
    "format_whitelist": ",".join(container.demuxer for container in CONTAINERS),
    "codec_whitelist": ",".join((*CODECS, *_OTHER_DECODERS)),
    "protocol_whitelist": "none",
    # Whether plain samples are DTS in disguise is seen in a few packets; FFmpeg looks at 2,500,
    # which takes longer than all else about a short WAV.
    "max_probe_packets": "8",
}
_CONVERT: Final = "Convert it to MP3, FLAC or WAV."
NOT_AUDIO: Final = f"This is not audio that GenreGenie can read. Try {FORMATS}."


@contextmanager
def audio_errors(sentence: str = DAMAGED) -> Iterator[None]:
    """Whatever a file makes FFmpeg, PyAV or the disk raise becomes an `AudioError`, here alone."""
    try:
        yield
    except FAILURES as error:
        raise AudioError(sentence) from error


class _Nameless:
    """A binary file without its name, which FFmpeg would otherwise look at."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def open_source(source: Source) -> tuple[BinaryIO, bool]:
    """The file to read and whether it is ours to close."""
    if isinstance(source, tuple):
        source = as_wav(*_pair(source))
    if isinstance(source, bytes):
        file: BinaryIO = io.BytesIO(source)
        owned = True
    elif isinstance(source, (str, os.PathLike)):
        file, owned = _open_path(Path(source)), True
    elif hasattr(source, "read") and hasattr(source, "seek"):
        file, owned = source, False
    else:
        raise TypeError(
            f"{type(source).__name__} is no source of sound. Give a path, the bytes of a file, an "
            "open binary file, or (samples, rate)."
        )
    with audio_errors("This file cannot be read: it is a stream that cannot be wound back."):
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
    if size == 0:
        if owned:
            file.close()
        raise AudioError("This file is empty. Export or download it again.")
    return file, owned


def _pair(source: tuple[ArrayLike, float]) -> tuple[ArrayLike, float]:
    if len(source) != 2:
        raise AudioError(f"A tuple of {len(source)} is no sound. Give (samples, rate).")
    return source


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
    """Open a binary file as a container on the list.

    Raises
    ------
    AudioError
        If it is none of them, or too damaged to tell.
    """
    bound_allocations()
    with audio_errors(_refusal(file)):
        return av.open(_Nameless(file), mode="r", options=dict(_OPTIONS), metadata_errors="replace")


def _refusal(file: BinaryIO) -> str:
    with audio_errors():
        head = file.read(max(map(len, OTHERS)))
        file.seek(0)
    for start, name in OTHERS.items():
        if head.startswith(start):
            return f"This is a {name} file, which GenreGenie does not read. {_CONVERT}"
    return NOT_AUDIO


def audio_stream(container: av.container.InputContainer) -> av.AudioStream:
    """The first stream whose codec is on the list; nothing of any other is ever decoded.

    Raises
    ------
    AudioError
        If there is none; the sentence names the codec.
    """
    others = []
    for stream in container.streams.audio:
        context = stream.codec_context
        if context is None:  # FFmpeg has no decoder for it, and PyAV no name
            continue
        if context.codec.canonical_name in CODECS:
            return stream
        others.append(f"{context.codec.long_name} ({context.codec.canonical_name})")
    if others:
        raise AudioError(
            f"The sound in this file is coded as {others[0]}, which GenreGenie does not read. "
            f"{_CONVERT}"
        )
    if container.streams.audio or not container.streams.video:
        raise AudioError(NOT_AUDIO)
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
                limit(_MAX_ALLOCATION_BYTES)
        _allocations_bounded = True
