"""Audio files with rich tags, one for each format and version of tags."""

import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path

import mutagen
import numpy as np
from mutagen.aiff import AIFF
from mutagen.apev2 import BINARY, APEv2, APEValue
from mutagen.asf import ASFTags
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, COMM, ID3, POPM, TALB, TCON, TIT2, TPE1, TRCK, TXXX, TYER, UFID, USLT
from mutagen.mp4 import MP4, MP4Cover, MP4FreeForm, MP4Tags
from mutagen.wave import WAVE

from genregenie.audio import AudioFile
from genregenie.tagging.formats.fields import FIELDS, Field
from tests import sounds

NOTHING: dict[Field, tuple[str, ...]] = dict.fromkeys(FIELDS, ())
"""What the tags of a file without tags hold."""

COVER = b"\x89PNG\r\n\x1a\n" + np.random.default_rng(5).bytes(40_000)


@cache
def audio(container: str, codec: str, sample_format: str | None = None) -> bytes:
    """1.5 s of music without tags."""
    rate = 48_000 if "opus" in codec else 44_100
    return sounds.encode(
        sounds.tune(1.5, rate), rate, container, codec, sample_format=sample_format
    )


def as_mutagen_reads(path: Path) -> dict[str, tuple[str, ...]]:
    """The fields, as a program reads them that shares no code with ours; an empty one is missing.

    Raises
    ------
    MutagenError
        If it gives up.
    """
    tags = getattr(mutagen.File(path), "tags", None)
    if tags is None:
        tags = APEv2(path) if path.suffix == ".tta" else {}
    if isinstance(tags, ID3):
        own = [frame for frame in tags.getall("TXXX") if frame.desc.upper() == "MOOD"]
        frames = {
            "genre": tags.getall("TCON"),
            "mood": tags.getall("TMOO") or own,
            "grouping": tags.getall("GRP1") or tags.getall("TIT1"),
            "tempo": tags.getall("TBPM"),
            "key": tags.getall("TKEY"),
        }
        found = {field: [t for frame in some for t in frame.text] for field, some in frames.items()}
    else:
        names = _NAMES.get(type(tags), ("genre", "mood", "grouping", "bpm", "initialkey"))
        found = {
            field: [v.decode() if isinstance(v, bytes) else str(v) for v in tags.get(name, ())]
            for field, name in zip(FIELDS, names, strict=True)
        }
    return {field: tuple(values) for field, values in found.items() if values}


_NAMES = {
    MP4Tags: (
        *("\xa9gen", "----:com.apple.iTunes:MOOD", "\xa9grp"),
        *("tmpo", "----:com.apple.iTunes:initialkey"),
    ),
    ASFTags: (
        *("WM/Genre", "WM/Mood", "WM/ContentGroupDescription"),
        *("WM/BeatsPerMinute", "WM/InitialKey"),
    ),
}


def samples(path: Path) -> np.ndarray:
    """Everything in a file, decoded."""
    with AudioFile(path) as opened:
        return np.concatenate([b for s in opened.stretches() for b in s.blocks])


def bare_mp3() -> bytes:
    data = audio("mp3", "libmp3lame")
    size = 10 + sum((data[6 + i] & 127) << 7 * (3 - i) for i in range(4))
    return data[size:] if data[:3] == b"ID3" else data


def _id3(version: int, genres: list[str] | None) -> ID3:
    tags = ID3()
    tags.add(TIT2(3, ["Höhle"]))
    tags.add(TPE1(3, ["One", "Two"]))
    tags.add(TALB(0, ["An album"]))
    tags.add(TRCK(0, ["3/9"]))
    tags.add(COMM(1, "deu", "what", ["Ein Kommentar"]))
    tags.add(USLT(1, "eng", "", "la\nla"))
    tags.add(TXXX(0, "REPLAYGAIN_TRACK_GAIN", ["-3.2 dB"]))
    tags.add(UFID("http://example.org", b"\0\1binary"))
    tags.add(POPM("me@example.org", 200, 12))
    tags.add(APIC(0, "image/png", 3, "cover", COVER))
    if version == 3:
        tags.add(TYER(0, ["1999"]))
    if genres:
        tags.add(TCON(0 if "".join(genres).isascii() else 1, genres))
    return tags


def mp3(path: Path, version: int, genres: list[str] | None) -> None:
    path.write_bytes(bare_mp3())
    _id3(version, genres).save(path, v2_version=version, v23_sep=None)


def v1(genre: int = 17) -> bytes:
    names = (b"An old title", b"An artist", b"An album")
    body = b"".join(name.ljust(30, b"\0") for name in names)
    return b"TAG" + body + b"1987" + b"A comment".ljust(30, b"\0") + bytes([genre])


