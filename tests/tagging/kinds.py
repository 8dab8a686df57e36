"""Sixty kinds of file that people have: formats, versions of tags, and what is odd about them.

Each is built by a real encoder and then by hand, byte for byte, where no encoder makes it.
"""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np

from tests import sounds
from tests.tagging import files

JPEG = b"\xff\xd8\xff\xe0" + np.random.default_rng(9).bytes(2_000)


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes
    ----------
    suffix : str
    make : callable
        Its bytes.
    keeps : tuple of bytes
        What must be in the file after a genre was written, byte for byte.
    refused : str
        Part of the sentence if no genre can be written to it; else empty.
    """

    suffix: str
    make: Callable[[], bytes]
    keeps: tuple[bytes, ...] = ()
    refused: str = ""


# --- ID3 -------------------------------------------------------------------------------------


def syncsafe(n: int) -> bytes:
    return bytes((n >> 7 * i) & 127 for i in (3, 2, 1, 0))


def frame(version: int, name: bytes, data: bytes, flags: int = 0) -> bytes:
    if version == 2:
        return name + len(data).to_bytes(3, "big") + data
    size = syncsafe(len(data)) if version == 4 else len(data).to_bytes(4, "big")
    return name + size + flags.to_bytes(2, "big") + data


def id3(version: int, *frames: bytes, flags: int = 0, before: bytes = b"", padding: int = 0):
    body = before + b"".join(frames) + bytes(padding)
    if flags & 0x80 and version < 4:
        body = unsync(body)
    head = bytes([version, 0, flags]) + syncsafe(len(body))
    return b"ID3" + head + body + (b"3DI" + head if flags & 0x10 else b"")


def unsync(data: bytes) -> bytes:
    out = bytearray()
    for i, byte in enumerate(data):
        out.append(byte)
        follows = data[i + 1] if i + 1 < len(data) else 0
        if byte == 255 and (follows >= 0xE0 or follows == 0):
            out.append(0)
    return bytes(out)


def tagged(version: int, *frames: tuple[bytes, bytes], behind: bytes = b"", **more) -> Kind:
    raw = [frame(version, *one) for one in frames]
    plain = [r for r in raw if r[:3] != b"TCO"]
    keeps = () if more.get("flags") else tuple(plain)
    return Kind("mp3", lambda: id3(version, *raw, **more) + files.bare_mp3() + behind, keeps)


TITLE = {2: (b"TT2", b"\0Title"), 3: (b"TIT2", b"\0Title"), 4: (b"TIT2", b"\0Title")}
COVER = (b"APIC", b"\0image/jpeg\0\3cover\0" + JPEG)
MANY = b"".join(frame(3, b"PRIV", bytes([i]) + b"owner\0" + bytes(50)) for i in range(200))


def extended_3() -> bytes:
    frames = frame(3, *TITLE[3])
    head = struct.pack(">IHII", 10, 0x8000, 20, zlib.crc32(frames))
    return id3(3, frames, flags=0x40, before=head, padding=20) + files.bare_mp3()


def extended_4() -> bytes:
    frames = frame(4, *TITLE[4])
    check = zlib.crc32(frames + bytes(30))
    crc = b"\5" + bytes((check >> 7 * i) & 127 for i in (4, 3, 2, 1, 0))
    head = syncsafe(6 + len(crc)) + b"\1\x20" + crc
    return id3(4, frames, flags=0x40, before=head, padding=30) + files.bare_mp3()


def itunes_sizes() -> bytes:
    raw = [b"COMM" + struct.pack(">IH", 300, 0) + b"\0eng\0" + b"x" * 295, frame(4, *TITLE[4])]
    return id3(4, *raw, padding=10) + files.bare_mp3()


def cut_frame() -> bytes:
    """A last frame that was cut off, and the tag that it runs into."""
    return files.bare_mp3()[:-100] + files.v1()


def ape_tag(**items: str) -> bytes:
    body = b""
    for key, value in items.items():
        data = value.encode()
        body += struct.pack("<II", len(data), 0) + key.encode() + b"\0" + data
    head = struct.pack("<IIII8s", 2000, len(body) + 32, len(items), 0xA0000000, b"")
    foot = struct.pack("<IIII8s", 2000, len(body) + 32, len(items), 0x80000000, b"")
    return b"APETAGEX" + head + body + b"APETAGEX" + foot


def vbr_mp3() -> bytes:
    return sounds.encode(sounds.noise(1.5, 44_100), 44_100, "mp2", "mp2")


ID3_KINDS = {
    "ID3v2.2": tagged(2, TITLE[2], (b"TCO", b"\0(17)"), padding=40),
    "ID3v2.2, odd frames": tagged(2, TITLE[2], (b"CM1", b"\0engwhat\0text"), (b"RVA", bytes(9))),
    "ID3v2.2, unsynchronised": tagged(
        2, TITLE[2], (b"PIC", b"\0JPG\3\0\xff\xe0\xff\0x"), flags=128
    ),
    "ID3v2.3": tagged(3, TITLE[3], COVER, (b"TCON", b"\0Live"), padding=100),
    "ID3v2.3, no padding": tagged(3, TITLE[3], COVER),
    "ID3v2.3, unsynchronised": tagged(3, TITLE[3], COVER, flags=128, padding=300),
    "ID3v2.3, unsynchronised to the last byte": tagged(3, (b"PRIV", b"x\0\xff"), flags=128),
    "ID3v2.3, extended header": Kind("mp3", extended_3, (frame(3, *TITLE[3]),)),
    "ID3v2.3, packed genre": tagged(
        3, TITLE[3], (b"TCON", b"\0\0\0\5" + zlib.compress(b"\0Live"), 0x80)
    ),
    "ID3v2.3, two lyrics": tagged(3, (b"USLT", b"\0eng\0one"), (b"USLT", b"\0eng\0two")),
    "ID3v2.3, nameless text": tagged(3, TITLE[3], (b"TXXX", b"\0lonely")),
    "ID3v2.3, cover without an end": tagged(
        3, TITLE[3], (b"APIC", b"\1image/jpeg\0\3\xff\xfec\0o\0" + JPEG)
    ),
    "ID3v2.3, a frame of 2.2": tagged(3, TITLE[3], (b"TP1 ", b"\0Artist")),
    "ID3v2.3, many frames": Kind(
        "mp3", lambda: id3(3, frame(3, *TITLE[3]), MANY) + files.bare_mp3(), (MANY,)
    ),
    "ID3v2.3, more behind the frames": Kind(
        "mp3",
        lambda: id3(3, frame(3, *TITLE[3]), b"no frame at all" * 9) + files.bare_mp3(),
        (b"no frame at all" * 9,),
    ),
    "ID3v2.4": tagged(4, TITLE[4], COVER, (b"TCON", b"\0Live\0Blues"), padding=9),
    "ID3v2.4, footer": tagged(4, TITLE[4], flags=0x10),
    "ID3v2.4, extended header": Kind("mp3", extended_4, (frame(4, *TITLE[4]),)),
    "ID3v2.4, an extended header that is not there": tagged(4, TITLE[4], flags=0x40),
    "ID3v2.4, unsynchronised": tagged(
        4, TITLE[4], (b"PRIV", b"x\0" + unsync(b"\xff\xe0\xff\0"), 2), flags=128
    ),
    "ID3v2.4, sizes of iTunes": Kind("mp3", itunes_sizes, (b"x" * 295,)),
    "ID3v2.4, Latin-1 called UTF-8": tagged(4, (b"TIT2", b"\3H\xf6hle"), (b"TPE1", b"\0Artist")),
    "ID3v2.4, a date in words": tagged(4, TITLE[4], (b"TDRC", b"\0Spring 1999")),
    "ID3v2.4, two genres": tagged(4, (b"TCON", b"\0Live"), TITLE[4], (b"TCON", b"\0Blues")),
    "ID3v2.4, chapters": tagged(
        4, (b"CHAP", b"one\0" + bytes(16) + frame(4, *TITLE[4])), (b"CTOC", b"toc\0\3\1one\0")
    ),
    "two ID3 tags": Kind(
        "mp3",
        lambda: id3(3, frame(3, *TITLE[3])) + id3(4, frame(4, *TITLE[4])) + files.bare_mp3(),
        (id3(4, frame(4, *TITLE[4])),),
    ),
    "no tag": Kind("mp3", files.bare_mp3),
    "ID3v1 alone": Kind("mp3", lambda: files.bare_mp3() + files.v1(), (files.v1()[:-1],)),
    "ID3v1 and ID3v2": tagged(3, TITLE[3], behind=files.v1()),
    **{
        f"ID3v1 of {size} bytes": Kind(
            "mp3", lambda size=size: files.bare_mp3() + files.v1()[:size]
        )
        for size in (124, 125, 126, 127)
    },
    "ID3v1 behind a frame that was cut off": Kind("mp3", cut_frame),
    "APEv2 behind an MP3": tagged(3, TITLE[3], behind=ape_tag(Genre="Live", MP3GAIN="9")),
    "APEv2 alone": Kind("mp3", lambda: files.bare_mp3() + ape_tag(Genre="Live")),
    "APEv2 and ID3v1": tagged(4, TITLE[4], behind=ape_tag(MP3GAIN="9") + files.v1()),
    "MPEG layer II": Kind("mp2", vbr_mp3),
    "an MP3 that is called FLAC": Kind(
        "flac", lambda: id3(3, frame(3, *TITLE[3])) + files.bare_mp3()
    ),
    "raw AAC with a tag": Kind(
        "aac", lambda: id3(3, frame(3, *TITLE[3])) + files.audio("adts", "aac"), (b"\0Title",)
    ),
}


# --- FLAC and Ogg ----------------------------------------------------------------------------


def comments(*values: bytes) -> bytes:
    listed = b"".join(struct.pack("<I", len(value)) + value for value in values)
    return struct.pack("<I", 2) + b"me" + struct.pack("<I", len(values)) + listed


@cache
def flac_parts() -> tuple[bytes, bytes]:
    """The block that says what a FLAC is, and its sound."""
    data = files.audio("flac", "flac")
    at = 4
    while True:
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        last = data[at] & 128
        at += 4 + size
        if last:
            return data[8:42], data[at:]


def flac(*blocks: tuple[int, bytes]) -> bytes:
    info, sound = flac_parts()
    out, every = b"fLaC", [(0, info), *blocks]
    for i, (kind, body) in enumerate(every):
        last = 128 * (i == len(every) - 1)
        out += bytes([kind | last]) + len(body).to_bytes(3, "big") + body
    return out + sound


PICTURE = struct.pack(">II10sIIIIII", 3, 10, b"image/jpeg", 0, 8, 8, 24, 0, len(JPEG)) + JPEG
ODD = (b"TITLE=H\xf6hle", b"=no name", b"no equals", b"ALBUM=One")
GENRES = (b"Genre=Live", b"title=Title", b"GENRE=Blues")


@cache
def with_comments(codec: str, *values: bytes) -> bytes:
    """An Ogg whose packet of comments is this one, laid into pages by a plain writer."""
    source = files.audio("ogg", codec, "s16" if codec == "flac" else None)
    pages = list(ogg_pages(source))
    serial = pages[0][2]
    magic = {"vorbis": b"\x03vorbis", "libopus": b"OpusTags", "flac": b""}[codec]
    packets, rest, body, lacing = [], 0, b"", b""
    for i, (_, _, _, page_lacing, page) in enumerate(pages[1:], 1):
        body, lacing = body + page, lacing + page_lacing
        if page_lacing[-1] < 255 and len(split(lacing, body)) >= (2 if codec == "vorbis" else 1):
            packets, rest = split(lacing, body), i + 1
            break
    packets[0] = magic + comments(*values) + (b"\1" if codec == "vorbis" else b"")
    if codec == "flac":
        packets[0] = b"\x84" + len(packets[0]).to_bytes(3, "big") + packets[0]
    out = ogg_page(2, 0, serial, 0, pages[0][3], pages[0][4])
    lacing = b"".join(bytes([255] * (len(p) // 255) + [len(p) % 255]) for p in packets)
    body, number, continued = b"".join(packets), 1, 0
    while lacing:
        some, lacing = lacing[:17], lacing[17:]  # small pages: comments lie on several
        size = sum(some)
        granule = 0 if any(s < 255 for s in some) else -1
        out += ogg_page(continued, granule, serial, number, some, body[:size])
        body, number, continued = body[size:], number + 1, int(some[-1] == 255)
    for flags, granule, _, page_lacing, page in pages[rest:]:
        out += ogg_page(flags, granule, serial, number, page_lacing, page)
        number += 1
    return out


def ogg_pages(data: bytes):
    at = 0
    while at < len(data):
        _, _, flags, granule, serial, _, _, count = struct.unpack_from("<4sBBqIIIB", data, at)
        lacing = data[at + 27 : at + 27 + count]
        start = at + 27 + count
        at = start + sum(lacing)
        yield flags, granule, serial, lacing, data[start:at]


def split(lacing: bytes, body: bytes) -> list[bytes]:
    packets, size, at = [], 0, 0
    for segment in lacing:
        size += segment
        if segment < 255:
            packets.append(body[at : at + size])
            at, size = at + size, 0
    return packets


def ogg_page(flags: int, granule: int, serial: int, number: int, lacing: bytes, body: bytes):
    head = b"OggS\0" + bytes([flags]) + struct.pack("<qII", granule, serial, number)
    rest = bytes([len(lacing)]) + lacing + body
    return head + struct.pack("<I", ogg_crc(head + bytes(4) + rest)) + rest


@cache
def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
        table.append(value)
    return table


def ogg_crc(data: bytes) -> int:
    """As the standard writes it down, byte for byte."""
    check, table = 0, _crc_table()
    for byte in data:
        check = (check << 8 & 0xFFFFFFFF) ^ table[check >> 24 ^ byte]
    return check


def chained(codec: str) -> bytes:
    first = with_comments(codec, b"TITLE=One")
    second = with_comments(codec, b"TITLE=Two", b"GENRE=Second")
    return first + b"".join(
        ogg_page(flags, granule, serial + 1, number, lacing, body)
        for number, (flags, granule, serial, lacing, body) in enumerate(ogg_pages(second))
    )


LONG = (b"TITLE=Title", b"COMMENT=" + b"long " * 2_000)
PAGEFUL = (b"TITLE=Title", b"COMMENT=" + b"x" * (17 * 255 - 60))
VORBIS_KINDS = {
    "FLAC": Kind("flac", lambda: flac((4, comments(*GENRES)), (6, PICTURE), (1, bytes(500)))),
    "FLAC, no comments": Kind("flac", lambda: flac((1, bytes(10)))),
    "FLAC, nothing but sound": Kind("flac", flac),
    "FLAC, no padding": Kind("flac", lambda: flac((4, comments(b"TITLE=Title")), (6, PICTURE))),
    "FLAC, a little padding": Kind(
        "flac", lambda: flac((1, bytes(3)), (4, comments(b"TITLE=Title")), (2, b"testdata"))
    ),
    "FLAC, Latin-1 and nameless comments": Kind("flac", lambda: flac((4, comments(*ODD))), ODD),
    "FLAC behind an ID3 tag": Kind(
        "flac", lambda: id3(3, frame(3, *TITLE[3])) + flac((4, comments(b"TITLE=Title")))
    ),
    "a FLAC that is called MP3": Kind("mp3", lambda: flac((4, comments(b"TITLE=Title")))),
    "Ogg Vorbis": Kind("ogg", lambda: with_comments("vorbis", *GENRES)),
    "Ogg Vorbis as its encoder leaves it": Kind("ogg", lambda: files.audio("ogg", "vorbis")),
    "Ogg Vorbis, odd comments": Kind("ogg", lambda: with_comments("vorbis", *ODD), ODD),
    "Ogg Vorbis, comments over several pages": Kind("ogg", lambda: with_comments("vorbis", *LONG)),
    "Ogg Vorbis, a page that is full": Kind("ogg", lambda: with_comments("vorbis", *PAGEFUL)),
    "Ogg Vorbis, comments of 60 kB": Kind(
        "ogg", lambda: with_comments("vorbis", b"COMMENT=" + bytes(252 * 255))
    ),
    "chained Ogg Vorbis": Kind("ogg", lambda: chained("vorbis"), (b"GENRE=Second",)),
    "Opus": Kind("opus", lambda: with_comments("libopus", *GENRES)),
    "Opus, comments over several pages": Kind("opus", lambda: with_comments("libopus", *LONG)),
    "chained Opus": Kind("opus", lambda: chained("libopus"), (b"GENRE=Second",)),
    "Ogg FLAC": Kind("oga", lambda: with_comments("flac", *GENRES)),
    "Ogg FLAC, comments over several pages": Kind("oga", lambda: with_comments("flac", *LONG)),
}


# --- MP4 -------------------------------------------------------------------------------------


def atom(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + name + body


@cache
def encoded(container: str, codec: str, seconds: float = 1.5, **options: str) -> bytes:
    """With options for the container."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container, options=options) as output:
        stream = output.add_stream(codec, rate=44_100)
        stream.layout = "mono"
        samples = sounds.tune(seconds, 44_100)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate = 44_100
        size = stream.codec_context.frame_size or 4096
        resampler = av.AudioResampler(stream.format or "fltp", "mono", 44_100, frame_size=size)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def fragmented(*flags: str) -> bytes:
    pieces = "+".join(("frag_keyframe", "empty_moov", *flags))
    return encoded("mp4", "aac", 3.0, movflags=pieces, frag_duration="500000")


