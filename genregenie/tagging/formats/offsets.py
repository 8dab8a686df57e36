"""Where in an MP4 its tables say that samples lie, set right when the samples move."""

import struct
from collections.abc import Iterator, Sequence
from typing import Final

from genregenie.tagging.delta import Bytes
from genregenie.tagging.formats.atoms import Atom, atoms
from genregenie.tagging.formats.edits import Damaged, Edit, TagError

CANNOT_MOVE: Final = "This file is packed in a way that leaves no room for a genre."

_HOLDING_OFFSETS: Final = (b"trak", b"mdia", b"minf", b"stbl", b"traf")
_UNKNOWN_OFFSETS: Final = (b"saio", b"iloc")


def move_tables(out: bytearray, moov: bytes, parent: Atom, start: int, by: int) -> None:
    """Set the chunk offsets right that point behind `start`; `out` is `moov`, to be changed."""
    for atom in atoms(moov, parent.body, parent.stop):
        if atom.name in _HOLDING_OFFSETS:
            move_tables(out, moov, atom, start, by)
        elif atom.name in _UNKNOWN_OFFSETS:
            raise TagError(CANNOT_MOVE)
        elif atom.name in (b"stco", b"co64"):
            _move_table(out, atom, start, by)


def _move_table(out: bytearray, atom: Atom, start: int, by: int) -> None:
    width, form = (4, ">I") if atom.name == b"stco" else (8, ">Q")
    count = int.from_bytes(out[atom.body + 4 : atom.body + 8], "big")
    if atom.body + 8 + count * width > atom.stop:
        raise Damaged
    for at in range(atom.body + 8, atom.body + 8 + count * width, width):
        (offset,) = struct.unpack_from(form, out, at)
        if offset >= start:
            if offset + by >= 1 << 8 * width:
                raise TagError(CANNOT_MOVE)
            struct.pack_into(form, out, at, offset + by)


def moved_fragments(data: Bytes, behind: Sequence[Atom], moov: Atom, by: int) -> Iterator[Edit]:
    """What in fragments and their index says where something lies in the file."""
    if any(atom.name == b"sidx" for atom in atoms(data, 0, moov.start)):
        raise TagError(CANNOT_MOVE)  # its distances reach over the place that grows
    for atom in behind:
        if atom.name == b"moof":
            for traf in atoms(data, atom.body, atom.stop):
                if traf.name == b"traf":
                    yield from _moved_base(data, traf, moov.stop, by)
        elif atom.name == b"mfra":
            for tfra in atoms(data, atom.body, atom.stop):
                if tfra.name == b"tfra":
                    yield from _moved_index(data, tfra, moov.stop, by)


def _moved_base(data: Bytes, traf: Atom, start: int, by: int) -> Iterator[Edit]:
    for atom in atoms(data, traf.body, traf.stop):
        if atom.name in _UNKNOWN_OFFSETS:
            raise TagError(CANNOT_MOVE)
        if atom.name == b"tfhd" and data[atom.body + 3] & 1:
            yield from _moved_number(data, atom.body + 8, 8, start, by)


def _moved_index(data: Bytes, tfra: Atom, start: int, by: int) -> Iterator[Edit]:
    version = data[tfra.body]
    lengths, count = struct.unpack(">II", data[tfra.body + 8 : tfra.body + 16])
    width = 8 if version == 1 else 4
    entry = 2 * width + sum((lengths >> shift & 3) + 1 for shift in (4, 2, 0))
    if tfra.body + 16 + count * entry > tfra.stop:
        raise Damaged
    for i in range(count):
        yield from _moved_number(data, tfra.body + 16 + i * entry + width, width, start, by)


def _moved_number(data: Bytes, at: int, width: int, start: int, by: int) -> Iterator[Edit]:
    offset = int.from_bytes(data[at : at + width], "big")
    if offset >= start:
        if offset + by >= 1 << 8 * width:
            raise TagError(CANNOT_MOVE)
        yield Edit(at, at + width, (offset + by).to_bytes(width, "big"))
