"""Vorbis comments, as FLAC and Ogg carry them: bytes in, the same bytes with other tags out."""

import struct
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from genregenie.tagging.formats.edits import Damaged
from genregenie.tagging.formats.fields import FIELDS, NAMES, Field, Wanted, rewritten
from genregenie.tagging.formats.genrelist import lenient

_FIELDS: Final = {name.lower().encode(): f for f, names in NAMES.items() for name in names}


@dataclass(frozen=True)
class Comments:
    """A block of comments.

    Attributes
    ----------
    vendor : bytes
    comments : tuple of bytes
        As they stand there; not every one need have a name or be text.
    rest : bytes
        What follows: a framing bit, padding, or nothing.
    """

    vendor: bytes = b""
    comments: tuple[bytes, ...] = ()
    rest: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> "Comments":
        """Read a block.

        Raises
        ------
        TagError
            If a length in it is not true.
        """
        vendor, at = _piece(data, 0)
        (count,) = _number(data, at)
        at += 4
        comments = []
        for _ in range(count):
            comment, at = _piece(data, at)
            comments.append(comment)
        return cls(vendor, tuple(comments), data[at:])

    def to_bytes(self) -> bytes:
        """The block."""
        listed = (struct.pack("<I", len(c)) + c for c in (self.vendor, *self.comments))
        vendor, *comments = listed
        return vendor + struct.pack("<I", len(comments)) + b"".join(comments) + self.rest

    def values(self) -> dict[Field, list[str]]:
        """What our fields hold."""
        return {
            field: [lenient(c.partition(b"=")[2]) for c in self.comments if _field(c) == field]
            for field in FIELDS
        }

    def others(self, fields: Collection[Field]) -> tuple[bytes, ...]:
        """Everything but these fields."""
        return (self.vendor, *(c for c in self.comments if _field(c) not in fields), self.rest)

    def with_values(self, wanted: Wanted) -> "Comments":
        """The same with these values, where a field's first stood, under the name it had."""
        made = {}
        for field, values in wanted.items():
            named = (c.partition(b"=")[0] for c in self.comments if _field(c) == field)
            key = next(named, NAMES[field][0].upper().encode())
            made[field] = [key + b"=" + value.encode("utf-8") for value in values]
        placed, new = rewritten(((_field(c), c) for c in self.comments), made)
        return replace(self, comments=(*placed, *new))


def _field(comment: bytes) -> Field | None:
    key, equals, _ = comment.partition(b"=")
    return _FIELDS.get(key.lower()) if equals else None


def _number(data: bytes, at: int) -> tuple[int]:
    if at + 4 > len(data):
        raise Damaged
    return struct.unpack_from("<I", data, at)


def _piece(data: bytes, at: int) -> tuple[bytes, int]:
    (size,) = _number(data, at)
    end = at + 4 + size
    if end > len(data):
        raise Damaged
    return data[at + 4 : end], end
