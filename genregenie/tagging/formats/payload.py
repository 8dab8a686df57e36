"""The proof that a file's sound is in its new version too: packet by packet, never decoded.

FFmpeg takes both versions apart, independently of the code that wrote the new one, and the packets
of every stream have to be the same: their bytes, their order, their times and how long they last,
and so have to be the parameters that a decoder is set up with. Where FFmpeg's demuxer does nothing
but read on, one packet after another, the packets need not be looked at one by one: from the
first one on both files are the same bytes, so they are the same packets.
"""

import mmap
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from itertools import zip_longest
from typing import Any, Final

import av

from genregenie.audio import AudioError
from genregenie.audio.decoding import bound_allocations, open_container, open_source
from genregenie.tagging.delta import common
from genregenie.tagging.formats import ape, mp4, riff, samples
from genregenie.tagging.formats.ape import id3v1_start
from genregenie.tagging.formats.edits import TagError
from genregenie.tagging.formats.fields import Field
from genregenie.tagging.formats.kinds import sniff

UNPROVED: Final = (
    "GenreGenie cannot prove that the sound of this file would stay the same, so it is left as it "
    "was."
)
CHANGED: Final = "A tag would have changed the sound of this file, so it is left as it was."
TAGS_CHANGED: Final = "A tag would have changed other tags of this file, so it is left as it was."

_READ_ON: Final = frozenset(("mp3", "flac", "aac", "ogg", "tta", "wv", "ape", "mpc", "mpc8"))
"""FFmpeg's demuxers that read one packet after another, wherever the first one lies."""

_CHUNKED: Final = frozenset(("wav", "aiff"))
"""Those that do the same within one chunk, whose length they say."""

_KEYS: Final[Mapping[Field, frozenset[str]]] = {
    "genre": frozenset(("genre", "tcon", "tco", "ignr", "wm/genre", "gnre")),
    "mood": frozenset(("mood", "tmoo", "wm/mood")),
    "grouping": frozenset(("grouping", "tit1", "tt1", "grp1", "gp1", "wm/contentgroupdescription")),
    "tempo": frozenset(("bpm", "tbpm", "tbp", "tmpo", "wm/beatsperminute")),
    "key": frozenset(("initialkey", "key", "tkey", "tke", "wm/initialkey")),
}
"""What FFmpeg calls our fields."""

_WORD: Final = 4  # bytes
_XIPH: Final = ("vorbis", "theora", "speex")

Bytes = mmap.mmap


def prove(old: str, new: str, fields: Collection[Field] = ()) -> None:
    """Prove that a file and its new version hold the same sound.

    Parameters
    ----------
    old, new : str
    fields : collection of Field
        What may differ in their tags.

    Raises
    ------
    TagError
        If it is not the same, or FFmpeg cannot take the file apart.
    """
    with _opened(old, UNPROVED) as (before, old_bytes), _opened(new, CHANGED) as (after, new_bytes):
        streams, other_streams = (
            container.streams.audio if _is_misread(old_bytes) else list(container.streams)
            for container in (before, after)
        )
        if _parameters(before, streams) != _parameters(after, other_streams):
            raise TagError(CHANGED)
        if _values(before, fields) - _values(after, fields) and not _is_misread(old_bytes):
            raise TagError(TAGS_CHANGED)
        if before.format.name.startswith("mov") and _same_tables(old_bytes, new_bytes):
            return
        packets, others = _packets(before, streams), _packets(after, other_streams)
        first, other = next(packets, None), next(others, None)
        if first is None or not isinstance(first, av.Packet):
            raise TagError(UNPROVED)
        if not _alike(first, other):
            raise TagError(CHANGED)
        if before.format.name in _READ_ON and _same_bytes(first, other, old_bytes, new_bytes):
            return
        durations = {container.streams.audio[0].duration for container in (before, after)}
        chunked = before.format.name in _CHUNKED and len(durations) == 1
        if chunked and _same_chunk(first, other, old_bytes, new_bytes):
            return
        if before.format.name == "ape":
            packets, others = _cut(packets, old_bytes), _cut(others, new_bytes)
        if not all(_alike(a, b) for a, b in zip_longest(packets, others)):
            raise TagError(CHANGED)


@contextmanager
def _opened(path: str, otherwise: str) -> Iterator[tuple[Any, Bytes]]:
    bound_allocations()
    try:
        file, _ = open_source(path)
    except AudioError as error:
        raise TagError(otherwise) from error
    with file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            container = open_container(file)
        except AudioError as error:
            raise TagError(otherwise) from error
        with container:
            if not container.streams.audio:
                raise TagError(otherwise)
            yield container, data


def _is_misread(data: Bytes) -> bool:
    """Whether FFmpeg goes astray in the tag, and sees pictures and texts where none are.

    It takes sizes of frames in ID3v2.2 and 2.3 for those after unsynchronisation, and some APEv2
    tags for ID3v1.
    """
    unsynchronised = data[:3] == b"ID3" and data[3] < 4 and bool(data[5] & 0x80)
    return unsynchronised or ape.looks_like_id3v1(data)


