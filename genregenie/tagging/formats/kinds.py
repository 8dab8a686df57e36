"""What kind of file some bytes are; their content decides, whatever the file is called."""

import re
from dataclasses import dataclass
from typing import Final

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
_KBPS: Final = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ: Final = (44_100, 48_000, 32_000)


def _framed(data: Bytes, start: int) -> str | None:
    """``"MP3"`` (any MPEG audio) or ``"AAC"`` if frames follow each other, else None."""
    window = data[start : start + _SEARCHED]
    front = len(window) - len(window.lstrip(b"\0"))
    for match in _SYNC.finditer(window, front):
        at = match.start()
        length = _frame_bytes(window, at)
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
    at = next((m.start() for m in _SYNC.finditer(window) if _leads(window, m.start())), None)
    if at is None:
        return None
    while length := _frame_bytes(window, at):
        at += length
    return end - len(window) + at


def _leads(data: bytes, at: int) -> bool:
    """Whether a frame and the next ones follow each other from there."""
    for _ in range(3):
        length = _frame_bytes(data, at)
        if not length:
            return False
        at += length
    return True


def _is_same_kind(byte: int, other: bytes) -> bool:
    return bool(other) and byte & 0xFE == other[0] & 0xFE


def _frame_bytes(data: bytes, at: int) -> int:
    """Length of the frame that begins there, 0 if none does."""
    head = data[at : at + 6]
    if len(head) < 6:
        return 0
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    if layer == 4:  # ADTS
        if head[1] & 0xF0 != 0xF0 or head[2] >> 2 & 15 > 12:
            return 0
        return (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    rate, bits = head[2] >> 2 & 3, head[2] >> 4
    if version == 1 or rate == 3 or bits == 15:
        return 0
    generation = 1 if version == 3 else 2
    hz = _RATES_HZ[rate] // {3: 1, 2: 2, 0: 4}[version]
    if bits == 0:
        return _free_format_bytes(data, at)
    kbps = _KBPS[generation, layer][bits - 1]
    padding = head[2] >> 1 & 1
    if layer == 1:
        return (12_000 * kbps // hz + padding) * 4
    return (72_000 if layer == 3 and generation == 2 else 144_000) * kbps // hz + padding


def _free_format_bytes(data: bytes, at: int) -> int:
    """A frame at a bit rate of its own: it ends where the next one begins."""
    following = data.find(data[at : at + 2], at + 4, at + 8192)
    return following - at if following > 0 else 0
