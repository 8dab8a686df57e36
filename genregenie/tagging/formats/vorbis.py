"""Vorbis comments, as FLAC and Ogg carry them: bytes in, the same bytes with other genres out."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

from genregenie.tagging.formats.edits import Damaged
from genregenie.tagging.formats.genrelist import lenient

_KEY = b"genre"


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

    @property
    def genres(self) -> list[str]:
        """The values of ``GENRE``."""
        return [lenient(c.partition(b"=")[2]) for c in self.comments if _is_genre(c)]

    @property
    def others(self) -> tuple[bytes, ...]:
        """Everything but the genres."""
        return (self.vendor, *(c for c in self.comments if not _is_genre(c)), self.rest)

    def with_genres(self, genres: Sequence[str]) -> "Comments":
        """The same with these genres, where the first one stood, under the name it had."""
        old = [i for i, comment in enumerate(self.comments) if _is_genre(comment)]
        at = old[0] if old else len(self.comments)
        key = self.comments[at].partition(b"=")[0] if old else b"GENRE"
        made = [key + b"=" + genre.encode("utf-8") for genre in genres]
        before, after = (
            [c for c in some if not _is_genre(c)]
            for some in (self.comments[:at], self.comments[at:])
        )
        return replace(self, comments=(*before, *made, *after))


def _is_genre(comment: bytes) -> bool:
    key, equals, _ = comment.partition(b"=")
    return bool(equals) and key.lower() == _KEY


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