def moov_first(udta: bytes = b"", between: bytes = b"", wide: bool = False) -> bytes:
    """An M4A whose table of contents comes first, with user data and what stands behind it."""
    data = encoded("ipod", "aac")
    tops = {}
    at = 0
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        tops[name] = data[at : at + size]
        at += size
    moov = without_udta(tops[b"moov"]) + udta
    moov = atom(b"moov", moov)
    if wide:
        moov = atom(b"moov", with_offsets(moov[8:], None, 0))
    start = data.index(b"mdat") + 4
    moved = len(tops[b"ftyp"]) + len(moov) + len(between) + 8 - start
    moov = atom(b"moov", with_offsets(moov[8:], start, moved))
    return tops[b"ftyp"] + moov + between + tops[b"mdat"]


def without_udta(moov: bytes) -> bytes:
    out, at = b"", 8
    while at < len(moov):
        size, name = struct.unpack_from(">I4s", moov, at)
        out += moov[at : at + size] if name != b"udta" else b""
        at += size
    return out


def with_offsets(body: bytes, start: int | None, moved: int) -> bytes:
    """Chunk offsets set right, or made 64 bits wide if `start` is None."""
    out, at = b"", 0
    while at + 8 <= len(body):
        size, name = struct.unpack_from(">I4s", body, at)
        inner = body[at + 8 : at + size]
        if name in (b"trak", b"mdia", b"minf", b"stbl"):
            inner = with_offsets(inner, start, moved)
        elif name in (b"stco", b"co64"):
            form = ">I" if name == b"stco" else ">Q"
            width = struct.calcsize(form)
            offsets = [o for (o,) in struct.iter_unpack(form, inner[8:])]
            if start is None:
                name, form = b"co64", ">Q"
            else:
                offsets = [o + moved for o in offsets]
            assert width in (4, 8)
            inner = inner[:8] + b"".join(struct.pack(form, o) for o in offsets)
        out += atom(name, inner)
        at += size
    return out + body[at:]


