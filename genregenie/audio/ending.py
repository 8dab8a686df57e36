"""Whether a file breaks off: a download that stopped, a disk that was full, a recorder that died.

Only what is sure is said. Each format has its own mark of an end: sizes of chunks, the last page of
an Ogg, the check of a FLAC's last frame, the length of the last frame of a stream. Where a stream
without any length is cut between two frames nothing shows it.
"""

import re
import struct
from collections.abc import Callable
from typing import BinaryIO, Final

from genregenie.audio import flac, mpeg, ogg
from genregenie.audio.chunks import stated_end
from genregenie.audio.frames import HEAD_BYTES, ac3_frame_bytes, first_frame, frame_bytes
from genregenie.audio.view import View, viewed

_ID3V1: Final = re.compile(rb"(?<!APE)TAG")
_ID3V1_BYTES: Final = 128
_APE: Final = b"APETAGEX"
_APE_HEAD: Final = struct.Struct("<8sIIII8s")
_HAS_HEAD: Final = 1 << 31
_TAIL_BYTES: Final = 1 << 16
_CHAIN: Final = 4
"""So many frames one after the other are no chance."""


def broken_off(file: BinaryIO) -> str | None:
    """How a file is sure to have been cut off, a few words; None where nothing says so.

    Parameters
    ----------
    file : seekable binary file
        Left where it is.
    """
    with viewed(file) as view:
        return _broken_off(view)


def _broken_off(view: View) -> str | None:
    start = mpeg.tags_end(view)
    head = view.at(start, 4)
    if head == b"OggS":
        return ogg.broken_off(view)
    if head == b"fLaC":
        return flac.broken_off(view, start, _sound_end(view))
    end = stated_end(view, start)
    if end is not None:
        return _missing(view, end)
    if head[:2] == b"\x0b\x77":
        return _within_a_frame(view, start, ac3_frame_bytes, (0xFF, 0xFF))
    first = first_frame(view.at(start, _TAIL_BYTES))
    if first is not None:
        end = mpeg.stated_end(view, start + first)
        if end is not None and end > view.size:
            return _missing(view, end)
        return _within_a_frame(view, start + first, frame_bytes, (0xFF, 0xFE))
    return None


def _missing(view: View, end: int) -> str | None:
    """What is missing of a file that ends there, with the tag that may hang on to it."""
    head = view.at(end, _APE_HEAD.size)
    if head and _APE.startswith(head[: len(_APE)]):
        end += _APE_HEAD.size
        end += int.from_bytes(head[12:16], "little")
    count = end - view.size
    return f"ends {count:,} byte{'' if count == 1 else 's'} early" if count > 0 else None


def _sound_end(view: View) -> int:
    """Where tags begin that hang on to the sound."""
    begin = max(view.size - _ID3V1_BYTES - 3, 0)
    tag = _ID3V1.search(view.at(begin, view.size), 3)  # some are shorter than they should be
    end = begin + tag.start() if tag else view.size
    foot = view.at(max(end - _APE_HEAD.size, 0), _APE_HEAD.size)
    if foot[:8] == _APE and len(foot) == _APE_HEAD.size:
        _, _, size, _, flags, _ = _APE_HEAD.unpack(foot)
        end -= size + (_APE_HEAD.size if flags & _HAS_HEAD else 0)
    return max(end, 0)


def _within_a_frame(
    view: View, start: int, length_of: Callable[[bytes, int], int], mask: tuple[int, int]
) -> str | None:
    """Whether the last of the frames that follow each other is longer than what is left for it."""
    end = _sound_end(view)
    begin = max(end - _TAIL_BYTES, start)
    data = view.at(begin, end - begin)
    at = chain = 0
    needed = 1 if begin == start else _CHAIN
    first = b""
    while at < len(data):
        length = length_of(data, at)
        begins = bytes(a & b for a, b in zip(data[at : at + 2], mask, strict=False))
        if not length or (chain and begins != first):
            if chain >= needed:
                if first.startswith(begins) and len(data) - at < HEAD_BYTES:
                    return "ends within the head of a frame"
                if at + begin < view.size and (how := _missing(view, at + begin)):
                    return how
            chain, at, needed = 0, at + 1, _CHAIN
            continue
        first, chain, at = begins, chain + 1, at + length
    return "ends within a frame" if chain >= needed and at > len(data) else None