def _parameters(container: Any, streams: Any) -> list[object]:
    """What decoders are set up with, stream for stream."""
    return [container.format.name, *(_of_stream(stream) for stream in streams)]


def _of_stream(stream: Any) -> tuple[object, ...]:
    context = stream.codec_context
    if context is None:  # nothing here decodes it; its packets are compared all the same
        return stream.type, stream.time_base
    extra = context.extradata or b""
    if context.name in _XIPH or context.name == "libvorbis":
        extra = _without_comments(extra)
    sound: tuple[object, ...] = ()
    if stream.type == "audio":
        form = context.format.name if context.format else None
        sound = context.sample_rate, context.layout.name, form
    return stream.type, stream.time_base, context.name, extra, *sound


def _without_comments(extra: bytes) -> bytes:
    """The three headers of a codec of Xiph's, laced together, without the second: the comments."""
    if extra[:1] != b"\2":
        return extra
    sizes: list[int] = []
    at = 1
    while len(sizes) < 2 and at < len(extra):
        size = 0
        while at < len(extra) and extra[at] == 255:
            size, at = size + 255, at + 1
        if at < len(extra):
            size, at = size + extra[at], at + 1
        sizes.append(size)
    if len(sizes) < 2:
        return extra
    return extra[at : at + sizes[0]] + extra[at + sum(sizes) :]


def _values(container: Any, fields: Collection[Field]) -> Counter[str]:
    """Texts of all tags but these fields, as FFmpeg reads them."""
    held = [container.metadata, *(stream.metadata for stream in container.streams)]
    ours = frozenset[str]().union(*(_KEYS[field] for field in fields))
    return Counter(value for tags in held for key, value in tags.items() if key.lower() not in ours)


def _packets(container: Any, streams: Any) -> Iterator[Any]:
    """Every packet; last, the name of the error if damage ended them."""
    try:
        for packet in container.demux(*streams):
            if packet.size:
                yield packet
    except (av.FFmpegError, ValueError) as error:
        yield type(error).__name__


def _cut(packets: Iterator[Any], data: Bytes) -> Iterator[Any]:
    """The packets of a Monkey's Audio.

    FFmpeg takes all that follows the last frame for a part of it, so that one ends here where the
    tags begin.
    """
    last = None
    for packet in packets:
        if last is not None:
            yield last
        last = packet
    if isinstance(last, av.Packet):
        # FFmpeg ends it at a whole word, so up to three bytes in front of the tags are lost too.
        yield last.pts, bytes(last)[: last.size - (len(data) - ape.start(data))]
    else:
        yield last


def _alike(a: Any, b: Any) -> bool:
    if isinstance(a, tuple) and isinstance(b, tuple):  # the ends of a Monkey's Audio
        size = min(len(a[1]), len(b[1]))
        return a[0] == b[0] and a[1][:size] == b[1][:size] and abs(len(a[1]) - len(b[1])) < _WORD
    if not (isinstance(a, av.Packet) and isinstance(b, av.Packet)):
        return type(a) is type(b) and bool(a == b)
    return (
        (a.stream_index, a.pts, a.dts, a.duration) == (b.stream_index, b.pts, b.dts, b.duration)
        and a.is_keyframe == b.is_keyframe
        and bytes(a) == bytes(b)
    )


def _same_bytes(first: Any, other: Any, old: Bytes, new: Bytes) -> bool:
    """Whether both files are the same from their first packets on, up to an ID3v1 tag."""
    begins = [packet.pos for packet in (first, other)]
    if any(begin is None or begin < 0 for begin in begins):
        return False
    tagged = [sniff(data) for data in (old, new)]
    if tagged[0].name in ("MP3", "AAC", "TTA"):  # what stands before the first packet counts too
        begins = [kind.start for kind in tagged]
    length = id3v1_start(old) - begins[0]
    same_length = length == id3v1_start(new) - begins[1]
    return same_length and common(old, begins[0], new, begins[1]) >= length


def _same_chunk(first: Any, other: Any, old: Bytes, new: Bytes) -> bool:
    """Whether the chunks of sound hold the same bytes, and the first packets lie in them."""
    chunks = [riff.sound(data, sniff(data).start) for data in (old, new)]
    (start, stop), (new_start, new_stop) = chunks
    return (
        start <= (first.pos or 0) < stop
        and first.pos - start == (other.pos or 0) - new_start
        and stop - start == new_stop - new_start
        and common(old, start, new, new_start, stop - start) == stop - start
    )


def _same_tables(old: Bytes, new: Bytes) -> bool:
    """Whether an MP4's tables are the same bytes, and so is all that they point to."""
    where = samples.extent(old)
    if where is None or mp4.tables(old) != mp4.tables(new) or samples.extent(new) != where:
        return False
    start, stop = where
    return common(old, start, new, start, stop - start) == stop - start
