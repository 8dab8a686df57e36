"""Atoms, which MP4 and QuickTime files are made of, read one after the other or by name."""

from collections.abc import Iterator
from dataclasses import dataclass

from genregenie.tagging.delta import Bytes
from genregenie.tagging.formats.edits import Damaged


@dataclass(frozen=True, slots=True)
class Atom:
    """An atom: its name, where it begins and ends, and how long its head is."""

    name: bytes
    start: int
    stop: int
    head: int

    @property
    def body(self) -> int:
        """Where its content begins."""
        return self.start + self.head


def atoms(data: Bytes, start: int, stop: int, strict: bool = True) -> Iterator[Atom]:
    """The atoms one after the other between two places.

    Raises
    ------
    TagError
        If one claims to be longer than what holds it; not if `strict` is false: there, it is
        what a download that was cut short ends with, and is as long as there is file.
    """
    while start + 8 <= stop:
        size = int.from_bytes(data[start : start + 4], "big")
        name, head = data[start + 4 : start + 8], 8
        if size == 1 and start + 16 <= stop:
            size, head = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        elif size == 0:
            if name == b"\0\0\0\0":  # the zeros that end QuickTime's user data
                return
            size = stop - start
        if size < head or (strict and start + size > stop):
            raise Damaged
        yield Atom(name, start, min(start + size, stop), head)
        start += size


def child_of(data: Bytes, parent: Atom, name: bytes, skip: int = 0) -> Atom | None:
    """The first atom with a name in another, behind so many bytes of its own."""
    inner = atoms(data, parent.body + skip, parent.stop)
    return next((atom for atom in inner if atom.name == name), None)
