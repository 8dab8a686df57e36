"""DSF (DSD on disk): an ID3 tag at the end, which the head of the file points to."""

from collections.abc import Sequence

from genregenie.tagging.delta import Bytes
from genregenie.tagging.formats import id3
from genregenie.tagging.formats.edits import Damaged, Edit

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


def read(data: Bytes, start: int) -> list[str]:
    """The genres; none if there is no tag."""
    tag = _tag(data)[1]
    return tag.genres() if tag else []


def others(data: Bytes, start: int) -> list[bytes]:
    """Every frame but the genre, and what stands behind the tag."""
    at, tag = _tag(data)
    return [*tag.others, data[at + tag.size :]] if tag else []


def edits(data: Bytes, start: int, genres: Sequence[str]) -> list[Edit]:
    """What to change for these genres."""
    at, tag = _tag(data)
    made = id3.with_genres(tag, genres) if tag else id3.with_genres(id3.Tag(4), genres)
    stop = at + tag.size if tag else at
    size = len(data) + len(made) - (stop - at)
    out = [Edit(at, stop, made), Edit(_SIZE_AT, _SIZE_AT + 8, size.to_bytes(8, "little"))]
    if not tag:
        out.append(Edit(_POINTER_AT, _POINTER_AT + 8, at.to_bytes(8, "little")))
    return out
