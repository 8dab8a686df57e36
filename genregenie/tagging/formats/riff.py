"""WAV, RF64, BW64 and AIFF: a chunk that holds an ID3 tag, and WAV's own list of texts.

A genre goes to the ID3 tag if there is one; else to the list of texts (``INFO``, ``IGNR``) of a
WAV that has one, so that its title is not hidden behind a tag that has none; else to a new ID3
tag. Where both are there, both are written. Other fields go to the ID3 tag; the list of
texts has no place for them. A new chunk goes to the end; where that cannot be found, in a recording
whose sizes were never filled in, it goes in front of the audio.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from genregenie.tagging.delta import Bytes
from genregenie.tagging.formats import id3
from genregenie.tagging.formats.edits import Damaged, Edit, TagError
from genregenie.tagging.formats.fields import Field, Wanted
from genregenie.tagging.formats.genrelist import lenient, named

_NO_SIZE: Final = 0xFFFFFFFF
_LARGE: Final = (b"RF64", b"BW64")
_ID3: Final = (b"id3 ", b"ID3 ")
_SOUND: Final = (b"data", b"SSND")
_TOO_LARGE: Final = "This file is as large as its format allows: there is no room for a tag."


@dataclass(frozen=True, slots=True)
class _Chunk:
    name: bytes
    start: int
    body: int
    stop: int  # of the body, which a byte of padding follows if its length is odd

    @property
    def end(self) -> int:
        return self.stop + (self.stop - self.body) % 2


@dataclass(frozen=True)
class _File:
    start: int
    order: Literal["little", "big"]
    chunks: tuple[_Chunk, ...]
    end: int  # where a new chunk may go
    at_end: bool  # whether that is the end, and not in front of a sound without a size

    def chunk(self, *names: bytes) -> _Chunk | None:
        return next((chunk for chunk in self.chunks if chunk.name in names), None)


def _parse(data: Bytes, start: int) -> _File:
    form = data[start : start + 4]
    order: Literal["little", "big"] = "big" if form == b"FORM" else "little"
    claimed = start + 8 + int.from_bytes(data[start + 4 : start + 8], order)
    sound_size = None
    at, chunks = start + 12, []
    limit = len(data)
    while at + 8 <= limit:
        name = data[at : at + 4]
        size = int.from_bytes(data[at + 4 : at + 8], order)
        if at >= claimed and claimed - start > 8 and not _is_known(name):
            break  # not a part of it: what somebody has hung on
        if name == b"ds64" and size >= 24:
            sound_size = int.from_bytes(data[at + 16 : at + 24], order)
        if name in _SOUND and size == _NO_SIZE and form in _LARGE and sound_size is not None:
            size = sound_size
        stop = at + 8 + size
        if stop > len(data) or (name in _SOUND and size == 0):
            if name not in _SOUND:
                break
            # Recorded without an end, or cut short: all that is left is sound.
            chunks.append(_Chunk(name, at, at + 8, len(data)))
            return _File(start, order, tuple(chunks), at, at_end=False)
        chunks.append(_Chunk(name, at, at + 8, stop))
        at = stop + size % 2
    if not any(chunk.name in _SOUND for chunk in chunks):
        raise TagError("There is no audio in this file, only what describes it.")
    return _File(start, order, tuple(chunks), min(at, len(data)), at_end=True)


def sound(data: Bytes, start: int) -> tuple[int, int]:
    """Where the sound begins and ends."""
    chunk = _parse(data, start).chunk(*_SOUND)
    if chunk is None:
        raise Damaged
    return chunk.body, chunk.stop


def _is_known(name: bytes) -> bool:
    return name in _ID3 or name in (b"LIST", b"JUNK", b"bext", b"iXML", b"_PMX", b"cue ")


def _infos(data: Bytes, chunk: _Chunk) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Name, value, and all bytes of each text of an ``INFO`` list."""
    at = chunk.body + 4
    while at + 8 <= chunk.stop:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        stop = at + 8 + size
        if stop > chunk.stop:
            raise Damaged
        end = min(stop + size % 2, chunk.stop)
        yield data[at : at + 4], data[at + 8 : stop], data[at:end]
        at = end


def _info(data: Bytes, file: _File) -> _Chunk | None:
    lists = (c for c in file.chunks if c.name == b"LIST" and file.order == "little")
    return next((c for c in lists if data[c.body : c.body + 4] == b"INFO"), None)


