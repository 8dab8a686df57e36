"""Formats whose parts say how long they are: up to where a file should go by its own words."""

import struct
from collections.abc import Callable, Iterator
from typing import Final

from genregenie.audio.riff import is_unknown
from genregenie.audio.view import View

_WAV: Final = frozenset(
    (
        *(b"data", b"fmt ", b"fact", b"LIST", b"bext", b"iXML", b"id3 ", b"ID3 ", b"PEAK"),
        *(b"cue ", b"smpl", b"inst", b"cart", b"JUNK", b"junk", b"PAD ", b"axml", b"chna"),
    )
)
_AIFF: Final = frozenset(
    (
        *(b"COMM", b"SSND", b"FVER", b"MARK", b"INST", b"COMT", b"NAME", b"AUTH", b"(c) "),
        *(b"ANNO", b"APPL", b"ID3 ", b"CHAN", b"PEAK"),
    )
)
_DFF: Final = frozenset((b"FVER", b"PROP", b"DSD ", b"DST ", b"DSTI", b"COMT", b"DIIN", b"ID3 "))
_CAF: Final = frozenset(
    (
        *(b"desc", b"data", b"kuki", b"pakt", b"free", b"chan", b"info", b"strg", b"uuid"),
        *(b"mark", b"regn", b"inst", b"midi", b"ovvw", b"peak", b"edct", b"umid"),
    )
)
_ISO_MEDIA: Final = frozenset(
    (
        *(b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"udta", b"uuid", b"moof"),
        *(b"mfra", b"sidx", b"styp", b"meta", b"pnot"),
    )
)
_SLACK_BYTES: Final = 8
"""Some programs count the head of a RIFF in."""

_ASF_HEADER: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF: Final = (
    _ASF_HEADER,
    bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c"),  # the sound
    bytes.fromhex("90080033b1e5cf1189f400a0c90349cb"),  # indexes
    bytes.fromhex("d329e2d6da35d111903400a0c90349be"),
)
_EBML: Final = b"\x1a\x45\xdf\xa3"
_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675


def stated_end(view: View, start: int) -> int | None:
    """Where the file ends by the sizes that stand in it; None if none says so.

    Parameters
    ----------
    view : View
    start : int
        Where it begins, behind ID3 tags.

    Returns
    -------
    int or None
        More than the file's size where some of it is missing; less where something hangs on to
        it, which does not matter.
    """
    head = view.at(start, 16)
    for begins, states in _FORMATS.items():
        if head.startswith(begins):
            return states(view, start)
    return _iso_media(view, start) if head[4:8] in _ISO_MEDIA else None


