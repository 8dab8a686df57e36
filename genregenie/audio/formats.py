"""What is heard and what is not: the containers and codecs that may be opened, and why each.

The one list behind the decoder's guards, the names of files that folders are searched for, what
the page accepts, and every sentence that says what to try instead.
"""

import os
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

RATE_HZ: Final = 22_050
"""Sample rate of everything after decoding."""

MIN_RATE_HZ: Final = 4_000
MAX_RATE_HZ: Final = 768_000
"""Sample rates that are believed."""

Samples = NDArray[np.float32]
Source = str | os.PathLike[str] | bytes | BinaryIO | tuple[ArrayLike, float]
"""A path, the bytes of a file, an open binary file that can be wound back, or samples and their
rate in Hz: shape (n,) or (n, channels), as `genregenie.audio.samples.as_wav` takes them."""


@dataclass(frozen=True)
class Container:
    """A kind of file.

    Attributes
    ----------
    demuxer : str
        FFmpeg's name for it.
    suffixes : tuple of str
        How names of such files end, in lower case.
    why : str
        Who has such files.
    counted : bool
        Whether it may have neither a length nor an index, so that its packets are counted.
    """

    demuxer: str
    suffixes: tuple[str, ...]
    why: str
    counted: bool = False


CONTAINERS: Final = (
    Container("wav", (".wav", ".wave"), "recorders, editors; RF64 and BW64 too"),
    Container(
        "mp3", (".mp3", ".mp2"), "most music there is; MP2 from radio and DVDs", counted=True
    ),
    Container("flac", (".flac",), "lossless collections"),
    Container("ogg", (".ogg", ".oga", ".opus"), "Vorbis, Opus, FLAC; messages, streams"),
    Container("mov", (".m4a", ".mp4", ".m4b", ".3gp"), "shops, telephones, audio books, videos"),
    Container("aac", (".aac",), "streams as they come", counted=True),
    Container("aiff", (".aif", ".aiff", ".aifc"), "editors on a Mac"),
    Container("au", (".au",), "data sets"),
    Container("matroska", (".webm", ".weba", ".mka"), "browsers' recordings, ripped concerts"),
    Container("wv", (".wv",), "lossless collections"),
    Container("asf", (".wma",), "what Windows ripped for fifteen years"),
    Container("ape", (".ape",), "lossless collections"),
    Container("mpc", (".mpc",), "Musepack 7: collections of twenty years ago"),
    Container("mpc8", (".mpc",), "Musepack 8"),
    Container("tta", (".tta",), "lossless collections"),
    Container("ac3", (".ac3",), "DVDs", counted=True),
    Container("eac3", (".eac3", ".ec3"), "films, streams", counted=True),
    Container("dsf", (".dsf",), "DSD downloads, from SACDs"),
    Container("iff", (".dff",), "DSD downloads, from SACDs"),
    Container("caf", (".caf",), "recordings and loops on a Mac"),
)

CODECS: Final[dict[str, str]] = {
    "mp3": "MP3",
    "mp2": "radio, DVDs",
    "flac": "lossless",
    "vorbis": "Ogg, WebM",
    "opus": "Ogg, WebM, messages",
    "aac": "M4A, videos, radio",
    "alac": "lossless, in M4A and CAF",
    "wavpack": "lossless",
    "wmav1": "Windows Media Audio 7",
    "wmav2": "Windows Media Audio 8 and 9",
    "wmapro": "Windows Media Audio 9 and 10 Professional",
    "wmalossless": "Windows Media Audio Lossless",
    "ape": "Monkey's Audio",
    "musepack7": "Musepack 7",
    "musepack8": "Musepack 8",
    "tta": "True Audio",
    "ac3": "Dolby Digital: DVDs",
    "eac3": "Dolby Digital Plus: films, streams",
    "dsd_lsbf": "DSD, in DSF",
    "dsd_msbf": "DSD, in DFF",
    "dsd_lsbf_planar": "DSD, in DSF",
    "dsd_msbf_planar": "DSD, in WavPack",
    "dst": "compressed DSD, in DFF",
    "adpcm_ms": "small WAVs of old programs",
    "adpcm_ima_wav": "small WAVs of old programs and recorders",
    "adpcm_ima_qt": "old files of a Mac",
    "gsm_ms": "WAVs from answering machines",
    "pcm_alaw": "telephone, in WAV and AU",
    "pcm_mulaw": "telephone, in WAV and AU",
    **dict.fromkeys(
        (
            *("pcm_s8", "pcm_s8_planar", "pcm_u8", "pcm_s16be", "pcm_s16le", "pcm_s24be"),
            *("pcm_s24le", "pcm_s32be", "pcm_s32le", "pcm_s64be", "pcm_s64le", "pcm_u16be"),
            *("pcm_u16le", "pcm_u24be", "pcm_u24le", "pcm_u32be", "pcm_u32le", "pcm_f16le"),
            *("pcm_f24le", "pcm_f32be", "pcm_f32le", "pcm_f64be", "pcm_f64le"),
        ),
        "plain samples",
    ),
}
"""The codecs that are heard, by FFmpeg's name, and where people have them from.

Nothing else is ever decoded: each decoder is more code that reads what strangers made.
"""

OTHERS: Final[dict[bytes, str]] = {
    b".RMF": "RealMedia",
    b".ra\xfd": "RealAudio",
    b"#!AMR": "AMR",
    b"tBaK": "TAK",
    b"OFR ": "OptimFROG",
    b"ajkg": "Shorten",
    b"LA0": "Lossless Audio",
    b"MThd": "MIDI",
    b"FLV\x01": "Flash video",
    b"Creative Voice": "Creative Voice",
    b"\x7f\xfe\x80\x01": "DTS",
    b"\xfe\x7f\x01\x80": "DTS",
    b"\0\0\x01\xba": "MPEG video",
    b"riff\x2e\x91\xcf\x11": "Wave64",
    b"MP+\x05": "Musepack 5",
    b"ADIF": "AAC with ADIF headers",
    b"PK\x03\x04": "zip",
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
}
"""What files begin with that people take for one of these; named in the sentence that refuses them.
"""

FORMATS: Final = (
    "WAV, MP3, FLAC, OGG, Opus, M4A, AAC, AIFF, AU, WebM, WMA, WavPack, Monkey's Audio, Musepack, "
    "TTA, AC-3, DSD or CAF"
)

AUDIO_SUFFIXES: Final = frozenset(suffix for c in CONTAINERS for suffix in c.suffixes)
"""How names of such files end, in lower case."""