def data_atom(value: bytes, kind: int = 1) -> bytes:
    return atom(b"data", struct.pack(">II", kind, 0), value)


HDLR = atom(b"hdlr", bytes(8), b"mdirappl", bytes(9))


def meta(*items: bytes, free: int = 0) -> bytes:
    more = atom(b"free", bytes(free)) if free else b""
    return atom(b"meta", bytes(4), HDLR, atom(b"ilst", *items), more)


NAME = atom(b"\xa9nam", data_atom(b"Title"))
UNKNOWN = atom(
    b"----", atom(b"mean", bytes(4), b"com.x"), atom(b"name", bytes(4), b"MOOD"), data_atom(b"calm")
)
ODD_ITEM = atom(b"xyz1", data_atom(b"\0\1\2", 0))
NUMBER = atom(b"gnre", data_atom(b"\0\x12", 0))
LIVE = atom(b"\xa9gen", data_atom(b"Live"), data_atom(b"Blues"))
TEXT = atom(b"\xa9nam", struct.pack(">HH", 5, 0x55C4), b"Title")


def moov_last(udta: bytes) -> bytes:
    data = encoded("ipod", "aac")
    at = data.rindex(b"moov") - 4
    return data[:at] + atom(b"moov", without_udta(data[at:]), udta)


