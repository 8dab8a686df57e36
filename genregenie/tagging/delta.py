"""What a file was before its tags were written, kept as the difference to what it is now.

Writing a tag moves or changes a few bytes: the tag, an index of chunks, checksums of pages. The
record names the stretches of the new file that the old one is made of and holds only the bytes
that are gone, so it is small, works for every format, and gives the old file back to the byte.
Digests of both files make sure of it.
"""

import hashlib
import mmap
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from genregenie.common.errors import GenreGenieError

Bytes = bytes | mmap.mmap

_HEAD: Final = struct.Struct("<QQ16s16s")
_OPERATION: Final = struct.Struct("<?QQ")
_COMPARED: Final = 1 << 16
_PROBE: Final = 32
_STEP: Final = 16
_STEPS_IN_PLACE: Final = 4
_SEARCHES: Final = 5_000  # after that many in vain the rest is kept as it is


class DeltaError(GenreGenieError):
    """A record that does not belong to the file it is applied to."""


def digest(data: Bytes) -> bytes:
    """16 bytes that tell one content from another."""
    return hashlib.blake2b(data, digest_size=16).digest()


def difference(old: Bytes, new: Bytes) -> bytes:
    """A record from which `restored` makes `old` out of `new`."""
    operations = bytearray()
    for start, length, literal in _operations(old, new):
        operations += _OPERATION.pack(literal is not None, start, length) + (literal or b"")
    return _HEAD.pack(len(old), len(new), digest(old), digest(new)) + zlib.compress(
        bytes(operations), 9
    )


def digests(record: bytes) -> tuple[bytes, bytes]:
    """Of the old and of the new file."""
    _, _, old, new = _HEAD.unpack_from(record)
    return old, new


def restored(new: Bytes, record: bytes) -> Iterator[bytes]:
    """The old file in pieces.

    Raises
    ------
    DeltaError
        If `new` is not the file that the record was made with. Nothing is yielded then.
    """
    old_size, new_size, wanted, expected = _HEAD.unpack_from(record)
    if len(new) != new_size or digest(new) != expected:
        raise DeltaError("another file")
    operations = zlib.decompress(record[_HEAD.size :])
    at = size = 0
    check = hashlib.blake2b(digest_size=16)
    while at < len(operations):
        is_literal, start, length = _OPERATION.unpack_from(operations, at)
        at += _OPERATION.size
        for begin in range(0, length, 1 << 20):
            end = min(begin + (1 << 20), length)
            if is_literal:
                piece = operations[at + begin : at + end]
            else:
                piece = new[start + begin : start + end]
            check.update(piece)
            size += len(piece)
            yield piece
        at += length if is_literal else 0
    if size != old_size or check.digest() != wanted:
        raise DeltaError("the record is damaged")


def _operations(old: Bytes, new: Bytes) -> Iterator[tuple[int, int, bytes | None]]:
    """Copies ``(start in new, length, None)`` and literals ``(0, length, bytes)``, in order."""
    prefix = common(old, 0, new, 0)
    suffix = _common_end(old, new, min(len(old), len(new)) - prefix)
    if prefix:
        yield 0, prefix, None
    yield from _middle(old, prefix, len(old) - suffix, new, prefix, len(new) - suffix)
    if suffix:
        yield len(new) - suffix, suffix, None


def _middle(
    old: Bytes, at: int, end: int, new: Bytes, new_start: int, new_end: int
) -> Iterator[tuple[int, int, bytes | None]]:
    shift = new_start - at
    pending = at  # from here to `at` nothing was found
    missed = searches = 0
    while at < end:
        probe = old[at : min(at + _PROBE, end)]
        # Most of what comes lies where the last match would have put it, a checksum further on.
        there = at + shift
        if not (new_start <= there and new[there : there + len(probe)] == probe):
            there = -1
            if missed >= _STEPS_IN_PLACE and len(probe) == _PROBE and searches < _SEARCHES:
                searches += 1
                there = new.find(probe, new_start, new_end)
        if there < 0:
            missed += 1
            at += _STEP
            continue
        back = 0
        while (
            at - back > pending and there - back > 0 and old[at - back - 1] == new[there - back - 1]
        ):
            back += 1
        at, there = at - back, there - back
        if at > pending:
            yield 0, at - pending, old[pending:at]
        length = min(common(old, at, new, there), end - at)
        yield there, length, None
        at += length
        pending, shift, missed = at, there + length - at, 0
    if end > pending:
        yield 0, end - pending, old[pending:end]


def common(a: Bytes, at_a: int, b: Bytes, at_b: int, most: int | None = None) -> int:
    """How many bytes are the same from there on, `most` at most."""
    limit = min(len(a) - at_a, len(b) - at_b)
    if most is not None:
        limit = min(limit, most)
    length = 0
    step = _COMPARED
    while length < limit:
        step = min(step, limit - length)
        if a[at_a + length : at_a + length + step] == b[at_b + length : at_b + length + step]:
            length += step
        elif step == 1:
            break
        else:
            step //= 2
    return length


def _common_end(a: Bytes, b: Bytes, limit: int) -> int:
    """How many bytes are the same at the end, `limit` at most."""
    length = 0
    step = _COMPARED
    while length < limit:
        step = min(step, limit - length)
        end_a, end_b = len(a) - length, len(b) - length
        if a[end_a - step : end_a] == b[end_b - step : end_b]:
            length += step
        elif step == 1:
            break
        else:
            step //= 2
    return length