def mp3_v22(path: Path, genres: list[str] | None) -> None:
    def frame(name: bytes, text: str) -> bytes:
        data = b"\0" + text.encode("latin-1")
        return name + struct.pack(">I", len(data))[1:] + data

    frames = frame(b"TT2", "A title") + frame(b"TP1", "An artist") + frame(b"TYE", "1999")
    frames += frame(b"TCO", genres[0]) if genres else b""
    frames += bytes(50)
    size = bytes((len(frames) >> 7 * i) & 127 for i in (3, 2, 1, 0))
    path.write_bytes(b"ID3\2\0\0" + size + frames + bare_mp3())


def mp3_v1(path: Path, genres: list[str] | None) -> None:
    path.write_bytes(bare_mp3() + v1(genre=17 if genres else 255))


def mp3_everything(path: Path, genres: list[str] | None) -> None:
    """ID3v2, APEv2 and ID3v1 in one file, each saying something else."""
    path.write_bytes(bare_mp3())
    tags = APEv2()
    tags["REPLAYGAIN_TRACK_GAIN"] = "-6.5 dB"
    tags.save(path)
    _id3(4, genres).save(path)
    with path.open("ab") as file:
        file.write(v1())


def untagged_mp3(path: Path, genres: list[str] | None) -> None:
    path.write_bytes(bare_mp3())
    if genres:
        tags = ID3()
        tags.add(TCON(3, genres))
        tags.save(path)


def chunked(kind: type, container: str, codec: str) -> Callable[[Path, list[str] | None], None]:
    def make(path: Path, genres: list[str] | None) -> None:
        path.write_bytes(audio(container, codec))
        file = kind(path)
        file.tags = None
        file.add_tags()
        for frame in _id3(4, genres).values():
            file.tags.add(frame)
        file.save()

    return make


def vorbis(container: str, codec: str, form: str | None = None):
    def make(path: Path, genres: list[str] | None) -> None:
        path.write_bytes(audio(container, codec, form))
        file = mutagen.File(path)
        if file.tags is None:
            file.add_tags()
        file["TITLE"] = ["Höhle"]
        file["Artist"] = ["One", "Two"]
        file["COMMENT"] = ["=" * 3000]
        if genres:
            file["Genre"] = genres
        if isinstance(file, FLAC):
            picture = Picture()
            picture.type, picture.mime, picture.data = 3, "image/png", COVER
            file.add_picture(picture)
        file.save()

    return make


def mp4(codec: str, form: str):
    def make(path: Path, genres: list[str] | None) -> None:
        path.write_bytes(audio("ipod", codec, form))
        file = MP4(path)
        if file.tags is None:
            file.add_tags()
        file["\xa9nam"], file["\xa9ART"] = ["Höhle"], ["One", "Two"]
        file["trkn"], file["tmpo"], file["cpil"] = [(3, 9)], [120], True
        file["covr"] = [MP4Cover(COVER, MP4Cover.FORMAT_PNG)]
        file["----:com.apple.iTunes:MOOD"] = [MP4FreeForm(b"calm")]
        if genres:
            file["\xa9gen"] = genres
        file.save()

    return make


def ape(data: Callable[[], bytes]):
    def make(path: Path, genres: list[str] | None) -> None:
        path.write_bytes(data())
        tags = APEv2()
        tags["Title"], tags["Artist"] = "Höhle", ["One", "Two"]
        tags["Cover Art (Front)"] = APEValue(COVER, BINARY)
        if genres:
            tags["Genre"] = genres
        tags.save(path)

    return make


Maker = Callable[[Path, list[str] | None], None]
MAKERS: dict[str, tuple[str, Maker]] = {
    "mp3, ID3v2.2": ("mp3", mp3_v22),
    "mp3, ID3v2.3": ("mp3", lambda path, genres: mp3(path, 3, genres)),
    "mp3, ID3v2.4": ("mp3", lambda path, genres: mp3(path, 4, genres)),
    "mp3, ID3v1 alone": ("mp3", mp3_v1),
    "mp3, ID3v2, APEv2 and ID3v1": ("mp3", mp3_everything),
    "mp3, no tags": ("mp3", untagged_mp3),
    "flac": ("flac", vorbis("flac", "flac")),
    "ogg": ("ogg", vorbis("ogg", "vorbis")),
    "opus": ("opus", vorbis("ogg", "libopus")),
    "m4a": ("m4a", mp4("aac", "fltp")),
    "alac": ("m4a", mp4("alac", "s16p")),
    "aiff": ("aiff", chunked(AIFF, "aiff", "pcm_s16be")),
    "wav": ("wav", chunked(WAVE, "wav", "pcm_s16le")),
    "wavpack": ("wv", ape(lambda: audio("wv", "wavpack", "s16p"))),
}