def _tag(data: Bytes, file: _File) -> tuple[_Chunk, id3.Tag] | None:
    chunk = file.chunk(*_ID3)
    if chunk is None or not id3.size_at(data, chunk.body):
        return None
    return chunk, id3.parse(data[chunk.body : chunk.stop])


def read(data: Bytes, start: int) -> dict[Field, list[str]]:
    """The fields of the ID3 tag; the genre in ``INFO`` if that has none."""
    file = _parse(data, start)
    tag, info = _tag(data, file), _info(data, file)
    if info is None:
        return (tag[1] if tag else id3.Tag(4)).values()
    found = tag[1].values() if tag else {"genre": []}
    if not found["genre"]:
        texts = (lenient(v.rstrip(b"\0")) for name, v, _ in _infos(data, info) if name == b"IGNR")
        found["genre"] = [genre for one in next(texts, "").split("; ") for genre in named(one)]
    return found


def others(data: Bytes, start: int, fields: Collection[Field]) -> list[bytes]:
    """Every chunk that is neither sound nor a place for fields; every other frame and text."""
    file = _parse(data, start)
    tag, info = _tag(data, file), _info(data, file)
    genre = b"IGNR" if "genre" in fields else None
    texts = [raw for name, _, raw in _infos(data, info) if name != genre] if info else []
    places = (tag[0] if tag else None, info, file.chunk(b"ds64"), file.chunk(*_SOUND))
    rest = [data[c.start : c.stop] for c in file.chunks if c not in places]
    return [*(tag[1].others(fields) if tag else ()), *(text.rstrip(b"\0") for text in texts), *rest]


def edits(data: Bytes, start: int, wanted: Wanted) -> list[Edit]:
    """What to change for these values.

    Raises
    ------
    TagError
    """
    file = _parse(data, start)
    tag, info = _tag(data, file), _info(data, file)
    out = []
    if tag:
        chunk, parsed = tag
        out.append(_chunk_edit(data, file, chunk, id3.with_values(parsed, wanted)))
    if info and "genre" in wanted and (not tag or _has_genre(data, info)):
        out.append(_chunk_edit(data, file, info, b"INFO" + _texts(data, info, wanted["genre"])))
    if not tag and not info:
        name = b"ID3 " if file.order == "big" else b"id3 "
        body = id3.with_values(id3.Tag(4), wanted)
        made = name + len(body).to_bytes(4, file.order) + body + bytes(len(body) % 2)
        last = file.chunks[-1]
        missing = bytes(last.end - file.end if file.at_end and last.end > len(data) else 0)
        out.append(Edit(file.end, file.end, missing + made))
    grown = sum(len(edit.data) - (edit.stop - edit.start) for edit in out)
    return [*out, *_sizes(data, file, grown)]


def _chunk_edit(data: Bytes, file: _File, chunk: _Chunk, body: bytes) -> Edit:
    size = len(body).to_bytes(4, file.order)
    stop = min(chunk.end, len(data))
    return Edit(chunk.start, stop, chunk.name + size + body + bytes(len(body) % 2))


def _has_genre(data: Bytes, info: _Chunk) -> bool:
    return any(name == b"IGNR" for name, *_ in _infos(data, info))


def _texts(data: Bytes, info: _Chunk, genres: Sequence[str]) -> bytes:
    """The list of texts with one genre, which names several with a semicolon."""
    value = "; ".join(genres).encode("utf-8") + b"\0"
    made = b"IGNR" + len(value).to_bytes(4, "little") + value + bytes(len(value) % 2)
    out, pending = b"", made if genres else b""
    for name, _, raw in _infos(data, info):
        if name == b"IGNR":
            out, pending = out + pending, b""
        else:
            out += raw + bytes(len(raw) % 2)
    return out + pending


def _sizes(data: Bytes, file: _File, grown: int) -> Iterator[Edit]:
    """The size of the whole, where one was filled in."""
    size_at = file.start + 4
    size = int.from_bytes(data[size_at : size_at + 4], file.order)
    large = file.chunk(b"ds64")
    if data[file.start : size_at] in _LARGE and large:
        total = int.from_bytes(data[large.body : large.body + 8], "little") + grown
        yield Edit(large.body, large.body + 8, total.to_bytes(8, "little"))
    elif size not in (0, _NO_SIZE):
        if not 0 <= size + grown < _NO_SIZE:
            raise TagError(_TOO_LARGE)
        yield Edit(size_at, size_at + 4, (size + grown).to_bytes(4, file.order))
