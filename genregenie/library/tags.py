r"""The genres in a file's tags, read and written through mutagen; one strategy a format.

A list of genres is the truth: formats that hold several get several. Nothing else in the tags is
touched, and the audio is not either. An ID3 tag stays in its version.

===========================  ==================================================================
MP3, AIFF, WAV               ID3 ``TCON``; version 2.4 where there was no tag
FLAC, Ogg, Opus              Vorbis comments ``GENRE``, one for each
M4A, ALAC                    ``\xa9gen``, one value for each
WavPack, Monkey's Audio      APEv2 ``Genre``, one value for each
===========================  ==================================================================
"""

import os
import struct
from collections.abc import Sequence
from typing import Any, Final, Protocol

import mutagen
from mutagen.aiff import AIFF
from mutagen.apev2 import APENoHeaderError, APEv2
from mutagen.flac import FLAC
from mutagen.id3 import ID3, TCON, Encoding, ID3NoHeaderError
from mutagen.monkeysaudio import MonkeysAudio
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE
from mutagen.wavpack import WavPack

_V1_SIZE: Final = 128
_NO_SUCH_GENRE: Final = 255


class TagError(Exception):
    """Tags that cannot be read or written; the message is a sentence for the file's owner."""


class _Format(Protocol):
    def read(self, path: str, audio: Any) -> Sequence[str]: ...

    def write(self, path: str, audio: Any, genres: Sequence[str]) -> None: ...


