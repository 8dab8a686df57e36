"""Small files of every kind, damaged at random: what `benchmarks/fuzz.py` and the tests read.

A mutant is made again from its kind and number alone.
"""

import random
import time
import zlib
from functools import cache

import numpy as np

from genregenie.audio import SIX_STRETCHES, WHOLE, AudioError, AudioFile
from tests import sounds

KINDS: dict[str, tuple[str, str, str | None, int]] = {
    "WAV": ("wav", "pcm_s16le", "s16", 22_050),
    "WAV, float": ("wav", "pcm_f32le", "flt", 22_050),
    "WAV, ADPCM": ("wav", "adpcm_ms", "s16", 22_050),
    "MP3": ("mp3", "libmp3lame", None, 44_100),
    "MP2": ("mp2", "mp2", None, 44_100),
    "FLAC": ("flac", "flac", "s16", 22_050),
    "Ogg Vorbis": ("ogg", "vorbis", None, 44_100),
    "Ogg Opus": ("ogg", "libopus", None, 48_000),
    "Ogg FLAC": ("ogg", "flac", "s16", 22_050),
    "M4A, AAC": ("ipod", "aac", None, 44_100),
    "M4A, ALAC": ("ipod", "alac", "s16p", 22_050),
    "MP4 in pieces": ("mp4", "aac", None, 44_100),
    "AAC": ("adts", "aac", None, 44_100),
    "AIFF": ("aiff", "pcm_s16be", "s16", 22_050),
    "AU": ("au", "pcm_s16be", "s16", 22_050),
    "WebM": ("webm", "libopus", None, 48_000),
    "Matroska": ("matroska", "aac", None, 44_100),
    "WavPack": ("wv", "wavpack", "s16p", 22_050),
    "WMA 1": ("asf", "wmav1", None, 44_100),
    "WMA 2": ("asf", "wmav2", None, 44_100),
    "TTA": ("tta", "tta", "s16", 22_050),
    "AC-3": ("ac3", "ac3", None, 44_100),
    "E-AC-3": ("eac3", "eac3", None, 44_100),
    "CAF": ("caf", "alac", "s16p", 22_050),
    "3GP": ("3gp", "aac", None, 44_100),
}
_BY_HAND = {"DSF": sounds.dsf, "DFF": sounds.dff}
NAMES = (*KINDS, *_BY_HAND, "Ogg, chained")


@cache
def whole(name: str) -> bytes:
    """An undamaged file of a kind."""
    if name == "Ogg, chained":
        return whole("Ogg Opus") + whole("Ogg FLAC")
    if name in _BY_HAND:
        return _BY_HAND[name](sounds.tune(1.1), sounds.RATE)
    container, codec, form, rate = KINDS[name]
    pieces = {"movflags": "frag_keyframe+empty_moov", "frag_duration": "200000"}
    seconds = 5.0 if container in ("ogg", "wv") else 1.3  # one damaged block loses a second
    return sounds.encode(
        np.repeat(sounds.tune(seconds, rate), 1 + len(name) % 2, axis=0),
        rate,
        container,
        codec,
        sample_format=form,
        bit_rate=64_000 if codec.startswith("wma") else None,
        container_options=pieces if name == "MP4 in pieces" else None,
    )


def mutant(name: str, number: int) -> bytes:
    """A damaged file: bytes changed, cut off, taken out, doubled, zeroed or put in front."""
    chance = random.Random(zlib.crc32(f"{name} {number}".encode()))
    data = bytearray(whole(name))
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        # Headers are where a changed byte does most.
        reach = len(data) if chance.random() < 0.5 else min(len(data), 600)
        if reach < 2:
            break
        at, length = chance.randrange(reach), chance.choice((1, 2, 4, 16, 200, 2_000))
        way = chance.randrange(8)
        if way <= 2:
            for i in range(at, min(at + min(length, 16), len(data))):
                data[i] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        elif way == 3:
            del data[at:]
        elif way == 4:
            del data[at : at + length]
        elif way == 5:
            data[at:at] = data[at : at + length]
        elif way == 6:
            data[at : at + length] = bytes(min(length, len(data) - at))
        else:
            data[:0] = chance.randbytes(length)
    return bytes(data)


def outcome(case: tuple[str, int]) -> str:
    """What comes of reading a mutant: ``"heard"``, ``"sentence"``, or the name of another error."""
    name, number = case
    data = mutant(name, number)
    try:
        for spread in (WHOLE, SIX_STRETCHES):
            with AudioFile(data) as audio:
                for stretch in audio.stretches(spread):
                    for block in stretch.blocks:
                        if not np.isfinite(block).all():
                            return "not finite"
    except AudioError as error:
        return "sentence" if len(str(error)) > 10 else "no sentence"
    except Exception as error:  # noqa: BLE001 - it is what is looked for
        return f"{type(error).__module__}.{type(error).__name__}: {error}"
    return "heard"


def timed_outcome(case: tuple[str, int]) -> tuple[str, float]:
    """`outcome`, and the seconds it took."""
    start = time.perf_counter()
    return outcome(case), time.perf_counter() - start
