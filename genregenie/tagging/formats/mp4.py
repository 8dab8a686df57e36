r"""MP4 and QuickTime: fields among iTunes' tags, such as ``moov/udta/meta/ilst/\xa9gen``.

Free space beside the tags takes up what they grow by. Where there is not enough, the audio moves,
and everything that says where in the file it lies is set right: chunk offsets, and for a file in
fragments the base of each fragment and the index at its end.
"""

import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from genregenie.tagging.delta import Bytes
from genregenie.tagging.formats.atoms import Atom, atoms, child_of
from genregenie.tagging.formats.edits import Damaged, Edit, TagError
from genregenie.tagging.formats.fields import Field, Wanted, each_field, rewritten
from genregenie.tagging.formats.genrelist import lenient, named
from genregenie.tagging.formats.offsets import CANNOT_MOVE, move_tables, moved_fragments

_NUMBER, _TEMPO, _OWN = b"gnre", b"tmpo", b"----"
_NAMES: Final[Mapping[Field, bytes]] = {
    "genre": b"\xa9gen",
    "grouping": b"\xa9grp",
    "tempo": _TEMPO,
}
_FIELDS: Final = {name: field for field, name in _NAMES.items()} | {_NUMBER: "genre"}
_MEAN: Final = b"com.apple.iTunes"
_OWN_NAMES: Final[Mapping[Field, bytes]] = {"mood": b"MOOD", "key": b"initialkey"}
_OWN_FIELDS: Final = {name.upper(): field for field, name in _OWN_NAMES.items()}
_FREE: Final = (b"free", b"skip")
_NEW_PADDING: Final = 1024
_TEXT, _INTEGER = 1, 21
_MAX_INTEGER_BYTES: Final = 8
_NOT_COMPARED: Final = (*_FREE, b"trak", b"hdlr")
_HANDLER: Final = b"\0\0\0\0" + b"\0\0\0\0" + b"mdir" + b"appl" + bytes(9)


def _top(data: Bytes) -> list[Atom]:
    return list(atoms(data, 0, len(data), strict=False))


@dataclass(frozen=True)
class _Place:
    """Where the tags are, as far as they are there."""

    moov: Atom
    udta: Atom | None = None
    meta: Atom | None = None
    ilst: Atom | None = None
    skip: int = 4  # bytes of version and flags before what is in `meta`


def _find(data: Bytes) -> _Place:
    top = _top(data)
    moov = next((atom for atom in top if atom.name == b"moov"), None)
    if moov is None:
        raise TagError("This file is cut short: its table of contents is missing.")
    if child_of(data, moov, b"cmov"):
        raise TagError("The tags of this file are packed in a way that GenreGenie cannot write.")
    udta = child_of(data, moov, b"udta")
    meta = child_of(data, udta, b"meta") if udta else None
    if udta is None or meta is None:
        return _Place(moov, udta)
    skip = 0 if data[meta.body + 4 : meta.body + 8] == b"hdlr" else 4
    handler = child_of(data, meta, b"hdlr", skip)
    if handler and data[handler.body + 8 : handler.body + 12] != b"mdir":
        raise TagError("The tags of this file are of a kind that has no place for a genre.")
    return _Place(moov, udta, meta, child_of(data, meta, b"ilst", skip), skip)


def _values(data: Bytes, item: Atom) -> list[bytes]:
    """What the ``data`` atoms of a tag hold."""
    return [
        data[a.body + 8 : a.stop] for a in atoms(data, item.body, item.stop) if a.name == b"data"
    ]


def _field(data: Bytes, item: Atom) -> Field | None:
    """The field that a tag holds; some are in one of those that a program may name itself."""
    if item.name != _OWN:
        return _FIELDS.get(item.name)
    return _OWN_FIELDS.get(_own_name(data, item).upper())


def _own_name(data: Bytes, item: Atom) -> bytes:
    """How a program has named a tag, if it did so in iTunes' way."""
    try:
        parts = {a.name: data[a.body + 4 : a.stop] for a in atoms(data, item.body, item.stop)}
    except TagError:
        return b""
    return parts.get(b"name", b"") if parts.get(b"mean") == _MEAN else b""


def read(data: Bytes, start: int) -> dict[Field, list[str]]:
    """The fields of an MP4."""
    place = _find(data)
    items = list(atoms(data, place.ilst.body, place.ilst.stop)) if place.ilst else []

    def texts(field: Field) -> list[str]:
        ours = [item for item in items if _field(data, item) == field and item.name != _NUMBER]
        return [_text(item, value) for item in ours for value in _values(data, item)]

    found = each_field(texts)
    if not found["genre"]:
        numbers = [v for item in items if item.name == _NUMBER for v in _values(data, item)]
        counted = (int.from_bytes(value, "big") - 1 for value in numbers if len(value) == 2)
        found["genre"] = [name for n in counted if n >= 0 for name in named(str(n))]
    return found


def _text(item: Atom, value: bytes) -> str:
    if item.name != _TEMPO:
        return lenient(value)
    if len(value) > _MAX_INTEGER_BYTES:
        raise Damaged
    return str(int.from_bytes(value, "big"))


def others(data: Bytes, start: int, fields: Collection[Field]) -> list[bytes]:
    """Every tag but these fields, and every other atom that holds neither audio nor offsets."""
    place = _find(data)
    inside = [place.moov, place.udta, place.meta, place.ilst]
    found: list[bytes] = []
    for parent, below in zip(inside, [*inside[1:], None], strict=True):
        if parent is None:
            break
        skip = place.skip if parent is place.meta else 0
        found += [
            data[atom.start : atom.stop]
            for atom in atoms(data, parent.body + skip, parent.stop)
            if atom != below and atom.name not in _NOT_COMPARED
            if parent is not place.ilst or _field(data, atom) not in fields
        ]
    return found


