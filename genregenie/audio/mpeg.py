"""What the first frame of an MP3 says of all of them: how many there are, and in how many bytes."""

from typing import BinaryIO, Final

from genregenie.audio.view import View, viewed

_SEARCHED_BYTES: Final = 16 << 10
_FRAME_COUNT, _BYTE_COUNT, _CONTENTS = 1, 2, 4
_CONTENTS_BYTES: Final = 100
_EXACT: Final = (b"LAME", b"Lavf", b"Lavc")
"""Encoders that count the bytes from that frame up to the end of the sound; others, all of the
file, or what it had before its tags were changed."""


def tags_end(view: View) -> int:
    """Where the sound begins, behind the ID3 tags in front of it."""
    at = 0
    while (head := view.at(at, 10))[:3] == b"ID3" and len(head) == 10:
        size = sum(
            (byte & 127) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True)
        )
        at += 10 + size + (10 if head[5] & 0x10 else 0)
    return at


def states_length(file: BinaryIO) -> bool:
    """Whether the first frame of an MP3 holds a count of frames: Xing, Info or VBRI.

    Without one FFmpeg takes the length from the bit rate of the first frames, which is wrong by any
    factor when that varies. The place in the file is left where it was.
    """
    with viewed(file) as view:
        data = view.at(tags_end(view), _SEARCHED_BYTES)
    place = _xing(data)
    if place is None:
        return b"VBRI" in data
    flags = int.from_bytes(data[place + 4 : place + 8], "big")
    frames = int.from_bytes(data[place + 8 : place + 12], "big")
    return bool(flags & _FRAME_COUNT) and frames > 0


def stated_end(view: View, start: int) -> int | None:
    """Where the sound of an MP3 ends by its first frame; None where that cannot be relied upon."""
    data = view.at(start, _SEARCHED_BYTES)
    place = _xing(data)
    if place is None:
        return None
    flags = int.from_bytes(data[place + 4 : place + 8], "big")
    at = place + 8 + (4 if flags & _FRAME_COUNT else 0)
    count = int.from_bytes(data[at : at + 4], "big")
    at += 4 + (_CONTENTS_BYTES if flags & _CONTENTS else 0) + 4
    if not flags & _BYTE_COUNT or data[at : at + 4] not in _EXACT:
        return None
    return start + count


def _xing(data: bytes) -> int | None:
    for name in (b"Xing", b"Info"):
        place = data.find(name)
        if place >= 0 and len(data) >= place + 12:
            return place
    return None
