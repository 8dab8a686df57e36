r"""The genres in a file's tags, read and written; one strategy a kind of file, chosen by content.

A list of genres is the truth: formats that hold several get several. Of everything else, not a
byte is interpreted, so nothing is lost that nobody understands.

=================================  ============================================================
MP3, raw AAC with a tag, TTA, DSF  ID3 ``TCON`` in the tag's version; 2.4 where there was none
AIFF, WAV                          the same in a chunk; ``IGNR`` in a WAV that has a list ``INFO``
FLAC, Ogg, Opus, Speex             Vorbis comments ``GENRE``, one for each
M4A, ALAC                          ``\xa9gen``, one value for each
WavPack, Monkey's Audio, Musepack  APEv2 ``Genre``, one value for each
WMA                                ``WM/Genre``, one attribute for each
=================================  ============================================================
"""

import mmap
import os
import struct
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from genregenie.common.formatting import reason
from genregenie.tagging.delta import Bytes
from genregenie.tagging.formats import ape, asf, dsf, flac, mp4, mpeg, ogg, payload, riff
from genregenie.tagging.formats.edits import DAMAGED, Edit, TagError, all_else_is_same, pieces
from genregenie.tagging.formats.genrelist import named
from genregenie.tagging.formats.kinds import Kind, sniff
from genregenie.tagging.replace import COPY_PREFIX, prepare

__all__ = ["TagError", "mapped", "read_genres", "write_copy", "write_genres"]


@dataclass(frozen=True)
class _Format:
    """Given a file's bytes and where it begins in them."""

    read: Callable[[Bytes, int], list[str]]
    others: Callable[[Bytes, int], list[bytes]]
    edits: Callable[[Bytes, int, Sequence[str]], list[Edit]]


_MPEG: Final = _Format(mpeg.read, mpeg.others, mpeg.edits)
_APE: Final = _Format(ape.read, ape.others, ape.edits)
_RIFF: Final = _Format(riff.read, riff.others, riff.edits)
_FORMATS: Final = {
    **dict.fromkeys(("MP3", "AAC", "TTA"), _MPEG),
    **dict.fromkeys(("WAV", "AIFF"), _RIFF),
    **dict.fromkeys(("WavPack", "Monkey's Audio", "Musepack", "TAK", "OptimFROG"), _APE),
    "FLAC": _Format(flac.read, flac.others, flac.edits),
    "Ogg": _Format(ogg.read, ogg.others, ogg.edits),
    "MP4": _Format(mp4.read, mp4.others, mp4.edits),
    "ASF": _Format(asf.read, asf.others, asf.edits),
    "DSF": _Format(dsf.read, dsf.others, dsf.edits),
}


def read_genres(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """The genres in a file's tags; none if it has no tags yet.

    Values stand as they are written, but for numbers of ID3v1's list, which are read as names. One
    that lists several (``"Jazz, Blues"``) is one value; `genregenie.tagging.policy` knows what it
    means.

    Raises
    ------
    TagError
        If the file cannot be read, or its format has no place for a genre.
    """
    try:
        with mapped(os.fspath(path)) as data:
            return genres_in(data)
    except OSError as error:
        raise _unreadable(error) from error


def write_genres(path: str | os.PathLike[str], genres: Sequence[str]) -> None:
    """Put `genres` in the place of those that are there.

    The new version takes the old one's place when it is proved to be the same in all else.

    Raises
    ------
    TagError
        As for `read_genres` and `write_copy`; the file is then as it was.
    ReplaceError
        If the file cannot be written, the disk is full for instance.
    """

    def make(source: str, copy: str) -> None:
        write_copy(source, copy, genres)

    try:
        os.stat(path)
    except OSError as error:
        raise _unreadable(error) from error
    prepare(os.fspath(path), COPY_PREFIX, make).take_its_place()


def write_copy(source: str, copy: str, genres: Sequence[str]) -> None:
    """Write a copy of a file with other genres, and prove that nothing else is another.

    Raises
    ------
    TagError
        If the file has no place for a genre or is damaged, if the genres do not come back as they
        were written, or if it cannot be shown that the sound and every other tag are the same.
    OSError
        If the copy cannot be written.
    """
    _check(genres)
    with mapped(source) as old, _typed():
        kind = sniff(old)
        edits = _FORMATS[kind.name].edits(old, kind.start, genres)
        with open(copy, "wb") as file:
            file.writelines(pieces(old, edits))
        with mapped(copy) as new:
            if not all_else_is_same(old, new, edits):
                raise TagError(payload.CHANGED)
            if genres_in(new) != tuple(genres):
                raise TagError("The tags of this file did not take the genres.")
            if _others(old, kind) - _others(new, sniff(new)):
                raise TagError(payload.TAGS_CHANGED)
        payload.prove(source, copy)


def genres_in(data: Bytes) -> tuple[str, ...]:
    """As `read_genres`, of a file's bytes."""
    with _typed():
        kind = sniff(data)
        values = _FORMATS[kind.name].read(data, kind.start)
        return tuple(name for value in values if value.strip() for name in named(value))


def _others(data: Bytes, kind: Kind) -> Counter[bytes]:
    return Counter(part for part in _FORMATS[kind.name].others(data, kind.start) if part)


def _check(genres: Sequence[str]) -> None:
    for genre in genres:
        if "\0" in genre or not genre.strip():
            raise TagError("A genre must be one line of text.")
        try:
            genre.encode("utf-8")
        except UnicodeEncodeError as error:
            raise TagError("A genre must be text.") from error


@contextmanager
def mapped(path: str) -> Iterator[mmap.mmap]:
    """The bytes of a file, which the system reads when asked for.

    Raises
    ------
    TagError
        If it is empty.
    OSError
    """
    with open(path, "rb") as file:
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise TagError("This file is empty. Export or download it again.") from error
        with data:
            yield data


@contextmanager
def _typed() -> Iterator[None]:
    """What reading numbers from damaged bytes raises is a `TagError`."""
    try:
        yield
    except (struct.error, LookupError, ValueError, OverflowError, MemoryError) as error:
        raise TagError(DAMAGED) from error


def _unreadable(error: OSError) -> TagError:
    if isinstance(error, FileNotFoundError):
        return TagError("There is no file with this name any more.")
    return TagError(f"The tags of this file cannot be read: {reason(error)}.")
