"""ID3v2 tags of every version: what some fields hold, and the same tag with other values.

Nothing else is decoded, so a frame that no program understands keeps every byte. What is
read stands in the standards on id3.org; what is put up with besides: sizes that are no sync-safe
integers in version 2.4 (iTunes), frames of version 2.2 in a tag of 2.3, and anything at all
behind the first thing that is no frame.
"""

import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from genregenie.tagging.delta import Bytes
from genregenie.tagging.formats.edits import Damaged, TagError
from genregenie.tagging.formats.fields import FIELDS, Field, Wanted, each_field, rewritten
from genregenie.tagging.formats.genrelist import id3_genre, id3_text, id3_texts, named

_HEADER: Final = 10
_NEW_PADDING: Final = 1024
_MAX_TAG_BYTES: Final = (1 << 28) - 1
_NAMES: Final = {2: re.compile(rb"[A-Z0-9]{3}"), 3: re.compile(rb"[A-Z0-9]{3}[A-Z0-9 ]")}
_NAMES[4] = _NAMES[3]
_MAX_UNPACKED_BYTES: Final = 1 << 16

_UNSYNC, _EXTENDED, _FOOTER = 0x80, 0x40, 0x10


@dataclass(frozen=True, slots=True)
class _Place:
    """A frame that holds a field: its name, and the description if it is one of anybody's own."""

    name: bytes
    description: str = ""


