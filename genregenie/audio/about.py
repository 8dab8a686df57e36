"""What a file says of itself: its tags and its cover."""

from dataclasses import dataclass
from typing import Final

import av

from genregenie.audio.decoding import audio_errors, open_container, open_source
from genregenie.audio.file import AudioFile
from genregenie.audio.formats import Source

_MAX_PACKETS: Final = 64  # FFmpeg hands pictures out before any sound


@dataclass(frozen=True)
class About:
    """What a file says of itself.

    Attributes
    ----------
    title, artist, album : str or None
        Its tags.
    year : str or None
        Four digits.
    cover : bytes or None
        A picture.
    """

    title: str | None = None
    artist: str | None = None
    album: str | None = None
    year: str | None = None
    cover: bytes | None = None


def about(source: Source) -> About:
    """All that a file says of itself, its cover as `cover_of` gives it.

    Raises
    ------
    AudioError
        If it cannot be used as audio.
    """
    with AudioFile(source) as audio:
        said = audio.title, audio.artist, audio.album, audio.year
    return About(*said, cover_of(source))


def cover_of(source: Source) -> bytes | None:
    """The first picture in a file's tags, as it is stored there; None where there is none.

    Nothing of it is decoded here.

    Parameters
    ----------
    source : path, bytes, or seekable binary file

    Raises
    ------
    AudioError
        If the file cannot be read.
    """
    file, owned = open_source(source)
    try:
        with open_container(file) as container, audio_errors():
            pictures = {
                stream.index
                for stream in container.streams.video
                if stream.disposition & av.stream.Disposition.attached_pic
            }
            if not pictures:
                return None
            for i, packet in enumerate(container.demux()):
                if packet.stream.index in pictures and packet.size:
                    return bytes(packet)
                if i >= _MAX_PACKETS:
                    break
        return None
    finally:
        if owned:
            file.close()
