"""ASF, which WMA files are: ``WM/Genre`` and its like among the attributes in its head."""

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from genregenie.tagging.delta import Bytes
from genregenie.tagging.formats.edits import Damaged, Edit, TagError
from genregenie.tagging.formats.fields import FIELDS, Field, Wanted, rewritten

HEADER: Final = UUID("75b22630-668e-11cf-a6d9-00aa0062ce6c").bytes_le
_ATTRIBUTES: Final = UUID("d2d0a440-e307-11d2-97f0-00a0c95ea850").bytes_le
_EXTENSION: Final = UUID("5fbf03b5-a92e-11cf-8ee3-00c00c205365").bytes_le
_LIBRARY: Final = UUID("44231c94-9498-49d1-a141-1d134e457054").bytes_le
_FILE: Final = UUID("8cabdca1-a947-11cf-8ee4-00c00c205365").bytes_le
_HEAD_BYTES: Final = 30
_NAMES: Final[Mapping[Field, str]] = {
    "genre": "WM/Genre",
    "mood": "WM/Mood",
    "grouping": "WM/ContentGroupDescription",
    "tempo": "WM/BeatsPerMinute",
    "key": "WM/InitialKey",
}
_FIELDS: Final = {name.lower(): field for field, name in _NAMES.items()}
_TEXT: Final = 0


@dataclass(frozen=True, slots=True)
class _Object:
    kind: bytes
    start: int
    stop: int

    @property
    def body(self) -> int:
        return self.start + 24


def _objects(data: Bytes, at: int, stop: int) -> Iterator[_Object]:
    while at + 24 <= stop:
        size = int.from_bytes(data[at + 16 : at + 24], "little")
        if size < 24 or at + size > stop:
            raise Damaged
        yield _Object(data[at : at + 16], at, at + size)
        at += size


def _header(data: Bytes) -> list[_Object]:
    size = int.from_bytes(data[16:24], "little")
    if not _HEAD_BYTES <= size <= len(data):
        raise Damaged
    return list(_objects(data, _HEAD_BYTES, size))


def _attributes(data: Bytes, holder: _Object | None) -> list[tuple[str, int, bytes, bytes]]:
    """Name, kind, value, and all bytes of each attribute."""
    if holder is None:
        return []
    (count,), at, found = struct.unpack_from("<H", data, holder.body), holder.body + 2, []
    for _ in range(count):
        start = at
        name, at = _sized(data, at, holder.stop)
        kind = int.from_bytes(data[at : at + 2], "little")
        value, at = _sized(data, at + 2, holder.stop)
        found.append((_text(name), kind, value, data[start:at]))
    return found


def _sized(data: Bytes, at: int, stop: int) -> tuple[bytes, int]:
    end = at + 2 + int.from_bytes(data[at : at + 2], "little")
    if end > stop:
        raise Damaged
    return data[at + 2 : end], end


def _text(data: bytes) -> str:
    return data[: len(data) // 2 * 2].decode("utf-16-le", "replace").rstrip("\0")


def _field(name: str, kind: int) -> Field | None:
    return _FIELDS.get(name.lower()) if kind == _TEXT else None


def _holder(objects: Sequence[_Object]) -> _Object | None:
    return next((o for o in objects if o.kind == _ATTRIBUTES), None)


def read(data: Bytes, start: int) -> dict[Field, list[str]]:
    """The fields of a WMA; but for the genre, one that stands elsewhere too is none of them."""
    objects = _header(data)
    attributes = _attributes(data, _holder(objects))
    return {
        field: [_text(value) for name, kind, value, _ in attributes if _field(name, kind) == field]
        for field in FIELDS
        if field == "genre"
        or not (_is_in_library(field, data, objects) or _is_no_text(field, attributes))
    }


def others(data: Bytes, start: int, fields: Collection[Field]) -> list[bytes]:
    """Every attribute but these fields, and every other object of the head."""
    objects = _header(data)
    holder = _holder(objects)
    found = _attributes(data, holder)
    attributes = [raw for name, kind, _, raw in found if _field(name, kind) not in fields]
    rest = [data[o.start : o.stop] for o in objects if o.kind not in (_ATTRIBUTES, _FILE)]
    return [*attributes, *rest]


def edits(data: Bytes, start: int, wanted: Wanted) -> list[Edit]:
    """What to change for these values.

    Raises
    ------
    TagError
    """
    objects = _header(data)
    holder, end = _holder(objects), int.from_bytes(data[16:24], "little")
    for field in wanted:
        if _is_in_library(field, data, objects):
            raise TagError(f"The {field} of this file stands where GenreGenie does not write.")
    made = {field: [_attribute(field, v) for v in values] for field, values in wanted.items()}
    found = _attributes(data, holder)
    placed, new = rewritten(((_field(name, kind), raw) for name, kind, _, raw in found), made)
    attributes = [*placed, *new]
    if len(attributes) > 0xFFFF:
        raise TagError("The tags of this file are too many for another.")
    length = sum(len(raw) for *_, raw in found)
    rest = data[holder.start + 26 + length : holder.stop] if holder else b""
    body = struct.pack("<H", len(attributes)) + b"".join(attributes) + rest
    after = _ATTRIBUTES + struct.pack("<Q", len(body) + 24) + body
    grown = len(after) - (holder.stop - holder.start if holder else 0)
    count = int.from_bytes(data[24:28], "little") + (holder is None)
    out = [
        Edit(16, 28, struct.pack("<QI", end + grown, count)),
        Edit(holder.start, holder.stop, after) if holder else Edit(end, end, after),
    ]
    for properties in (o for o in objects if o.kind == _FILE):
        size_at = properties.body + 16
        size = int.from_bytes(data[size_at : size_at + 8], "little")
        if size:  # a stream that is being sent has none
            out.append(Edit(size_at, size_at + 8, struct.pack("<Q", size + grown)))
    return out


def _attribute(field: Field, text: str) -> bytes:
    name, value = (text.encode("utf-16-le") + b"\0\0" for text in (_NAMES[field], text))
    if len(value) > 0xFFFF:
        raise TagError(f"This {field} is too long for the tags of this file.")
    sized = struct.pack("<H", len(name)) + name + struct.pack("<H", _TEXT)
    return sized + struct.pack("<H", len(value)) + value


def _is_no_text(field: Field, attributes: Sequence[tuple[str, int, bytes, bytes]]) -> bool:
    """Whether a field is there as a number for instance."""
    name = _NAMES[field].lower()
    return any(named.lower() == name and kind != _TEXT for named, kind, *_ in attributes)


def _is_in_library(field: Field, data: Bytes, objects: Sequence[_Object]) -> bool:
    """Whether the extension of the head holds a field too, in another language for instance."""
    name = _NAMES[field].encode("utf-16-le")
    for extension in (o for o in objects if o.kind == _EXTENSION):
        for inner in _objects(data, extension.body + 22, extension.stop):
            if inner.kind == _LIBRARY and name in data[inner.start : inner.stop]:
                return True
    return False
