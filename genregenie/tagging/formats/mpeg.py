"""An ID3 tag in front of the audio: MP3 and its older layers, raw AAC and TTA that have one.

Of an ID3v1 tag at the end, the number of the genre goes along, unless a frame that was cut off runs
into it. An APEv2 tag is read where ID3 has
no genre, and stays as it is; in a TTA that has no other tag, it is the one that is written.
"""

from collections.abc import Sequence

from genregenie.tagging.delta import Bytes
from genregenie.tagging.formats import ape, id3
from genregenie.tagging.formats.edits import Edit
from genregenie.tagging.formats.genrelist import ID3V1_GENRES, id3v1_number
from genregenie.tagging.formats.kinds import frames_end

_FIELDS = ((b"TIT2", 3, 33), (b"TPE1", 33, 63), (b"TALB", 63, 93), (b"TDRC", 93, 97))
_COMMENT, _TRACK, _GENRE = slice(97, 127), 126, 127


def _v1(data: Bytes) -> bytes:
    return data[ape.id3v1_start(data) :]


def read(data: Bytes, start: int) -> list[str]:
    """The genres of the ID3 tag, else of an APEv2 tag, else of an ID3v1 tag that stands alone."""
    genres = id3.parse(data).genres() if start else []
    genres = genres or ape.read(data)
    old = _v1(data)
    if not genres and not start and old and old[_GENRE] < len(ID3V1_GENRES):
        return [ID3V1_GENRES[old[_GENRE]]]
    return genres


def others(data: Bytes, start: int) -> list[bytes]:
    """Every frame but the genre, later tags in front, and the tags behind the audio."""
    tag = id3.parse(data) if start else id3.Tag(4)
    return [*tag.others, data[tag.size : start], *ape.others(data)[:-1], _v1(data)[:_GENRE]]


def edits(data: Bytes, start: int, genres: Sequence[str]) -> list[Edit]:
    """What to change for these genres.

    Raises
    ------
    TagError
    """
    old = _v1(data)
    if start:
        tag = id3.parse(data)
        out = [Edit(0, tag.size, id3.with_genres(tag, genres))]
    elif ape.has_tag(data) and data[:3] == b"TTA":
        return ape.edits(data, start, genres)
    else:
        out = [Edit(0, 0, id3.with_genres(_from_v1(old), genres))]
    if old and _stands_apart(data):
        out.append(Edit(len(data) - 1, len(data), bytes([id3v1_number(genres)])))
    return out


def _stands_apart(data: Bytes) -> bool:
    """Whether no frame runs into the ID3v1 tag: of one that was cut off, it is a part."""
    end = frames_end(data, ape.id3v1_start(data))
    return end is not None and data[end : end + 11].startswith(
        (b"TAG", b"APETAGEX", b"LYRICSBEGIN")
    )


def _from_v1(old: bytes) -> id3.Tag:
    """A tag with the fields of ID3v1, which programs do not read beside a newer one."""
    if not old:
        return id3.Tag(4)
    frames = [(name, old[begin:stop]) for name, begin, stop in _FIELDS]
    comment = old[_COMMENT]
    if comment[28] == 0 and comment[29]:  # ID3v1.1 keeps the number of the track there
        frames.append((b"TRCK", str(comment[29]).encode()))
        comment = comment[:28]
    made = [id3.text_frame(n, text) for n, v in frames if (text := _text(v))]
    if words := _text(comment):
        made.append(id3.comment_frame("ID3v1 Comment", words))
    return id3.Tag(4, frames=tuple(made))


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("latin-1").strip()
