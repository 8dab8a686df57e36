"""How much sound a WAV says it holds: FFmpeg tells only how much there is room for in the file."""

import os
import struct
from typing import BinaryIO, Final

from genregenie.audio.view import viewed

_UNKNOWN: Final = (range(1), range(0x7F00_0000, 0x8000_0001), range(0xFFFF_0000, 1 << 32))
_MAX_CHUNKS: Final = 64


def is_unknown(stated: int) -> bool:
    """Whether a size of four bytes is what writers to a pipe leave there, near a limit or none."""
    return any(stated in some for some in _UNKNOWN)


def stated_share(file: BinaryIO) -> float:
    """Bytes of sound by the header, against those that are there; 1 where all is well or unknown.

    Parameters
    ----------
    file : seekable binary file
        Left where it is.
    """
    with viewed(file) as view:
        return _share(file, view.size)


def _share(file: BinaryIO, size: int) -> float:
    file.seek(0)
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return 1.0
    for _ in range(_MAX_CHUNKS):
        chunk = file.read(8)
        if len(chunk) < 8:
            break
        name, stated = struct.unpack("<4sI", chunk)
        there = size - file.tell()
        if name == b"data":
            lacks = not is_unknown(stated) and 0 < there < stated
            return stated / there if lacks else 1.0
        file.seek(stated + stated % 2, os.SEEK_CUR)
    return 1.0
