"""What kind of file some bytes are; their content decides, whatever the file is called."""

import re
from dataclasses import dataclass
from typing import Final

from genregenie.audio.frames import first_frame, frame_bytes
from genregenie.tagging.delta import Bytes
from genregenie.tagging.formats import asf, id3
from genregenie.tagging.formats.edits import TagError

_SEARCHED: Final = 1 << 17
_TAIL: Final = 1 << 15
_ISO_MEDIA: Final = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"uuid")

_MAGIC: Final = (
    (b"fLaC", "FLAC"),
    (b"OggS", "Ogg"),
    (b"wvpk", "WavPack"),
    (b"MAC ", "Monkey's Audio"),
    (b"MPCK", "Musepack"),
    (b"MP+", "Musepack"),
    (b"TTA", "TTA"),
    (b"tBaK", "TAK"),
    (b"OFR ", "OptimFROG"),
    (b"DSD ", "DSF"),
    (asf.HEADER, "ASF"),
)
_WITHOUT_A_PLACE: Final = (
    (b".snd", "AU"),
    (b"\x1a\x45\xdf\xa3", "Matroska and WebM"),
    (b"caff", "CAF"),
    (b"FRM8", "DSDIFF"),
    (b"riff\x2e\x91\xcf\x11", "Wave64"),
    (b"\x0b\x77", "AC-3"),
    (b"\x77\x0b", "AC-3"),
    (b"\x7f\xfe\x80\x01", "DTS"),
    (b"#!AMR", "AMR"),
    (b".RMF", "RealAudio"),
)
_NO_PLACE: Final = (
    "A genre cannot be written to this kind of file ({}): it has no place for a genre."
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file, and where it begins: behind ID3 tags that were hung on to its front."""

    name: str
    start: int


def sniff(data: Bytes) -> Kind:
    """What a file is.

    Raises
    ------
    TagError
        If it has no place for a genre, or no sound; the message names the kind.
    """
    start = 0
    while size := id3.size_at(data, start):
        start += size
    if start > len(data):
        raise TagError("The tags of this file are cut short. Download or export it again.")
    if start and not data[start : start + _SEARCHED].strip(b"\0"):
        raise TagError("There is no sound in this file, only tags. Download or export it again.")
    head = data[start : start + 16]
    name = next((name for magic, name in _MAGIC if head.startswith(magic)), None) or _boxed(head)
    if name:
        return Kind(name, start)
    for magic, name in _WITHOUT_A_PLACE:
        if head.startswith(magic):
            raise TagError(_NO_PLACE.format(name))
    name = _framed(data, start)
    if name == "AAC" and not start:
        raise TagError(_NO_PLACE.format("raw AAC") + " Put it into an M4A first.")
    if name:
        return Kind(name, start)
    raise TagError(
        "A genre cannot be written to this kind of file: GenreGenie does not know it."
        if not start
        else "There is no sound in this file that GenreGenie knows, only tags."
    )


def _boxed(head: bytes) -> str | None:
    if head[4:8] in _ISO_MEDIA:
        return "MP4"
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return "WAV"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "AIFF"
    return None


# --- frames that begin anywhere --------------------------------------------------------------

_SYNC: Final = re.compile(rb"\xff[\xe0-\xff]")


def _framed(data: Bytes, start: int) -> str | None:
    """``"MP3"`` (any MPEG audio) or ``"AAC"`` if frames follow each other, else None."""
    window = data[start : start + _SEARCHED]
    front = len(window) - len(window.lstrip(b"\0"))
    for match in _SYNC.finditer(window, front):
        at = match.start()
        length = frame_bytes(window, at)
        if not length:
            continue
        name = "AAC" if window[at + 1] & 6 == 0 else "MP3"
        follows = window[at + length : at + length + 2]
        if follows[:1] == b"\xff" and _is_same_kind(window[at + 1], follows[1:]):
            return name
        if at == front and start + at + length >= len(data):
            return name  # the only frame
    return None


def frames_end(data: Bytes, end: int) -> int | None:
    """Where the last MPEG frame before a place ends, or would end; None if that is not known."""
    window = data[max(end - _TAIL, 0) : end]
    at = first_frame(window)
    if at is None:
        return None
    while length := frame_bytes(window, at):
        at += length
    return end - len(window) + at


def _is_same_kind(byte: int, other: bytes) -> bool:
    return bool(other) and byte & 0xFE == other[0] & 0xFE