def edits(data: Bytes, start: int, wanted: Wanted) -> list[Edit]:
    """What to change for these values.

    Raises
    ------
    TagError
    """
    place, top = _find(data), _top(data)
    moov = place.moov
    before = data[moov.start : moov.stop]
    index = top.index(moov)
    behind = top[index + 1 :]
    space = behind[0].stop - behind[0].start if behind and behind[0].name in _FREE else 0
    sound = [atom for atom in behind if atom.name not in _FREE]
    after = _rebuilt(data, place, wanted, 0)
    grown = len(after) - len(before)
    if grown == 0 or not sound:
        return [Edit(moov.start, moov.stop, after)]
    if space - grown >= 8 or (space and space == grown):
        free = _atom(b"free", bytes(space - grown - 8)) if space != grown else b""
        return [Edit(moov.start, moov.stop + space, after + free)]
    if grown < -8:
        return [Edit(moov.start, moov.stop, after + _atom(b"free", bytes(-grown - 8)))]
    # The audio has to move. Then there may as well be room for the next time.
    after = _rebuilt(data, place, wanted, _NEW_PADDING)
    moved = len(after) - len(before)
    out = bytearray(after)
    move_tables(out, after, Atom(b"moov", 0, len(after), moov.head), moov.stop, moved)
    return [Edit(moov.start, moov.stop, bytes(out)), *moved_fragments(data, behind, moov, moved)]


# --- the tags --------------------------------------------------------------------------------


def _atom(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + name + body


def _with_body(data: Bytes, atom: Atom, body: bytes) -> bytes:
    """The atom with another body; a head of 64 bits stays one."""
    if atom.head == 16:
        return struct.pack(">I", 1) + atom.name + struct.pack(">Q", len(body) + 16) + body
    if len(body) + 8 > 0xFFFFFFFF:
        raise TagError(CANNOT_MOVE)
    return _atom(atom.name, body)


def _rebuilt(data: Bytes, place: _Place, wanted: Wanted, padding: int) -> bytes:
    """``moov`` with these values; free space in ``meta`` takes up what they grow by if it can."""
    tags = _items(data, place.ilst, wanted)
    moov, udta, meta, ilst = place.moov, place.udta, place.meta, place.ilst
    free = _atom(b"free", bytes(padding)) if padding else b""
    if udta is None or meta is None:
        made = bytes(4) + _atom(b"hdlr", _HANDLER) + _atom(b"ilst", tags) + free
        new = _atom(b"meta", made)
        if udta is None:
            return _with_body(data, moov, data[moov.body : moov.stop] + _atom(b"udta", new))
        # In front: QuickTime ends its user data with zeros, behind which nothing is found.
        made = _with_body(data, udta, new + data[udta.body : udta.stop])
        return _with_body(data, moov, _replaced(data, moov, udta, made))
    if ilst is None:
        inner = data[meta.body : meta.stop] + _atom(b"ilst", tags) + free
    else:
        inner = _replaced(data, meta, ilst, _with_body(data, ilst, tags))
        inner = _fitted(inner, place.skip, meta.stop - meta.body, padding)
    made = _with_body(data, udta, _replaced(data, udta, meta, _with_body(data, meta, inner)))
    return _with_body(data, moov, _replaced(data, moov, udta, made))


def _items(data: Bytes, ilst: Atom | None, wanted: Wanted) -> bytes:
    """The tags with these values, where a field's first stood."""
    items = list(atoms(data, ilst.body, ilst.stop)) if ilst else []
    held = [(_field(data, item), data[item.start : item.stop]) for item in items]
    names = [_own_name(data, item) for item in items if item.name == _OWN]
    made = {field: [_item(field, v, names)] if v else [] for field, v in wanted.items()}
    placed, new = rewritten(held, made)
    return b"".join((*placed, *new))


def _item(field: Field, values: Sequence[str], own_names: Sequence[bytes]) -> bytes:
    """A tag with these values; one that a program has named keeps its name."""
    body = b"".join(_atom(b"data", _value(field, value)) for value in values)
    if field in _NAMES:
        return _atom(_NAMES[field], body)
    name = next((n for n in own_names if _OWN_FIELDS.get(n.upper()) == field), _OWN_NAMES[field])
    return _atom(_OWN, _atom(b"mean", bytes(4) + _MEAN) + _atom(b"name", bytes(4) + name) + body)


def _value(field: Field, value: str) -> bytes:
    if field == "tempo":
        return struct.pack(">IIH", _INTEGER, 0, int(value))
    return struct.pack(">II", _TEXT, 0) + value.encode("utf-8")


def _replaced(data: Bytes, parent: Atom, child: Atom, made: bytes) -> bytes:
    return data[parent.body : child.start] + made + data[child.stop : parent.stop]


def _fitted(inner: bytes, skip: int, wanted: int, padding: int) -> bytes:
    """``meta`` with as much free space as gives it its old length, if that can be had."""
    frees = [atom for atom in atoms(inner, skip, len(inner)) if atom.name in _FREE]
    grown = len(inner) - wanted
    for free in frees:
        size = free.stop - free.start - grown
        if size >= 8 or size == 0:
            made = _atom(b"free", bytes(size - 8)) if size else b""
            return inner[: free.start] + made + inner[free.stop :]
    if grown <= -8:
        return inner + _atom(b"free", bytes(-grown - 8))
    return inner + _atom(b"free", bytes(padding)) if padding else inner


# --- for the proof ---------------------------------------------------------------------------


def tables(data: Bytes) -> list[bytes]:
    """All that says where sound lies and how it is to be decoded."""
    moov = _find(data).moov
    return [data[a.start : a.stop] for a in atoms(data, moov.body, moov.stop) if a.name != b"udta"]
