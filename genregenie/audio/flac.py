"""Whether a FLAC ends with the frame that it should end with (RFC 9639)."""

from typing import Final

from genregenie.audio.view import View

_TAIL_BYTES: Final = 1 << 20
_MAX_HEAD_BYTES: Final = 16
_MAX_HEADS: Final = 4
"""Sound may look like the head of a frame, once in a thousand files."""

_BLOCKS: Final = {
    1: 192,
    **{code: 576 << code - 2 for code in range(2, 6)},
    **{code: 256 << code - 8 for code in range(8, 16)},
}


def broken_off(view: View, start: int, end: int) -> str | None:
    """How it is sure to have been cut off, a few words, or None.

    Parameters
    ----------
    view : View
    start, end : int
        Where it begins, and where tags begin that hang on to it.
    """
    info = view.at(start + 8, 34)
    if len(info) < 34:
        return None
    block = int.from_bytes(info[2:4], "big")
    longest = min(int.from_bytes(info[7:10], "big") or _TAIL_BYTES, _TAIL_BYTES)
    samples = int.from_bytes(info[13:18], "big") & (1 << 36) - 1
    tail = min(end - start, longest + _MAX_HEAD_BYTES)
    data = view.at(end - tail, tail)
    at, heads = len(data), 0
    while heads < _MAX_HEADS and (at := data.rfind(b"\xff", 0, at)) >= 0:
        reached = _reached(data, at, block)
        heads += bool(reached)
        if reached and not _crc(data[at:], _CRC_16, 8):
            missing = samples - reached
            return f"{missing:,} samples are missing at its end" if missing > 0 else None
    return "its last frame is not whole"


def _reached(data: bytes, at: int, block: int) -> int:
    """Samples up to the end of the frame whose head is there; 0 if none is."""
    head = data[at : at + _MAX_HEAD_BYTES]
    if len(head) < 6 or head[1] & 0xFE != 0xF8:
        return 0
    width = max(8 - (~head[4] & 0xFF).bit_length(), 1)  # as UTF-8 has it
    number = head[4] & (0x7F >> (width if width > 1 else 0))
    for byte in head[5 : 4 + width]:
        number = number << 6 | byte & 0x3F
    behind = 4 + width
    code, rate = head[2] >> 4, head[2] & 15
    size_bytes = {6: 1, 7: 2}.get(code, 0)
    size = int.from_bytes(head[behind : behind + size_bytes], "big") + 1
    count = size if size_bytes else _BLOCKS.get(code, 0)
    behind += size_bytes + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if not count or len(head) <= behind or _crc(head[: behind + 1], _CRC_8, 0):
        return 0
    return (number if head[1] & 1 else number * block) + count


def _table(polynomial: int, bits: int) -> tuple[int, ...]:
    top, mask = 1 << bits - 1, (1 << bits) - 1
    table = []
    for byte in range(256):
        value = byte << bits - 8
        for _ in range(8):
            value = (value << 1 ^ (polynomial if value & top else 0)) & mask
        table.append(value)
    return tuple(table)


_CRC_8: Final = _table(0x07, 8)
_CRC_16: Final = _table(0x8005, 16)


def _crc(data: bytes, table: tuple[int, ...], shift: int) -> int:
    """The check of bytes with their check behind them: 0 if it is right."""
    value, mask = 0, (0x100 << shift) - 1
    for byte in data:
        value = (value << 8 & mask) ^ table[value >> shift ^ byte]
    return value
