"""Changes to a file as a list of places and what stands there instead; all else is copied."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from genregenie.common.errors import GenreGenieError
from genregenie.tagging.delta import Bytes, common

_COPIED: Final = 1 << 20


class TagError(GenreGenieError):
    """Tags that cannot be read or written; the message is a sentence for the file's owner."""


DAMAGED: Final = "The tags of this file are damaged."


class Damaged(TagError):  # noqa: N818 - it is a TagError
    """Tags that contradict themselves."""

    def __init__(self) -> None:
        super().__init__(DAMAGED)


@dataclass(frozen=True, slots=True)
class Edit:
    """`data` stands for what is from `start` to `stop`, ``0 <= start <= stop <= size``."""

    start: int
    stop: int
    data: bytes


def pieces(old: Bytes, edits: Sequence[Edit]) -> Iterator[bytes]:
    """The new file, a megabyte at a time. Edits may come in any order and must not overlap.

    Raises
    ------
    ValueError
        If they do.

    Examples
    --------
    >>> b"".join(pieces(b"one two", [Edit(4, 7, b"three"), Edit(0, 0, b"zero ")]))
    b'zero one three'
    """
    at = 0
    for edit in [*_in_order(edits), Edit(len(old), len(old), b"")]:
        if not at <= edit.start <= edit.stop <= len(old):
            raise ValueError("edits that overlap")
        for start in range(at, edit.start, _COPIED):
            yield old[start : min(start + _COPIED, edit.start)]
        if edit.data:
            yield edit.data
        at = edit.stop


def _in_order(edits: Sequence[Edit]) -> list[Edit]:
    return sorted(edits, key=lambda edit: (edit.start, edit.stop))


def all_else_is_same(old: Bytes, new: Bytes, edits: Sequence[Edit]) -> bool:
    """Whether what was written is what was to be written: the disk may have had other ideas."""
    at = moved = 0
    for edit in [*_in_order(edits), Edit(len(old), len(old), b"")]:
        kept = edit.start - at
        if common(old, at, new, at + moved, kept) < kept:
            return False
        moved += len(edit.data) - (edit.stop - edit.start)
        at = edit.stop
    return len(new) == len(old) + moved
