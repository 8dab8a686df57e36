"""Sounds for the tests, and real files made of them with PyAV's encoders."""

import io
import struct
import zlib
from collections.abc import Mapping
from functools import lru_cache

import av
import numpy as np
import soundfile

RATE = 22_050


def noise(seconds: float, rate: int = RATE, seed: int = 0, level: float = 0.1) -> np.ndarray:
    """White noise, shape (1, n), float32."""
    samples = np.random.default_rng(seed).normal(size=(1, round(seconds * rate)))
    return (level * samples).astype(np.float32)


def tone(seconds: float, rate: int = RATE, hz: float = 440.0, level: float = 0.5) -> np.ndarray:
    """A sine, shape (1, n), float32."""
    t = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hz * t)).astype(np.float32)[None]


def tune(seconds: float, rate: int = RATE, seed: int = 1) -> np.ndarray:
    """Plucked chords over a beat: enough like music to be judged, shape (1, n), float32."""
    return _tune(seconds, rate, seed).copy()


@lru_cache(64)
def _tune(seconds: float, rate: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    out = np.zeros_like(t)
    length = rate // 2
    since = np.arange(length) / rate
    for beat in np.arange(0.0, seconds, 0.25):
        start = round(beat * rate)
        root = 110 * 2 ** (rng.integers(0, 12) / 12)
        phases = 2 * np.pi * root * np.outer([1, 1.26, 1.5, 2], since)
        chord = sum(np.sin(h * phases).sum(axis=0) / h for h in range(1, 7)) / 4
        hit = 0.5 * np.exp(-40 * since) * rng.normal(size=length)
        note = np.exp(-6 * since) * chord + hit
        out[start : start + length] += note[: len(out) - start]
    return (0.5 * out / np.abs(out).max()).astype(np.float32)[None]


def clicks(seconds: float, bpm: float, rate: int = RATE) -> np.ndarray:
    """A click at each beat over a breath of noise, shape (1, n), float32."""
    out = noise(seconds, rate, level=1e-4)[0]
    click = 0.5 * np.exp(-np.arange(200) / 30)
    _hit(out, click, np.arange(0.0, seconds, 60 / bpm) * rate)
    return out[None]


def drums(seconds: float, bpm: float, rate: int = RATE) -> np.ndarray:
    """Kick and snare in turn, a hi-hat twice a beat, shape (1, n), float32."""
    rng = np.random.default_rng(1)
    out = noise(seconds, rate, level=1e-4)[0]
    since = np.arange(rate // 5) / rate
    kick = 0.6 * np.sin(2 * np.pi * 60 * since) * np.exp(-20 * since)
    snare = 0.3 * rng.normal(size=len(since)) * np.exp(-25 * since)
    hat = 0.1 * np.diff(rng.normal(size=len(since) + 1)) * np.exp(-80 * since)
    beat = 60 / bpm * rate
    for sound, first, every in ((kick, 0, 2), (snare, 1, 2), (hat, 0, 0.5)):
        _hit(out, sound, np.arange(first * beat, seconds * rate, every * beat))
    return out[None]


def _hit(out: np.ndarray, sound: np.ndarray, starts: np.ndarray) -> None:
    """Add a sound at so many samples, each rounded."""
    for start in np.rint(starts).astype(int):
        out[start : start + len(sound)] += sound[: max(len(out) - start, 0)]


def encode(
    samples: np.ndarray,
    rate: int = RATE,
    container: str = "wav",
    codec: str = "pcm_s16le",
    *,
    layout: str | None = None,
    sample_format: str | None = None,
    bit_rate: int | None = None,
    tags: Mapping[str, str] | None = None,
    codec_options: Mapping[str, str] | None = None,
    container_options: Mapping[str, str] | None = None,
) -> bytes:
    """Encode float samples of shape (channels, n) with a real encoder."""
    if codec == "vorbis":  # FFmpeg's own encoder is a draft
        return _vorbis(samples, rate, tags or {})
    layout = layout or {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[len(samples)]
    buffer = io.BytesIO()
    with av.open(
        buffer, "w", format=container, container_options=dict(container_options or {})
    ) as output:
        output.metadata.update(tags or {})
        stream = output.add_stream(codec, rate=rate, options=dict(codec_options or {}))
        stream.layout = layout
        if sample_format:
            stream.format = sample_format
        if bit_rate:
            stream.bit_rate = bit_rate
        stream.codec_context.open()
        interleaved = np.ascontiguousarray(samples.T, dtype=np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(interleaved, format="flt", layout=layout)
        frame.sample_rate = rate
        resampler = av.AudioResampler(
            stream.format, layout, rate, frame_size=stream.codec_context.frame_size or 4096
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(piece))
        # These take no packet without sound; a FLAC learns its length from one.
        rest = stream.encode(None)
        output.mux([p for p in rest if p.size] if container in ("ogg", "matroska") else rest)
    return buffer.getvalue()


def _vorbis(samples: np.ndarray, rate: int, tags: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer, "w", rate, len(samples), format="OGG", subtype="VORBIS"
    ) as output:
        for name, value in tags.items():
            setattr(output, name, value)
        for start in range(0, samples.shape[1], rate):
            output.write(samples[:, start : start + rate].T)
    return buffer.getvalue()


def dsd_bits(samples: np.ndarray, rate: int) -> np.ndarray:
    """One-bit samples at 64 times 44 100 Hz, shape (channels, n): sigma-delta, first order."""
    n = round(samples.shape[1] / rate * 2_822_400) // 32 * 32
    at = np.arange(n) * (rate / 2_822_400)
    smooth = np.array([np.interp(at, np.arange(len(c)), c) for c in samples])
    steps = np.floor(np.cumsum((smooth + 1) / 2, axis=1))
    return np.diff(steps, axis=1, prepend=0.0).astype(np.uint8)


def dsf(samples: np.ndarray, rate: int) -> bytes:
    """A DSF file, which no encoder at hand makes: blocks of 4096 bytes, lowest bit first."""
    bits = dsd_bits(samples, rate)
    channels, n = bits.shape
    packed = np.packbits(bits, axis=1, bitorder="little")
    blocks = -(-packed.shape[1] // 4096)
    packed = np.pad(packed, ((0, 0), (0, blocks * 4096 - packed.shape[1])))
    data = packed.reshape(channels, blocks, 4096).transpose(1, 0, 2).tobytes()
    fmt = b"fmt " + struct.pack(
        "<QIIIIIIQII", 52, 1, 0, channels, channels, 2_822_400, 1, n, 4096, 0
    )
    body = fmt + b"data" + struct.pack("<Q", 12 + len(data)) + data
    return b"DSD " + struct.pack("<QQQ", 28, 28 + len(body), 0) + body


def dff(samples: np.ndarray, rate: int) -> bytes:
    """A DSDIFF file: channels byte by byte, highest bit first."""
    bits = dsd_bits(samples, rate)
    channels = len(bits)
    data = np.packbits(bits, axis=1).T.tobytes()

    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack(">Q", len(body)) + body + b"\0" * (len(body) % 2)

    names = {1: [b"C000"], 2: [b"SLFT", b"SRGT"]}[channels]
    properties = b"SND " + chunk(b"FS  ", struct.pack(">I", 2_822_400))
    properties += chunk(b"CHNL", struct.pack(">H", channels) + b"".join(names))
    properties += chunk(b"CMPR", b"DSD \x0enot compressed\0")
    body = b"DSD " + chunk(b"FVER", b"\1\5\0\0") + chunk(b"PROP", properties) + chunk(b"DSD ", data)
    return b"FRM8" + struct.pack(">Q", len(body)) + body


def float_wav(samples: np.ndarray, rate: int = RATE) -> bytes:
    """A 32-bit float WAV written by hand, so that it may hold anything, shape (channels, n)."""
    channels = len(samples)
    data = samples.T.astype("<f4").tobytes()
    head = struct.pack(
        "<HHIIHH", 3, channels, rate, 4 * channels * rate & 0xFFFFFFFF, 4 * channels, 32
    )
    return wav_file(head, data)


def wav_file(head: bytes, data: bytes, claimed: int | None = None) -> bytes:
    """A WAV file from a fmt chunk and data, with another data size in its header if wanted."""
    size = len(data) if claimed is None else claimed
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", min(4 + len(body) + size, 0xFFFFFFFF)) + body + data


def id3_bomb(megabytes: int) -> bytes:
    """An ID3 tag of a few hundred kilobytes whose title unpacks to so many megabytes."""
    packed = zlib.compress(b"\x03" + b"A" * (megabytes << 20), 9)
    unpacked = _syncsafe((megabytes << 20) + 1)
    frame = b"TIT2" + _syncsafe(len(packed) + 4) + b"\x00\x09" + unpacked + packed
    return b"ID3\x04\x00\x00" + _syncsafe(len(frame)) + frame


def mp4_bomb(megabytes: int) -> bytes:
    """An MP4 whose compressed header unpacks to so many megabytes."""
    size = megabytes << 20
    packed = struct.pack(">I", size) + _zeros_compressed(megabytes)
    header = _atom(b"cmov", _atom(b"dcom", b"zlib") + _atom(b"cmvd", packed))
    return _atom(b"ftyp", b"M4A \0\0\0\0M4A ") + _atom(b"moov", header) + _atom(b"mdat", bytes(99))


def _zeros_compressed(megabytes: int) -> bytes:
    """What zlib makes of so many megabytes of zeros: one, packed by itself, time and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    one = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = struct.pack(">HH", (megabytes << 20) % 65_521, 1)
    return b"\x78\xda" + one * megabytes + packer.flush() + checksum


def _atom(name: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload) + 8) + name + payload


def _syncsafe(n: int) -> bytes:
    return bytes([(n >> 21) & 127, (n >> 14) & 127, (n >> 7) & 127, n & 127])
