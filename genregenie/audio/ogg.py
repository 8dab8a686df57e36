"""Recordings one after the other in one Ogg file: its links, as RFC 3533 calls the chain.

Each link has streams, rates and channels of its own. FFmpeg keeps to what the first one said and
drops what differs, so each link is opened as a file of its own.
"""

import io
import os
from typing import BinaryIO, Final

from genregenie.audio.view import View

_MARK: Final = b"OggS\0"
_HEADER_BYTES: Final = 27
_CONTINUED, _FIRST, _LAST = 1, 2, 4
_MAX_PAGE_BYTES: Final = _HEADER_BYTES + 255 + 255 * 255
_READ_BYTES: Final = 1 << 20

MAX_LINKS: Final = 1_000
"""What comes behind so many is left to FFmpeg, as one link."""


def links(file: BinaryIO) -> list[tuple[int, int]]:
    """Where each link of an Ogg file starts and ends, in bytes; one link for any other file."""
    size = file.seek(0, os.SEEK_END)
    starts = [0]
    end_of_first_pages = 0
    for at, end in _first_pages(file, size):
        # All streams of a link begin together: only a first page behind other pages is a new link.
        if at > end_of_first_pages and len(starts) < MAX_LINKS:
            starts.append(at)
        end_of_first_pages = end
    file.seek(0)
    return list(zip(starts, [*starts[1:], size], strict=True))


def _first_pages(file: BinaryIO, size: int) -> list[tuple[int, int]]:
    """Start and end of every page that begins a stream, in order."""
    found = []
    at = 0
    while at < size:
        file.seek(at)
        data = file.read(_READ_BYTES)
        if not data:
            break
        place = data.find(_MARK)
        while place >= 0:
            header = data[place : place + _HEADER_BYTES]
            if len(header) == _HEADER_BYTES and header[5] & _FIRST and not header[5] & _CONTINUED:
                end = _page_end(file, at + place, size)
                if end is not None:
                    found.append((at + place, end))
            place = data.find(_MARK, place + 1)
        step = len(data) - _HEADER_BYTES
        if step <= 0 or at + len(data) >= size:
            break
        at += step  # a header on the border is read again
    return sorted(set(found))


def _page_end(file: BinaryIO, at: int, size: int) -> int | None:
    """Where a page ends; None if it is no page: nothing, or no other page, follows it."""
    file.seek(at)
    page = file.read(_HEADER_BYTES + 255)
    segments = page[26]
    end = at + _HEADER_BYTES + segments + sum(page[27 : 27 + segments])
    if end == size:
        return end
    file.seek(end)
    return end if file.read(len(_MARK)) == _MARK else None


def broken_off(view: View) -> str | None:
    """How an Ogg file is sure to have been cut off, a few words, or None."""
    tail = min(view.size, 2 * _MAX_PAGE_BYTES)  # the last page and the beginning of one before it
    data = view.at(view.size - tail, tail)
    at = pages = flags = 0
    while (at := data.find(_MARK, at)) >= 0:
        first, pages = at, 0
        while data.startswith(_MARK, at) and len(data) - at >= _HEADER_BYTES:
            flags, segments = data[at + 5], data[at + 26]
            at += _HEADER_BYTES + segments
            at += sum(data[at - segments : at])
            pages += 1
        is_chain = pages > 1 or at == len(data) or tail == view.size
        is_head = at < len(data) and _MARK.startswith(data[at : at + len(_MARK)])
        if is_head or (is_chain and at > len(data)):
            return "ends within a page"
        if is_chain and data.find(_MARK, at) < 0:
            return None if flags & _LAST else "its last page is not the end of it"
        if not is_chain:  # what looked like a page was sound
            at = first + 1
    return None


class Section(io.RawIOBase):
    """A part of a binary file as a file of its own."""

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        self._file, self._start, self._end = file, start, end
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the part."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._end - self._start}
        self._at = max(base[whence] + offset, 0)
        return self._at

    def tell(self) -> int:
        """Place in the part."""
        return self._at

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """Read on from the place."""
        left = max(self._end - self._start - self._at, 0)
        self._file.seek(self._start + self._at)
        data = self._file.read(min(len(buffer), left))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
