"""Frames that follow each other with nothing around them: MPEG audio, ADTS, AC-3."""

import re
from typing import Final

HEAD_BYTES: Final = 6
"""A frame's length is known from so many of its bytes."""

_KBPS: Final = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ: Final = (44_100, 48_000, 32_000)
_AC3_KBPS: Final = (
    *(32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640),
)
_AC3_RATES_HZ: Final = (48_000, 44_100, 32_000)
_SYNC: Final = re.compile(rb"\xff[\xe0-\xff]")
_CHAIN: Final = 3
"""So many frames one after the other are no chance."""


def first_frame(data: bytes) -> int | None:
    """Where frames of MPEG audio or ADTS begin that follow each other; None if there are none."""
    return next((m.start() for m in _SYNC.finditer(data) if _leads(data, m.start())), None)


def _leads(data: bytes, at: int) -> bool:
    for _ in range(_CHAIN):
        length = frame_bytes(data, at)
        if not length:
            return False
        at += length
    return True


def frame_bytes(data: bytes, at: int) -> int:
    """Length of the frame of MPEG audio or ADTS that begins there, 0 if none does."""
    head = data[at : at + HEAD_BYTES]
    if len(head) < HEAD_BYTES or head[0] != 0xFF or head[1] < 0xE0:
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


def ac3_frame_bytes(data: bytes, at: int) -> int:
    """Length of the frame of AC-3 or E-AC-3 that begins there, 0 if none does."""
    head = data[at : at + HEAD_BYTES]
    if len(head) < HEAD_BYTES or head[:2] != b"\x0b\x77":
        return 0
    if head[5] >> 3 > 10:  # E-AC-3 says how many words there are
        return 2 * ((head[2] & 7) << 8 | head[3]) + 2
    rate, code = head[4] >> 6, head[4] & 63
    if rate == 3 or code >> 1 >= len(_AC3_KBPS):
        return 0
    hz = _AC3_RATES_HZ[rate]
    words = 96_000 * _AC3_KBPS[code >> 1] // hz
    return 2 * (words + (code & 1 if hz == 44_100 else 0))