MP4_KINDS = {
    "M4A": Kind("m4a", lambda: encoded("ipod", "aac")),
    "ALAC": Kind("m4a", lambda: files.audio("ipod", "alac", "s16p")),
    "M4A, tags of all sorts": Kind(
        "m4a",
        lambda: moov_last(atom(b"udta", meta(NAME, UNKNOWN, LIVE, ODD_ITEM), atom(b"Xtra", b"x"))),
        (NAME, UNKNOWN, ODD_ITEM, atom(b"Xtra", b"x")),
    ),
    "M4A, a genre by number": Kind("m4a", lambda: moov_last(atom(b"udta", meta(NAME, NUMBER)))),
    "M4A, no user data": Kind("m4a", lambda: moov_last(b"")),
    "M4A, no list of tags": Kind(
        "m4a", lambda: moov_last(atom(b"udta", atom(b"meta", bytes(4), HDLR)))
    ),
    "M4A, user data of QuickTime": Kind(
        "m4a", lambda: moov_last(atom(b"udta", TEXT, bytes(4))), (TEXT,)
    ),
    "M4A, contents first": Kind("m4a", lambda: moov_first(atom(b"udta", meta(NAME))), (NAME,)),
    "M4A, contents first, room among the tags": Kind(
        "m4a", lambda: moov_first(atom(b"udta", meta(NAME, free=400))), (NAME,)
    ),
    "M4A, contents first, room behind them": Kind(
        "m4a", lambda: moov_first(atom(b"udta", meta(NAME)), atom(b"free", bytes(300))), (NAME,)
    ),
    "M4A, contents first, too little room": Kind(
        "m4a", lambda: moov_first(atom(b"udta", meta(NAME)), atom(b"free", bytes(3))), (NAME,)
    ),
    "M4A, contents first, wide offsets": Kind("m4a", lambda: moov_first(wide=True)),
    "M4A in fragments": Kind("m4a", fragmented),
    "M4A in fragments that count from themselves": Kind(
        "m4a", lambda: fragmented("default_base_moof")
    ),
    "M4A in fragments, an index for each": Kind("m4a", lambda: fragmented("dash")),
    "QuickTime": Kind("mov", lambda: encoded("mov", "aac")),
    "3GP": Kind("3gp", lambda: encoded("3gp", "aac")),
    "M4A, cut short": Kind("m4a", lambda: moov_first()[:-200]),
}


