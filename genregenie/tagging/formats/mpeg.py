"""An ID3 tag in front of the audio: MP3 and its older layers, raw AAC and TTA that have one.

Of an ID3v1 tag at the end, the number of the genre goes along, unless a frame that was cut off runs
into it. An APEv2 tag is read where ID3 lacks one of our fields, and stays as it is; in a TTA that
has no other tag, it is the one that is written.
"""

from collections.abc import Collection

from genregenie.tagging.delta import Bytes
from genregenie.tagging.formats import ape, id3
from genregenie.tagging.formats.edits import Edit
from genregenie.tagging.formats.fields import Field, Wanted
from genregenie.tagging.formats.genrelist import ID3V1_GENRES, id3v1_number, named
from genregenie.tagging.formats.kinds import frames_end

_FIELDS = ((b"TIT2", 3, 33), (b"TPE1", 33, 63), (b"TALB", 63, 93), (b"TDRC", 93, 97))
_COMMENT, _TRACK, _GENRE = slice(97, 127), 126, 127


def _v1(data: Bytes) -> bytes:
    return data[ape.id3v1_start(data) :]


def read(data: Bytes, start: int) -> dict[Field, list[str]]:
    """The fields of the ID3 tag, else of an APEv2 tag; the genre of ID3v1 if that stands alone."""
    tag, behind = id3.parse(data) if start else id3.Tag(4), ape.read(data)
    found = {field: values or behind[field] for field, values in tag.values().items()}
    found["genre"] = [name for value in found["genre"] for name in named(value)]
    old = _v1(data)
    if not found["genre"] and not start and old and old[_GENRE] < len(ID3V1_GENRES):
        found["genre"] = [ID3V1_GENRES[old[_GENRE]]]
    return found


def others(data: Bytes, start: int, fields: Collection[Field]) -> list[bytes]:
    """Every frame but these fields, later tags in front, and the tags behind the audio."""
    tag = id3.parse(data) if start else id3.Tag(4)
    in_ape = fields if _is_ape_written(data, start) else ()
    behind = [*ape.others(data, start, in_ape)[:-1], _v1(data)]
    if "genre" in fields:
        behind[-1] = behind[-1][:_GENRE]
    return [*tag.others(fields), data[tag.size : start], *behind]


def edits(data: Bytes, start: int, wanted: Wanted) -> list[Edit]:
    """What to change for these values.

    Raises
    ------
    TagError
    """
    old = _v1(data)
    if start:
        tag = id3.parse(data)
        out = [Edit(0, tag.size, id3.with_values(tag, wanted))]
    elif _is_ape_written(data, start):
        return ape.edits(data, start, wanted)
    else:  # beside a new tag the old ones are not read
        out = [Edit(0, 0, id3.with_values(_from_v1(old), {**read(data, start), **wanted}))]
    if old and "genre" in wanted and _stands_apart(data):
        out.append(Edit(len(data) - 1, len(data), bytes([id3v1_number(wanted["genre"])])))
    return out


def _is_ape_written(data: Bytes, start: int) -> bool:
    return not start and data[:3] == b"TTA" and ape.has_tag(data)


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