def read_genres(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """The genres in a file's tags; none if it has no tags yet.

    Raises
    ------
    TagError
        If the file cannot be read, or its format has no place for a genre.
    """
    name = os.fspath(path)
    try:
        audio, tags = _open(name)
        return tuple(g.strip() for g in tags.read(name, audio) if g.strip())
    except _TROUBLE as error:
        raise _sentence(error) from error


def write_genres(path: str | os.PathLike[str], genres: Sequence[str]) -> None:
    """Put `genres` in the place of those that are there, in place.

    Raises
    ------
    TagError
        As for `read_genres`, or if the genres do not come back as they were written.
    OSError
        If the file cannot be written, the disk is full for instance.
    """
    name = os.fspath(path)
    try:
        audio, tags = _open(name)
        tags.write(name, audio, genres)
    except _TROUBLE as error:
        cause = error.args[0] if error.args else None
        if isinstance(cause, OSError):
            raise cause from error
        raise _sentence(error) from error
    if read_genres(name) != tuple(genres):
        raise TagError("The tags of this file did not take the genres.")


def _open(path: str) -> tuple[Any, _Format]:
    audio = mutagen.File(path, options=list(_FORMATS))
    if audio is None:
        raise TagError("A file of this kind has no place for a genre.")
    return audio, _FORMATS[type(audio)]


_TROUBLE: Final = (
    *(mutagen.MutagenError, OSError, ValueError, struct.error, EOFError),
    *(LookupError, TypeError, AttributeError, OverflowError, MemoryError),
)
"""What mutagen raises over damaged files."""


def _sentence(error: BaseException) -> TagError:
    if isinstance(error, TagError):
        return error
    cause = error.args[0] if isinstance(error, mutagen.MutagenError) and error.args else error
    if isinstance(cause, FileNotFoundError):
        return TagError("There is no file with this name any more.")
    if isinstance(cause, OSError) and cause.strerror:
        return TagError(f"The tags of this file cannot be read: {cause.strerror}.")
    return TagError("The tags of this file are damaged.")


class _Id3:
    """ID3 in an MP3's head, or in a chunk of AIFF and WAV."""

    def read(self, path: str, audio: Any) -> Sequence[str]:
        tags = self._load(path, type(audio))
        genres = [genre for frame in tags.getall("TCON") for genre in frame.genres]
        return genres or (_ape_genres(path) if isinstance(audio, MP3) else [])

    def write(self, path: str, audio: Any, genres: Sequence[str]) -> None:
        tags = self._load(path, type(audio))
        version = 3 if tags.version[:2] in ((2, 2), (2, 3)) else 4
        plain = "".join(genres).isascii()
        unicode = Encoding.UTF16 if version == 3 else Encoding.UTF8
        tags.setall("TCON", [TCON(Encoding.LATIN1 if plain else unicode, list(genres))])
        sound = _behind_tag(path) if isinstance(audio, MP3) else b""
        # Several values are parted by a null in both versions; a slash may be part of a name.
        tags.save(path, v2_version=version, v23_sep=None)
        if isinstance(audio, MP3):
            _put_back(path, sound, genres)

    def _load(self, path: str, kind: type) -> Any:
        tags = self._loaded(path, kind, translate=False, load_v1=False)
        if tags is None and kind is MP3:
            tags = self._loaded(path, kind)  # only ID3v1, which a new tag will hide
        elif tags is not None and tags.version[:2] == (2, 2):
            tags = self._loaded(path, kind, v2_version=3, load_v1=False)
        if tags is not None:
            return tags
        if kind is MP3:
            return ID3()
        audio = kind(path)
        audio.add_tags()
        return audio.tags

    def _loaded(self, path: str, kind: type, **how: Any) -> Any:
        if kind is not MP3:
            return kind(path, **how).tags
        try:
            return ID3(path, **how)
        except ID3NoHeaderError:
            return None


def _ape_genres(path: str) -> Sequence[str]:
    """Genres of an APEv2 tag that some programs put at the end of an MP3."""
    try:
        return list(APEv2(path).get("Genre", []))
    except APENoHeaderError:
        return []


def _behind_tag(path: str) -> bytes:
    """The end of an MP3, where older tags lie: mutagen would write an ID3v1 tag anew."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - _V1_SIZE, _id3_size(path)))
        return file.read()


def _id3_size(path: str) -> int:
    try:
        return int(ID3(path, translate=False, load_v1=False).size)
    except ID3NoHeaderError:
        return 0


def _put_back(path: str, end: bytes, genres: Sequence[str]) -> None:
    """Restore the end of the file; of an ID3v1 tag, only the number of the genre changes."""
    if end[-_V1_SIZE:][:3] == b"TAG":
        known = [name.casefold() for name in TCON.GENRES]
        first = genres[0].casefold() if genres else ""
        number = known.index(first) if first in known else _NO_SUCH_GENRE
        end = end[:-1] + bytes([number])
    with open(path, "r+b") as file:
        file.seek(-len(end), os.SEEK_END)
        file.write(end)


class _VorbisComments:
    def read(self, path: str, audio: Any) -> Sequence[str]:
        return list((audio.tags or {}).get("genre", []))

    def write(self, path: str, audio: Any, genres: Sequence[str]) -> None:
        if audio.tags is None:
            audio.add_tags()
        audio.tags["genre"] = list(genres)
        audio.save()


class _Mp4:
    def read(self, path: str, audio: Any) -> Sequence[str]:
        return list((audio.tags or {}).get("\xa9gen", []))

    def write(self, path: str, audio: Any, genres: Sequence[str]) -> None:
        if audio.tags is None:
            audio.add_tags()
        audio.tags["\xa9gen"] = list(genres)
        audio.save()


class _Ape:
    def read(self, path: str, audio: Any) -> Sequence[str]:
        return list((audio.tags or {}).get("Genre", []))

    def write(self, path: str, audio: Any, genres: Sequence[str]) -> None:
        if audio.tags is None:
            audio.add_tags()
        audio.tags["Genre"] = list(genres)
        audio.save()


_ID3, _VORBIS, _MP4, _APE = _Id3(), _VorbisComments(), _Mp4(), _Ape()
_FORMATS: Final[dict[type, _Format]] = {
    **dict.fromkeys((MP3, AIFF, WAVE), _ID3),
    **dict.fromkeys((FLAC, OggVorbis, OggOpus, OggFLAC, OggSpeex), _VORBIS),
    MP4: _MP4,
    **dict.fromkeys((WavPack, MonkeysAudio), _APE),
}