# --- WAV, AIFF and the rest ------------------------------------------------------------------


def chunk(name: bytes, body: bytes, order: str = "<") -> bytes:
    return name + struct.pack(f"{order}I", len(body)) + body + bytes(len(body) % 2)


SAMPLES = (sounds.tune(1.5, 22_050)[0] * 32_767).astype("<i2").tobytes()
FMT = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 22_050, 44_100, 2, 16))
BEXT = chunk(b"bext", b"A description".ljust(603, b"\0"))
CUE = chunk(b"cue ", struct.pack("<I", 0))
INFO = chunk(b"INAM", b"Title\0") + chunk(b"IART", b"Artist\0")
LIVE_TAG = id3(4, frame(4, *TITLE[4]), frame(4, b"TCON", b"\0Live"), padding=50)


def wav(
    *before: bytes, data: bytes = SAMPLES, behind: bytes = b"", size: int | None = None
) -> bytes:
    claimed = len(data) if size is None else size
    body = b"WAVE" + FMT + b"".join(before) + b"data" + struct.pack("<I", claimed) + data + behind
    whole = len(body) if size is None else size
    return b"RIFF" + struct.pack("<I", whole) + body


def info(*texts: bytes) -> bytes:
    return chunk(b"LIST", b"INFO" + b"".join(texts))


