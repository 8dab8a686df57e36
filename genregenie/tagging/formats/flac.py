"""FLAC: its block of comments; padding takes up what it grows by, else the audio moves as it is."""

from collections.abc import Collection, Sequence

from genregenie.tagging.delta import Bytes
from genregenie.tagging.formats.edits import Damaged, Edit, TagError
from genregenie.tagging.formats.fields import Field, Wanted
from genregenie.tagging.formats.vorbis import Comments

_PADDING, _COMMENTS = 1, 4
_MAX_BLOCK_BYTES = (1 << 24) - 1
_NEW_PADDING = 1024

Block = tuple[int, bytes]


def _blocks(data: Bytes, start: int) -> tuple[list[Block], int]:
    """Kind and bytes of each block of metadata, and where the audio begins."""
    blocks, at, last = [], start + 4, 0
    while not last:
        head = data[at : at + 4]
        size = int.from_bytes(head[1:], "big")
        if len(head) < 4 or at + 4 + size > len(data):
            raise Damaged
        last = head[0] & 0x80
        blocks.append((head[0] & 0x7F, data[at + 4 : at + 4 + size]))
        at += 4 + size
    return blocks, at


def _comments(blocks: Sequence[Block]) -> tuple[int | None, Comments]:
    for i, (kind, body) in enumerate(blocks):
        if kind == _COMMENTS:
            return i, Comments.parse(body)
    return None, Comments(b"GenreGenie")


def read(data: Bytes, start: int) -> dict[Field, list[str]]:
    """The fields of the FLAC that begins at `start`."""
    return _comments(_blocks(data, start)[0])[1].values()


def others(data: Bytes, start: int, fields: Collection[Field]) -> list[bytes]:
    """Everything in front of the audio but these fields and padding."""
    blocks, _ = _blocks(data, start)
    place, comments = _comments(blocks)
    rest = [
        bytes([kind]) + body
        for i, (kind, body) in enumerate(blocks)
        if kind != _PADDING and i != place
    ]
    return [data[:start], *rest, *(comments.others(fields) if place is not None else ())]


def edits(data: Bytes, start: int, wanted: Wanted) -> list[Edit]:
    """What to change for these values.

    Raises
    ------
    TagError
    """
    blocks, end = _blocks(data, start)
    place, comments = _comments(blocks)
    new = comments.with_values(wanted).to_bytes()
    if len(new) > _MAX_BLOCK_BYTES:
        raise TagError("The tags of this file are too long for another.")
    grown = len(new) + 4
    if place is None:
        blocks.insert(1, (_COMMENTS, new))
    else:
        grown = len(new) - len(blocks[place][1])
        blocks[place] = (_COMMENTS, new)
    _pad(blocks, grown)
    out = b""
    for i, (kind, body) in enumerate(blocks):
        last = 0x80 if i == len(blocks) - 1 else 0
        out += bytes([kind | last]) + len(body).to_bytes(3, "big") + body
    return [Edit(start + 4, end, out)]


def _pad(blocks: list[Block], grown: int) -> None:
    """Take what the comments have grown by from the padding, or make new padding."""
    paddings = [i for i, (kind, _) in enumerate(blocks) if kind == _PADDING]
    for i in reversed(paddings):
        size = len(blocks[i][1]) - grown
        if 0 <= size <= _MAX_BLOCK_BYTES:
            blocks[i] = (_PADDING, bytes(size))
            return
    if paddings:
        blocks[paddings[-1]] = (_PADDING, bytes(_NEW_PADDING))
    elif grown:
        blocks.append((_PADDING, bytes(_NEW_PADDING)))
