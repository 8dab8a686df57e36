r"""Our fields of a file's tags, read and written; its content says what kind of file it is.

A list of values is the truth: formats that hold several get several. Of everything else, not a
byte is interpreted, so nothing is lost that nobody understands.

=========================  ============  ==========================  =============================
kind of file               genre         mood                        grouping
=========================  ============  ==========================  =============================
MP3, DSF, AIFF, WAV; AAC   ``TCON``      ``TMOO``, before ID3v2.4    ``TIT1``, or ``GRP1`` where
and TTA with an ID3 tag                  ``TXXX:MOOD``               iTunes has made one
WAV with a list of texts   ``IGNR``      no place                    no place
FLAC, Ogg, Opus, Speex     ``GENRE``     ``MOOD``                    ``GROUPING``
M4A, ALAC                  ``\xa9gen``   ``com.apple.iTunes:MOOD``   ``\xa9grp``
WavPack, Monkey's Audio,   ``Genre``     ``Mood``                    ``Grouping``
Musepack
WMA                        ``WM/Genre``  ``WM/Mood``                 ``WM/ContentGroupDescription``
=========================  ============  ==========================  =============================

An ID3 tag keeps its version; where there was none, it is 2.4. Moods and groupings are where
MusicBrainz Picard documents them, and so are tempo and key but for the name of the latter in
comments (`genregenie.tagging.formats.fields.NAMES`):

====================  =====================  ===============================
kind of file          tempo                  key
====================  =====================  ===============================
MP3 and the like      ``TBPM``               ``TKEY``
WAV, a list of texts  no place               no place
FLAC and the like     ``BPM``                ``INITIALKEY``
M4A, ALAC             ``tmpo``               ``com.apple.iTunes:initialkey``
WavPack and the like  ``BPM``                ``InitialKey``
WMA                   ``WM/BeatsPerMinute``  ``WM/InitialKey``
====================  =====================  ===============================
"""

import mmap
import os
import re
import struct
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from genregenie.common.formatting import reason
from genregenie.tagging.delta import Bytes
from genregenie.tagging.formats import ape, asf, dsf, flac, mp4, mpeg, ogg, payload, riff
from genregenie.tagging.formats.edits import DAMAGED, Edit, TagError, all_else_is_same, pieces
from genregenie.tagging.formats.fields import Field, Tags, Wanted
from genregenie.tagging.formats.genrelist import named
from genregenie.tagging.formats.kinds import Kind, sniff
from genregenie.tagging.replace import COPY_PREFIX, prepare

__all__ = [
    "TagError",
    "mapped",
    "no_place",
    "read_genres",
    "read_tags",
    "write_copy",
    "write_genres",
    "write_tags",
]


@dataclass(frozen=True)
class _Format:
    """Given a file's bytes and where it begins in them."""

    read: Callable[[Bytes, int], dict[Field, list[str]]]
    others: Callable[[Bytes, int, Collection[Field]], list[bytes]]
    edits: Callable[[Bytes, int, Wanted], list[Edit]]


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

_WHOLE_NUMBER: Final = re.compile(r"[1-9][0-9]{0,3}")
_NOTHING: Final[Mapping[Field, str]] = {"tempo": "0. \t\r\n"}
"""Of what characters a value consists that is none, where that is more than space: programs write
a tempo of 0 where they do not know it."""


def read_tags(path: str | os.PathLike[str]) -> Tags:
    """What a file's tags hold of our fields; empty where it has no tags yet.

    Values stand as they are written, but for numbers of ID3v1's list, which are read as names. One
    that lists several (``"Jazz, Blues"``) is one value; `genregenie.tagging.policy` knows what it
    means.

    Returns
    -------
    Tags
        Without fields that the file's kind of tag has no place for.

    Raises
    ------
    TagError
        If the file cannot be read, or its format has no place for a genre.
    """
    try:
        with mapped(os.fspath(path)) as data:
            return _tags_in(data)
    except OSError as error:
        raise _unreadable(error) from error


def read_genres(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """The genres alone; as `read_tags`."""
    return read_tags(path)["genre"]


def write_tags(path: str | os.PathLike[str], wanted: Wanted) -> None:
    """Put values in the place of those that are there; other fields stay as they are.

    The new version takes the old one's place when it is proved to be the same in all else.

    Raises
    ------
    TagError
        As for `read_tags` and `write_copy`; the file is then as it was.
    ReplaceError
        If the file cannot be written, the disk is full for instance.
    """

    def make(source: str, copy: str) -> None:
        write_copy(source, copy, wanted)

    try:
        os.stat(path)
    except OSError as error:
        raise _unreadable(error) from error
    prepare(os.fspath(path), COPY_PREFIX, make).take_its_place()


def write_genres(path: str | os.PathLike[str], genres: Sequence[str]) -> None:
    """Put `genres` in the place of those that are there; as `write_tags`."""
    write_tags(path, {"genre": genres})


def write_copy(source: str, copy: str, wanted: Wanted) -> None:
    """Write a copy of a file with other values, and prove that nothing else is another.

    Raises
    ------
    TagError
        If the file has no place for a value or is damaged, if the values do not come back as they
        were written, or if it cannot be shown that the sound and every other tag are the same.
    OSError
        If the copy cannot be written.
    """
    _check(wanted)
    with mapped(source) as old, _typed():
        kind = sniff(old)
        before = _tags_in(old)
        if lacking := [field for field in wanted if field not in before]:
            raise TagError(no_place(lacking))
        edits = _FORMATS[kind.name].edits(old, kind.start, wanted)
        with open(copy, "wb") as file:
            file.writelines(pieces(old, edits))
        with mapped(copy) as new:
            if not all_else_is_same(old, new, edits):
                raise TagError(payload.CHANGED)
            after = {field: tuple(values) for field, values in wanted.items()}
            if _tags_in(new) != {**before, **after}:
                raise TagError("The tags of this file did not take what was to be written.")
            if _others(old, kind, wanted) - _others(new, sniff(new), wanted):
                raise TagError(payload.TAGS_CHANGED)
        payload.prove(source, copy, wanted)


def no_place(fields: Collection[Field]) -> str:
    """That a file has no place for some fields, as a sentence."""
    return f"The tags of this file have no place for a {' or a '.join(fields)}."


def _tags_in(data: Bytes) -> Tags:
    """As `read_tags`, of a file's bytes."""
    with _typed():
        kind = sniff(data)
        found = _FORMATS[kind.name].read(data, kind.start)
        found["genre"] = [name for value in found["genre"] for name in named(value)]
        return {
            field: tuple(value for value in values if value.strip(_NOTHING.get(field)))
            for field, values in found.items()
        }


def _others(data: Bytes, kind: Kind, fields: Collection[Field]) -> Counter[bytes]:
    return Counter(part for part in _FORMATS[kind.name].others(data, kind.start, fields) if part)


def _check(wanted: Wanted) -> None:
    for field, values in wanted.items():
        for value in values:
            if field == "tempo" and not _WHOLE_NUMBER.fullmatch(value):
                raise TagError("A tempo must be a whole number of beats a minute.")
            if "\0" in value or not value.strip():
                raise TagError(f"A {field} must be one line of text.")
            try:
                value.encode("utf-8")
            except UnicodeEncodeError as error:
                raise TagError(f"A {field} must be text.") from error


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