def rf64(form: bytes) -> bytes:
    sizes = struct.pack("<QQQI", len(SAMPLES) + 72, len(SAMPLES), len(SAMPLES) // 2, 0)
    sound = b"data\xff\xff\xff\xff" + SAMPLES
    return form + b"\xff\xff\xff\xffWAVE" + chunk(b"ds64", sizes) + FMT + sound


def aiff(*behind: bytes) -> bytes:
    data = bytearray(files.audio("aiff", "pcm_s16be") + b"".join(behind))
    data[4:8] = struct.pack(">I", len(data) - 8)
    return bytes(data)


@cache
def wavpack() -> bytes:
    data = files.audio("wv", "wavpack", "s16p")
    return data[: data.rindex(b"APETAGEX", 0, -32)]


BAROQUE = chunk(b"IGNR", b"Baroque\0")
ANNO = chunk(b"ANNO", b"odd", ">") + chunk(b"NAME", b"Title", ">")
RIFF_KINDS = {
    "WAV": Kind("wav", wav),
    "WAV, chunks all over": Kind("wav", lambda: wav(BEXT, behind=CUE), (BEXT, CUE)),
    "WAV, ID3": Kind("wav", lambda: wav(behind=chunk(b"id3 ", LIVE_TAG)), (b"\0Title",)),
    "WAV, ID3 in front": Kind("wav", lambda: wav(chunk(b"ID3 ", LIVE_TAG), behind=CUE), (CUE,)),
    "WAV, a list of texts": Kind("wav", lambda: wav(info(INFO, BAROQUE)), (INFO,)),
    "WAV, a list of texts without a genre": Kind("wav", lambda: wav(behind=info(INFO)), (INFO,)),
    "WAV, both": Kind(
        "wav", lambda: wav(info(INFO, BAROQUE), behind=chunk(b"id3 ", LIVE_TAG)), (INFO,)
    ),
    "WAV, recorded without an end": Kind("wav", lambda: wav(size=0xFFFFFFFF)),
    "WAV, recorded without sizes": Kind("wav", lambda: wav(info(INFO), size=0), (INFO,)),
    "WAV, cut short": Kind("wav", lambda: wav()[:-1_000]),
    "WAV, more behind its end": Kind(
        "wav", lambda: wav() + b"hung on behind", (b"hung on behind",)
    ),
    "WAV, odd and not padded": Kind("wav", lambda: wav(data=SAMPLES + b"\0")),
    "RF64": Kind("wav", lambda: rf64(b"RF64")),
    "BW64": Kind("wav", lambda: rf64(b"BW64")),
    "AIFF": Kind("aiff", aiff),
    "AIFF, texts": Kind("aiff", lambda: aiff(ANNO), (ANNO,)),
    "AIFF, ID3": Kind(
        "aiff", lambda: aiff(chunk(b"ID3 ", LIVE_TAG, ">"), ANNO), (b"\0Title", ANNO)
    ),
    "AIFC": Kind(
        "aifc", lambda: sounds.encode(sounds.tune(1.5, 44_100), 44_100, "aiff", "pcm_s16le")
    ),
    "WavPack": Kind("wv", lambda: wavpack() + ape_tag(Title="T", Genre="L")),
    "WavPack, no tag": Kind("wv", lambda: wavpack()),
    "WavPack, APEv2 and ID3v1": Kind(
        "wv",
        lambda: wavpack() + ape_tag(Title="T") + files.v1(),
        (files.v1(),),
    ),
}


def monkeys_audio() -> bytes:
    """Three frames of noise: enough for what takes a file apart, though not for what decodes it."""
    sound, frames = np.random.default_rng(4).bytes(3_001), 3
    start = 52 + 24 + 4 * frames
    sizes = struct.pack("<IIIIIII", 52, 24, 4 * frames, 0, len(sound), 0, 0)
    head = b"MAC " + struct.pack("<HH", 3990, 0) + sizes + bytes(16)
    head += struct.pack("<HHIIIHHI", 2000, 0x20, 73_728, 100, frames, 16, 1, 44_100)
    return head + struct.pack("<3I", start, start + 1_000, start + 2_000) + sound


def speex() -> bytes:
    head = b"Speex   " + b"1.2".ljust(20, b"\0")
    head += struct.pack("<13i", 1, 80, 16_000, 1, 4, 1, -1, 320, 0, 1, 0, 0, 0)
    out = ogg_page(2, 0, 7, 0, bytes([len(head)]), head)
    words = comments(*GENRES)
    out += ogg_page(0, 0, 7, 1, bytes([len(words)]), words)
    for i in range(20):
        flags = 4 if i == 19 else 0
        out += ogg_page(flags, 320 * (i + 1), 7, 2 + i, bytes([40]), bytes([i]) * 40)
    return out


def dsf(tag: bytes = b"") -> bytes:
    sound = np.random.default_rng(6).bytes(4096 * 20)
    fmt = b"fmt " + struct.pack("<QIIIIIIQII", 52, 1, 0, 1, 1, 2_822_400, 1, 8 * 81_920, 4096, 0)
    data = b"data" + struct.pack("<Q", len(sound) + 12) + sound
    size = 28 + len(fmt) + len(data)
    place = size if tag else 0
    return b"DSD " + struct.pack("<QQQ", 28, size + len(tag), place) + fmt + data + tag


def tta() -> bytes:
    return files.audio("tta", "tta", "s16")


def wma() -> bytes:
    samples = sounds.tune(1.5, 44_100)
    return sounds.encode(samples, 44_100, "asf", "wmav2", bit_rate=64_000, tags={"title": "T"})


SELDOM_KINDS = {
    "Monkey's Audio": Kind("ape", lambda: monkeys_audio() + ape_tag(Title="T", Genre="Live")),
    "Monkey's Audio, no tag": Kind("ape", monkeys_audio),
    "Monkey's Audio, ID3v1": Kind("ape", lambda: monkeys_audio() + files.v1(), (files.v1(),)),
    "TTA": Kind("tta", tta),
    "TTA, ID3": Kind("tta", lambda: id3(3, frame(3, *TITLE[3])) + tta(), (b"\0Title",)),
    "TTA, APEv2": Kind("tta", lambda: tta() + ape_tag(Title="T")),
    "WMA": Kind("wma", wma),
    "Speex": Kind("spx", speex),
    "DSF": Kind("dsf", dsf),
    "DSF, ID3": Kind("dsf", lambda: dsf(LIVE_TAG), (b"\0Title",)),
}
"""What FFmpeg may not be let read: then nothing can be proved, and nothing is written."""

PLACELESS = "no place for a genre"
REFUSED_KINDS = {
    "raw AAC": Kind("aac", lambda: files.audio("adts", "aac"), refused=PLACELESS),
    "AU": Kind("au", lambda: files.audio("au", "pcm_s16be"), refused=PLACELESS),
    "WebM": Kind("webm", lambda: files.audio("webm", "libopus"), refused=PLACELESS),
    "AC-3": Kind("ac3", lambda: files.audio("ac3", "ac3"), refused=PLACELESS),
    "a tag alone": Kind("mp3", lambda: id3(4, frame(4, *TITLE[4])), refused="no sound"),
    "a tag cut short": Kind("mp3", lambda: id3(4, frame(4, *TITLE[4]))[:-3], refused="cut short"),
    "no music": Kind("mp3", lambda: b"not a song " * 100, refused="does not know"),
    "nothing": Kind("flac", lambda: b"", refused="empty"),
}
KINDS = ID3_KINDS | VORBIS_KINDS | MP4_KINDS | RIFF_KINDS | SELDOM_KINDS | REFUSED_KINDS


def put(kind: Kind, folder: Path) -> Path:
    path = folder / f"song.{kind.suffix}"
    path.write_bytes(kind.make())
    return path
