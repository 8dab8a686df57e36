"""Ogg: the packet of comments of Vorbis, Opus, Speex and FLAC, laid into pages anew.

Only the pages that the packet lies on are written again. As long as their number stays, no other
page changes; else the pages behind them are numbered anew, which their checksums say too. Of a
chain of recordings, the first one's comments are the file's.
"""

import struct
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from genregenie.tagging.delta import Bytes
from genregenie.tagging.formats.edits import Damaged, Edit, TagError
from genregenie.tagging.formats.fields import Field, Wanted
from genregenie.tagging.formats.vorbis import Comments

_HEAD: Final = struct.Struct("<4sBBqIII")
_CONTINUED, _FIRST, _LAST = 1, 2, 4
_SEGMENTS: Final = 255
_NO_PACKET_ENDS: Final = -1
_CODECS: Final = {
    b"\x01vorbis": b"\x03vorbis",
    b"OpusHead": b"OpusTags",
    b"Speex   ": b"",
    b"\x7fFLAC": b"\x84",
}
"""How the first packet of a codec begins, and its packet of comments."""

_FLAC: Final = b"\x7fFLAC"
_RATE_AT: Final = {b"\x01vorbis": 12, b"Speex   ": 36}
_SWAPPED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class _Page:
    start: int
    flags: int
    granule: int
    serial: int
    number: int
    lacing: bytes
    body: bytes

    @property
    def end(self) -> int:
        return self.start + _HEAD.size + 1 + len(self.lacing) + len(self.body)


def _pages(data: Bytes, at: int) -> Iterator[_Page]:
    """Every page from there on; what is no page ends them."""
    while True:
        head = data[at : at + 27]
        if len(head) < 27 or head[:4] != b"OggS":
            return
        _, _, flags, granule, serial, number, _ = _HEAD.unpack_from(head)
        lacing = data[at + 27 : at + 27 + head[26]]
        body_at = at + 27 + head[26]
        body = data[body_at : body_at + sum(lacing)]
        if len(lacing) < head[26] or len(body) < sum(lacing):
            return
        yield _Page(at, flags, granule, serial, number, lacing, body)
        at = body_at + len(body)


@dataclass(frozen=True)
class _Found:
    """The comments, and the pages that their packet lies on, from its first to its last."""

    pages: list[_Page]
    magic: bytes
    comments: Comments
    lacing: bytes  # of what follows the packet on the last of the pages
    tail: bytes


def _find(data: Bytes, start: int) -> _Found:
    codec, serial = b"", None
    pages: list[_Page] = []
    lacing = body = b""
    for page in _pages(data, start):
        if serial is None:
            codec = next((c for c in _CODECS if page.body.startswith(c)), b"")
            if codec:
                serial = page.serial
                _check_rate(codec, page.body)
            elif not page.flags & _FIRST:
                break
            continue
        if page.serial != serial:
            continue
        pages.append(page)
        lacing, body = lacing + page.lacing, body + page.body
        segments = next((i + 1 for i, size in enumerate(lacing) if size < 255), 0)
        if segments:
            size = sum(lacing[:segments])
            return _parsed(codec, pages, body[:size], lacing[segments:], body[size:])
    if serial is None:
        raise TagError("A genre cannot be written to this kind of Ogg.")
    raise Damaged


def _check_rate(codec: bytes, head: bytes) -> None:
    at = _RATE_AT.get(codec)
    if at is not None and not any(head[at : at + 4]):
        raise TagError("There is no sound in this file: it claims a sample rate of 0 Hz.")


def _parsed(codec: bytes, pages: list[_Page], packet: bytes, lacing: bytes, tail: bytes) -> _Found:
    magic = _CODECS[codec]
    if codec == _FLAC:
        # A block of FLAC's metadata; it need not be the last one.
        if packet[:1] not in (b"\x04", b"\x84"):
            raise Damaged
        return _Found(pages, packet[:4], Comments.parse(packet[4:]), lacing, tail)
    if not packet.startswith(magic):
        raise Damaged
    return _Found(pages, magic, Comments.parse(packet[len(magic) :]), lacing, tail)


def read(data: Bytes, start: int) -> dict[Field, list[str]]:
    """The fields of the Ogg that begins at `start`."""
    return _find(data, start).comments.values()


def others(data: Bytes, start: int, fields: Collection[Field]) -> list[bytes]:
    """Every comment but these fields."""
    return [data[:start], *_find(data, start).comments.others(fields)]


def edits(data: Bytes, start: int, wanted: Wanted) -> list[Edit]:
    """What to change for these values.

    Raises
    ------
    TagError
    """
    found = _find(data, start)
    block = found.comments.with_values(wanted).to_bytes()
    magic = found.magic
    if len(magic) == 4 and magic[:1] in b"\x04\x84":
        magic = magic[:1] + len(block).to_bytes(3, "big")
    packet = magic + block
    lacing = bytes([255] * (len(packet) // 255) + [len(packet) % 255]) + found.lacing
    first, last = found.pages[0], found.pages[-1]
    made = _laid(found, lacing, packet + found.tail)
    out = [Edit(first.start, first.end, b"".join(made))]
    out += [Edit(page.start, page.end, b"") for page in found.pages[1:]]
    more = len(made) - len(found.pages)
    if more:
        out += _renumbered(data, last, more)
    return out


def _laid(found: _Found, lacing: bytes, body: bytes) -> list[bytes]:
    """The packet and what follows it on pages: as many as before, if they can be."""
    pages = found.pages
    count = max(-(-len(lacing) // _SEGMENTS), min(len(pages), len(lacing)))
    first, last = pages[0], pages[-1]
    made, at, going_on = [], 0, False
    for i in range(count):
        share = min(_SEGMENTS, len(lacing) - (count - 1 - i))
        some, lacing = lacing[:share], lacing[share:]
        flags = first.flags & ~_LAST if i == 0 else _CONTINUED * going_on
        going_on = some[-1] == 255
        granule = _NO_PACKET_ENDS if all(size == 255 for size in some) else 0
        if i == count - 1:
            flags |= last.flags & _LAST
            granule = last.granule
        size = sum(some)
        page = _Page(0, flags, granule, first.serial, first.number + i, some, body[at : at + size])
        made.append(_bytes(page))
        at += size
    return made


def _renumbered(data: Bytes, last: _Page, more: int) -> Iterator[Edit]:
    """Later pages of the same recording get other numbers."""
    ended = bool(last.flags & _LAST)
    for page in _pages(data, last.end):
        if page.serial != last.serial or ended:
            continue
        ended = bool(page.flags & _LAST)
        raw = data[page.start : page.end]
        if checksum(raw[:22] + bytes(4) + raw[26:]) != raw[22:26]:
            continue  # nobody reads a page that is damaged; it stays as it is
        number = struct.pack("<I", page.number + more & 0xFFFFFFFF)
        check = checksum(raw[:18] + number + bytes(4) + raw[26:])
        yield Edit(page.start + 18, page.start + 26, number + check)


def _bytes(page: _Page) -> bytes:
    head = _HEAD.pack(b"OggS", 0, page.flags, page.granule, page.serial, page.number, 0)
    raw = head + bytes([len(page.lacing)]) + page.lacing + page.body
    return raw[:22] + checksum(raw) + raw[26:]


def checksum(page: bytes) -> bytes:
    """Ogg's checksum of a page whose own field is zero.

    It is zlib's CRC-32 with the bits the other way round and no inversion at either end.
    """
    value = zlib.crc32(page.translate(_SWAPPED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return value.to_bytes(4, "big").translate(_SWAPPED)
