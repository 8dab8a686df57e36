"""APEv2 tags at the end of a file: WavPack, Monkey's Audio, Musepack, and some MP3s."""

import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from genregenie.tagging.delta import Bytes
from genregenie.tagging.formats.edits import Damaged, Edit, TagError
from genregenie.tagging.formats.fields import FIELDS, NAMES, Field, Wanted, rewritten
from genregenie.tagging.formats.genrelist import lenient

_HEAD: Final = struct.Struct("<8sIIII8s")
_MAGIC: Final = b"APETAGEX"
_HAS_HEADER, _IS_HEADER = 1 << 31, 1 << 29
_V1_BYTES: Final = 128
_FIELDS: Final = {name.lower().encode(): f for f, names in NAMES.items() for name in names}


@dataclass(frozen=True)
class _Tag:
    start: int
    stop: int
    version: int
    flags: int
    items: tuple[tuple[bytes, bytes], ...]  # key, and all of the item's bytes
    rest: bytes  # within the tag, behind the last item
    reserved: bytes


def id3v1_start(data: Bytes) -> int:
    """Where the ID3v1 tag at the end begins, or the end if there is none.

    One that is shorter than it should be is none: its fields cannot be told apart.
    """
    start = len(data) - _V1_BYTES
    there = start >= 0 and data[start : start + 3] == b"TAG" and not looks_like_id3v1(data)
    return start if there else len(data)


def _find(data: Bytes) -> _Tag | None:
    end = id3v1_start(data)
    if end < _HEAD.size or data[end - 32 : end - 24] != _MAGIC:
        return None
    _, version, size, count, flags, reserved = _HEAD.unpack(data[end - 32 : end])
    items_at = end - size
    start = items_at - (_HEAD.size if flags & _HAS_HEADER else 0)
    if size < _HEAD.size or start < 0 or flags & _IS_HEADER:
        raise Damaged
    if flags & _HAS_HEADER and data[start : start + 8] != _MAGIC:
        raise Damaged
    body, at, items = data[items_at : end - 32], 0, []
    for _ in range(count):
        key_end = body.find(b"\0", at + 8)
        if key_end < 0:
            raise Damaged
        (length,) = struct.unpack_from("<I", body, at)
        stop = key_end + 1 + length
        if stop > len(body):
            raise Damaged
        items.append((body[at + 8 : key_end], body[at:stop]))
        at = stop
    return _Tag(start, end, version, flags, tuple(items), body[at:], reserved)


def _field(key: bytes) -> Field | None:
    return _FIELDS.get(key.lower())


def start(data: Bytes) -> int:
    """Where tags begin behind the audio."""
    tag = _find(data)
    return tag.start if tag else id3v1_start(data)


def has_tag(data: Bytes) -> bool:
    """Whether there is a tag."""
    return _find(data) is not None


def read(data: Bytes, start: int = 0) -> dict[Field, list[str]]:
    """The fields; empty if there is no tag."""
    tag = _find(data)
    found: dict[Field, list[str]] = {field: [] for field in FIELDS}
    for key, raw in tag.items if tag else ():
        if field := _field(key):
            found[field] += map(lenient, filter(None, raw[8 + len(key) + 1 :].split(b"\0")))
    return found


def others(data: Bytes, start: int, fields: Collection[Field]) -> list[bytes]:
    """Every item but these fields, and an ID3v1 tag behind them."""
    tag = _find(data)
    items = [raw for key, raw in tag.items if _field(key) not in fields] if tag else []
    return [*items, tag.rest if tag else b"", data[id3v1_start(data) :]]


def edits(data: Bytes, start: int, wanted: Wanted) -> list[Edit]:
    """What to change for these values.

    Raises
    ------
    TagError
    """
    end = id3v1_start(data)
    tag = _find(data) or _Tag(end, end, 2000, _HAS_HEADER, (), b"", bytes(8))
    if tag.version < 2000 and any(len(v) > 1 or not "".join(v).isascii() for v in wanted.values()):
        raise TagError("The tags of this file are of an old kind that holds one plain value only.")
    values = {field: "\0".join(some).encode("utf-8") for field, some in wanted.items()}
    edit = _edit(tag, values)
    if tag.stop == len(data) and looks_like_id3v1(edit.data) and any(values.values()):
        field = next(field for field, value in values.items() if value)
        values[field] += b"\0"  # an empty value more, which none reads
        edit = _edit(tag, values)
    return [edit]


def _edit(tag: _Tag, values: Mapping[Field, bytes]) -> Edit:
    made = {}
    for field, value in values.items():
        usual = NAMES[field][0].encode()
        key = next((key for key, _ in tag.items if _field(key) == field), usual)
        item = struct.pack("<II", len(value), 0) + key + b"\0" + value
        made[field] = [item] if value else []
    placed, new = rewritten(((_field(key), raw) for key, raw in tag.items), made)
    body = b"".join((*placed, *new)) + tag.rest
    size, count = len(body) + _HEAD.size, len(placed) + len(new)
    foot = _HEAD.pack(_MAGIC, tag.version, size, count, tag.flags, tag.reserved)
    head = b""
    if tag.flags & _HAS_HEADER:
        flags = tag.flags | _IS_HEADER
        head = _HEAD.pack(_MAGIC, tag.version, size, count, flags, tag.reserved)
    return Edit(tag.start, tag.stop, head + body + foot)


def looks_like_id3v1(data: Bytes) -> bool:
    """Whether an APEv2 tag stands so that its magic passes for the beginning of ID3v1.

    This happens to one tag in a hundred of the usual size, and misleads many programs.
    """
    return data[-131:-123] == _MAGIC
