"""DSF (DSD on disk): an ID3 tag at the end, which the head of the file points to."""

from collections.abc import Collection

from genregenie.tagging.delta import Bytes
from genregenie.tagging.formats import id3
from genregenie.tagging.formats.edits import Damaged, Edit
from genregenie.tagging.formats.fields import Field, Wanted

_SIZE_AT, _POINTER_AT, _HEAD_BYTES = 12, 20, 28


def _tag(data: Bytes) -> tuple[int, id3.Tag | None]:
    """Where the tag is or may go, and the tag."""
    if len(data) < _HEAD_BYTES:
        raise Damaged
    at = int.from_bytes(data[_POINTER_AT : _POINTER_AT + 8], "little")
    if at == 0:
        return len(data), None
    if not _HEAD_BYTES <= at < len(data):
        raise Damaged
    return at, id3.parse(data, at)


def read(data: Bytes, start: int) -> dict[Field, list[str]]:
    """The fields; empty if there is no tag."""
    return (_tag(data)[1] or id3.Tag(4)).values()


def others(data: Bytes, start: int, fields: Collection[Field]) -> list[bytes]:
    """Every frame but these fields, and what stands behind the tag."""
    at, tag = _tag(data)
    return [*tag.others(fields), data[at + tag.size :]] if tag else []


def edits(data: Bytes, start: int, wanted: Wanted) -> list[Edit]:
    """What to change for these values."""
    at, tag = _tag(data)
    made = id3.with_values(tag or id3.Tag(4), wanted)
    stop = at + tag.size if tag else at
    size = len(data) + len(made) - (stop - at)
    out = [Edit(at, stop, made), Edit(_SIZE_AT, _SIZE_AT + 8, size.to_bytes(8, "little"))]
    if not tag:
        out.append(Edit(_POINTER_AT, _POINTER_AT + 8, at.to_bytes(8, "little")))
    return out