_MOOD: Final = _Place(b"TMOO")
_OWN_MOOD: Final = _Place(b"TXXX", "MOOD")
_SAME: Final[Mapping[Field, tuple[_Place, ...]]] = {
    "genre": (_Place(b"TCON"),),
    "grouping": (_Place(b"GRP1"), _Place(b"TIT1")),
    "tempo": (_Place(b"TBPM"),),
    "key": (_Place(b"TKEY"),),
}
_PLACES: Final[Mapping[int, Mapping[Field, tuple[_Place, ...]]]] = {
    2: {
        "genre": (_Place(b"TCO"),),
        "mood": (_Place(b"TXX", "MOOD"),),
        "grouping": (_Place(b"GP1"), _Place(b"TT1")),
        "tempo": (_Place(b"TBP"),),
        "key": (_Place(b"TKE"),),
    },
    3: {**_SAME, "mood": (_MOOD, _OWN_MOOD)},
    4: {**_SAME, "mood": (_MOOD, _OWN_MOOD, _MOOD)},
}
"""Where a field may be: at the first of these places where there is a frame, else at the last.

``TMOO`` came with version 2.4; in older tags programs keep moods in a frame of their own. iTunes
keeps groupings in ``GRP1`` and has made ``TIT1`` the name of a work.
"""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame: its name, its two bytes of flags (none in version 2.2), and all of its bytes."""

    name: bytes
    flags: int
    data: bytes
    raw: bytes


@dataclass(frozen=True)
class Tag:
    """A tag, taken apart.

    Attributes
    ----------
    version : 2, 3 or 4
    revision, flags : int
    extended : bytes
        The extended header.
    frames : tuple of Frame
    rest : bytes
        What stands behind the frames: nothing, zeros (padding), or what is no frame.
    size : int
        Of the whole tag in the file.
    safe : bool
        Whether sizes of frames are sync-safe, as version 2.4 wants them and iTunes does not.
    """

    version: int
    revision: int = 0
    flags: int = 0
    extended: bytes = b""
    frames: tuple[Frame, ...] = ()
    rest: bytes = b""
    size: int = 0
    safe: bool = True

    def values(self) -> dict[Field, list[str]]:
        """What our fields hold.

        Raises
        ------
        TagError
            If the genre is encrypted or packed in a way that cannot be undone.
        """
        return each_field(self._values)

    def _values(self, field: Field) -> list[str]:
        place = self._place(field)
        skip = bool(place.description)
        frames = [id3_texts(_plain(f, self))[skip:] for f in self.frames if self._is_at(f, place)]
        values = [value for some in frames for value in some if value.strip()]
        return [name for value in values for name in named(value)] if field == "genre" else values

    def fields(self) -> list[tuple[Field | None, Frame]]:
        """Every frame with the field that it holds, if it is one of ours."""
        places = {field: self._place(field) for field in FIELDS}
        return [
            (next((field for field in FIELDS if self._is_at(frame, places[field])), None), frame)
            for frame in self.frames
        ]

    def others(self, fields: Collection[Field]) -> tuple[bytes, ...]:
        """Every frame that holds none of these fields, byte for byte, and what is no frame."""
        kept = (frame.raw for field, frame in self.fields() if field not in fields)
        return (*kept, self.rest.strip(b"\0"))

    def _place(self, field: Field) -> _Place:
        places = _PLACES[self.version][field]
        return next((p for p in places if any(self._is_at(f, p) for f in self.frames)), places[-1])

    def _is_at(self, frame: Frame, place: _Place) -> bool:
        if frame.name != place.name or not place.description:
            return frame.name == place.name
        return _description(frame, self).casefold() == place.description.casefold()

    def made(self, field: Field, values: Sequence[str]) -> list[Frame]:
        """The frame of a field with these values, none without; at the place that it has."""
        if not values:
            return []
        place = self._place(field)
        if place.description:
            old = (_description(f, self) for f in self.frames if self._is_at(f, place))
            values = [next(old, place.description), *values]
        elif field == "genre":
            values = [id3_genre(value) for value in values]
        return [_made(self.version, place.name, id3_text(self.version, values), self.safe)]


def size_at(data: Bytes, at: int) -> int:
    """Bytes that the tag at a place takes, 0 if there is none."""
    head = data[at : at + _HEADER]
    if len(head) < _HEADER or head[:3] != b"ID3" or head[3] not in _PLACES or max(head[6:]) > 127:
        return 0
    footer = _HEADER if head[3] == 4 and head[5] & _FOOTER else 0
    return _HEADER + unsyncsafe(head[6:]) + footer


def parse(data: Bytes, at: int = 0) -> Tag:
    """Read the tag that begins at a place.

    Raises
    ------
    TagError
        If there is none, or its end is missing.
    """
    size = size_at(data, at)
    if not size:
        raise Damaged
    if at + size > len(data):
        raise TagError("The tags of this file are cut short. Download or export it again.")
    version, revision, flags = data[at + 3], data[at + 4], data[at + 5]
    body = data[at + _HEADER : at + _HEADER + unsyncsafe(data[at + 6 : at + 10])]
    if version == 2 and flags & _EXTENDED:  # a scheme of compression that was never defined
        raise TagError("The tags of this file are packed in a way that nobody has described.")
    if version < 4 and flags & _UNSYNC:
        body = body.replace(b"\xff\0", b"\xff")
    # Some programs set the flag and write no extended header: a frame stands in its place.
    extended = flags & _EXTENDED and not _NAMES[version].match(body)
    start = _extended_size(body, version) if extended else 0
    frames, end, safe = _frames(body, start, version)
    return Tag(version, revision, flags, body[:start], frames, body[end:], size, safe)


def _extended_size(body: bytes, version: int) -> int:
    if len(body) < 6:
        raise Damaged
    if version == 3:
        size = 4 + int.from_bytes(body[:4], "big")
    elif max(body[:4]) > 127:
        raise Damaged
    else:
        size = unsyncsafe(body[:4])
    if not 6 <= size <= len(body):
        raise Damaged
    return size


def _frames(body: bytes, start: int, version: int) -> tuple[tuple[Frame, ...], int, bool]:
    """The frames, where the first thing is that is none, and whether sizes are sync-safe."""
    frames, end = _walk(body, start, version, safe=version == 4)
    if version == 4 and not _is_padding(body[end:]):
        others, other_end = _walk(body, start, version, safe=False)
        if _is_padding(body[other_end:]):
            return others, other_end, False
    return frames, end, version == 4


def _is_padding(rest: bytes) -> bool:
    return not rest.strip(b"\0")


def _walk(body: bytes, at: int, version: int, safe: bool) -> tuple[tuple[Frame, ...], int]:
    head, name_size = (6, 3) if version == 2 else (10, 4)
    frames = []
    while at + head <= len(body):
        name = body[at : at + name_size]
        sized = body[at + name_size : at + (6 if version == 2 else 8)]
        if not _NAMES[version].fullmatch(name) or (safe and max(sized) > 127):
            break
        end = at + head + (unsyncsafe(sized) if safe else int.from_bytes(sized, "big"))
        if end > len(body):
            break
        flags = 0 if version == 2 else int.from_bytes(body[at + 8 : at + 10], "big")
        frames.append(Frame(name, flags, body[at + head : end], body[at:end]))
        at = end
    return tuple(frames), at


def _plain(frame: Frame, tag: Tag) -> bytes:
    """A frame's bytes without what they were packed in."""
    data, flags = frame.data, frame.flags
    if tag.version < 4:
        encrypted, packed, grouped = flags & 0x40, flags & 0x80, flags & 0x20
        data = data[4 * bool(packed) + bool(grouped) :]
        unsync = False
    else:
        encrypted, packed, grouped = flags & 0x04, flags & 0x08, flags & 0x40
        data = data[bool(grouped) + 4 * bool(flags & 0x01) :]
        unsync = bool(flags & 0x02 or tag.flags & _UNSYNC)
    if encrypted:
        raise TagError("A tag of this file is encrypted.")
    if unsync:
        data = data.replace(b"\xff\0", b"\xff")
    if not packed:
        return data
    try:
        return zlib.decompressobj().decompress(data, _MAX_UNPACKED_BYTES)
    except zlib.error as error:
        raise Damaged from error


