"""Whether an MP3 says how long it is."""

import os
from typing import BinaryIO, Final

_SEARCHED_BYTES: Final = 16 << 10
_FRAME_COUNT: Final = 1


def states_length(file: BinaryIO) -> bool:
    """Whether the first frame of an MP3 holds a count of frames: Xing, Info or VBRI.

    Without one FFmpeg takes the length from the bit rate of the first frames, which is wrong by any
    factor when that varies. The place in the file is left where it was.
    """
    before = file.tell()
    try:
        at = 0
        file.seek(0)
        while (head := file.read(10))[:3] == b"ID3" and len(head) == 10:
            size = sum(
                (byte & 127) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True)
            )
            at += 10 + size + (10 if head[5] & 0x10 else 0)
            file.seek(at)
        file.seek(at)
        data = file.read(_SEARCHED_BYTES)
        for name in (b"Xing", b"Info"):
            place = data.find(name)
            if place >= 0 and len(data) >= place + 12:
                flags = int.from_bytes(data[place + 4 : place + 8], "big")
                frames = int.from_bytes(data[place + 8 : place + 12], "big")
                return bool(flags & _FRAME_COUNT) and frames > 0
        return b"VBRI" in data
    finally:
        file.seek(before, os.SEEK_SET)