def _chunks(
    view: View, at: int, until: int, form: str, known: frozenset[bytes], *, pad: int = 2
) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin and length of one chunk after the other, as long as their names are known."""
    head = struct.Struct(form)
    while at < until:
        data = view.at(at, head.size)
        if data[:4] not in known:
            return
        if len(data) < head.size:
            yield data[:4], at, head.size  # its head is cut off
            return
        name, length = head.unpack(data)
        yield name, at + head.size, length
        at += head.size + length + length % pad


def _riff(view: View, start: int) -> int | None:
    stated = view.number(start + 4, 4, "little")
    end, wide = start + 12, 0
    until = view.size if is_unknown(stated) else min(start + 8 + stated, view.size)
    for name, at, length in _chunks(view, end, view.size, "<4sI", _WAV | {b"ds64"}):
        if name == b"ds64":
            until = min(start + 8 + view.number(at, 8, "little"), view.size)
            wide = view.number(at + 8, 8, "little")
        if name == b"data" and is_unknown(length):
            return at + wide if wide else None  # written to a pipe
        if at > until:
            break
        end = max(end, at + length)
    if is_unknown(stated) or start + stated <= view.size:
        return end
    return max(end, start + 8 + stated)


def _form(view: View, start: int) -> int:
    stated = view.number(start + 4, 4, "big")
    until = min(start + 8 + stated, view.size)
    ends = [a + n for _, a, n in _chunks(view, start + 12, until, ">4sI", _AIFF)]
    return max(*ends, start + stated, start)


def _dff(view: View, start: int) -> int:
    stated = view.number(start + 4, 8, "big")
    ends = [a + n for _, a, n in _chunks(view, start + 16, view.size, ">4sQ", _DFF)]
    return max(*ends, start + stated, start)


def _caf(view: View, start: int) -> int | None:
    end = start + 8
    for _, at, length in _chunks(view, end, view.size, ">4sq", _CAF, pad=1):
        if length < 0:
            return None
        end = max(end, at + length)
    rest = view.at(end, 4)
    if rest and any(name.startswith(rest) for name in _CAF):
        return end + 12
    return end


def _au(view: View, start: int) -> int | None:
    stated = view.number(start + 8, 4, "big")
    return None if is_unknown(stated) else start + view.number(start + 4, 4, "big") + stated


def _dsf(view: View, start: int) -> int | None:
    stated = view.number(start + 12, 8, "little")
    return start + stated if stated else None


def _iso_media(view: View, start: int) -> int | None:
    at = start
    while at < view.size:
        head = view.at(at, 16)
        if len(head) < 8 or head[4:8] not in _ISO_MEDIA:
            return at
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:], "big")
        if length == 0:  # up to the end, wherever that is
            return None
        at += max(length, 8)
    return at


def _asf(view: View, start: int) -> int:
    end = start
    while True:
        head = view.at(end, 24)
        if not head or not any(guid.startswith(head[:16]) for guid in _ASF):
            return end
        # Of an object whose head is cut off, that much is missing at least.
        end += max(int.from_bytes(head[16:], "little"), 24)


def _tta(view: View, start: int) -> int | None:
    rate, samples = (view.number(start + at, 4, "little") for at in (10, 14))
    per_frame = 256 * rate // 245
    if not per_frame:
        return None
    frames = -(-samples // per_frame)
    table = view.at(start + 22, 4 * frames)
    behind = start + 22 + 4 * frames + 4
    return behind + sum(struct.unpack(f"<{len(table) // 4}I", table[: len(table) // 4 * 4]))


def _monkeys_audio(view: View, start: int) -> int | None:
    if view.number(start + 4, 2, "little") < 3980:
        return None  # earlier releases do not say
    # The descriptor, the header, the table, a WAV's header, and the sound in eight bytes.
    before = sum(view.number(start + at, 4, "little") for at in (8, 12, 16, 20))
    return start + before + view.number(start + 24, 8, "little")


def _musepack(view: View, start: int) -> int | None:
    """Of the stream version 8, whose packets go on up to one that says that it is the last."""
    at = start + 4
    while at < view.size:
        head = view.at(at, 12)
        if head[:1] < b"A" or head[:1] > b"Z":
            return None
        width = next((i for i, byte in enumerate(head[2:], start=1) if byte < 0x80), None)
        if width is None:
            return view.size + 1  # its head is cut off
        length = 0
        for byte in head[2 : 2 + width]:
            length = length << 7 | byte & 0x7F
        at += max(length, 2 + width)
        if head[:2] == b"SE":
            return at
    return max(at, view.size + 1)


def _wavpack(view: View, start: int) -> int:
    at = start
    total = reached = 0
    while (head := view.at(at, 32))[:4] == b"wvpk" and len(head) == 32:
        length, stated, index, samples = struct.unpack_from("<I4xIII", head, 4)
        at += 8 + length
        if at > view.size:
            return at
        total = 0 if stated == 0xFFFF_FFFF else stated
        reached = max(reached, index + samples)
    partial = bool(head) and b"wvpk".startswith(head[:4])
    return max(at, view.size) + 1 if partial or reached < total else at


def _ebml(view: View, start: int) -> int | None:
    """Of recordings as browsers make them, whose parts have no size, the last small element."""
    at = start
    while at < view.size:
        head = view.at(at, 12)
        width = _width(head[:1])
        size_width = _width(head[width : width + 1])
        if not 0 < width <= 4 or (not size_width and len(head) > width):
            return None  # what hangs on to it is no element
        begins = at + width + size_width
        if not size_width or begins > view.size:
            return view.size + 1  # the head of an element is cut off
        name = int.from_bytes(head[:width], "big")
        largest = (1 << 7 * size_width) - 1
        length = int.from_bytes(head[width : width + size_width], "big") & largest
        if length < largest:
            at = begins + length
        elif name in (_SEGMENT, _CLUSTER):
            at = begins
        else:
            return None
    return at


def _width(first: bytes) -> int:
    """Of a number that says by its first bits how many bytes it has; 0 if it is none."""
    return 9 - first[0].bit_length() if first and first[0] else 0


_FORMATS: Final[dict[bytes, Callable[[View, int], int | None]]] = {
    b"RIFF": _riff,
    b"RF64": _riff,
    b"BW64": _riff,
    b"FORM": _form,
    b"FRM8": _dff,
    b"caff": _caf,
    b".snd": _au,
    b"DSD ": _dsf,
    b"TTA1": _tta,
    b"MAC ": _monkeys_audio,
    b"MPCK": _musepack,
    b"wvpk": _wavpack,
    _EBML: _ebml,
    _ASF_HEADER: _asf,
}