def _description(frame: Frame, tag: Tag) -> str:
    """How somebody's own frame is described; nothing if that cannot be unpacked."""
    try:
        texts = id3_texts(_plain(frame, tag))
    except TagError:
        return ""
    return texts[0] if texts else ""


def with_values(tag: Tag, wanted: Wanted) -> bytes:
    """The same tag with these values and nothing else changed; as long as before if they fit.

    Raises
    ------
    TagError
        If the tag would be too long.
    """
    made = {field: tag.made(field, values) for field, values in wanted.items()}
    placed, new = rewritten(tag.fields(), made)
    frames = b"".join(frame.raw for frame in (*new, *placed))
    padding = _is_padding(tag.rest)
    for rest in _rests(tag, frames) if padding else [tag.rest]:
        body = _body(tag, frames, rest)
        if _HEADER + len(body) == tag.size:
            break
    if len(body) > _MAX_TAG_BYTES:
        raise TagError("The tags of this file are too long for another.")
    head = bytes([tag.version, tag.revision, tag.flags]) + syncsafe(len(body))
    footer = b"3DI" + head if tag.version == 4 and tag.flags & _FOOTER else b""
    return b"ID3" + head + body + footer


def text_frame(name: bytes, text: str) -> Frame:
    """A frame of text for a tag of version 2.4."""
    return _made(4, name, id3_text(4, [text]))


def comment_frame(description: str, text: str) -> Frame:
    """A frame of comments for a tag of version 2.4."""
    words = id3_text(4, [description, text])
    return _made(4, b"COMM", words[:1] + b"eng" + words[1:])


def _made(version: int, name: bytes, data: bytes, safe: bool = True) -> Frame:
    if version == 2:
        raw = name + len(data).to_bytes(3, "big") + data
    else:
        size = syncsafe(len(data)) if version == 4 and safe else len(data).to_bytes(4, "big")
        raw = name + size + b"\0\0" + data
    return Frame(name, 0, data, raw)


def _rests(tag: Tag, frames: bytes) -> list[bytes]:
    """What may follow the frames: as much padding as keeps the tag's length, or fresh padding."""
    if tag.version == 4 and tag.flags & _FOOTER:
        return [b""]  # a tag with a footer may not be padded
    # Where some bytes count twice in the file, a zero of padding does not.
    space = tag.size - _HEADER - len(_body(tag, frames, b"\0")) + 1
    return [*([bytes(space)] if space >= 0 else []), bytes(_NEW_PADDING)]


def _body(tag: Tag, frames: bytes, rest: bytes) -> bytes:
    body = _extended(tag, frames, rest) + frames + rest
    if tag.version < 4 and tag.flags & _UNSYNC:
        body = re.sub(rb"\xff(?=[\xe0-\xff\0])|\xff\Z", b"\xff\0", body)
    return body


def _extended(tag: Tag, frames: bytes, rest: bytes) -> bytes:
    """The extended header with the padding and the checksum that are true now."""
    out = bytearray(tag.extended)
    if not out:
        return b""
    if tag.version == 3:
        if len(out) >= 10:
            out[6:10] = len(rest).to_bytes(4, "big")
        if len(out) >= 14 and out[4] & 0x80:
            out[10:14] = zlib.crc32(frames).to_bytes(4, "big")
        return bytes(out)
    at = 6 + (out[6] + 1 if out[5] & 0x40 and len(out) > 6 else 0)
    if out[5] & 0x20 and len(out) >= at + 6:
        check = zlib.crc32(frames + rest)
        out[at + 1 : at + 6] = bytes((check >> 7 * i) & 127 for i in (4, 3, 2, 1, 0))
    return bytes(out)


def syncsafe(number: int) -> bytes:
    """28 bits in four bytes, seven in each."""
    return bytes((number >> 7 * i) & 127 for i in (3, 2, 1, 0))


def unsyncsafe(data: bytes) -> int:
    """What `syncsafe` made of a number."""
    return sum(byte << 7 * i for i, byte in enumerate(reversed(data)))
