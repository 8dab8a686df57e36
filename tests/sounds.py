"""Sounds for the tests, and real files made of them with PyAV's encoders."""

import io
import struct
import zlib
from collections.abc import Mapping

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
) -> bytes:
    """Encode float samples of shape (channels, n) with a real encoder."""
    if codec == "vorbis":  # FFmpeg's own encoder is a draft
        return _vorbis(samples, rate, tags or {})
    layout = layout or {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[len(samples)]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        output.metadata.update(tags or {})
        stream = output.add_stream(codec, rate=rate)
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
        output.mux([packet for packet in stream.encode(None) if packet.size])
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
    packed = struct.pack(">I", size) + zlib.compress(bytes(size), 9)
    header = _atom(b"cmov", _atom(b"dcom", b"zlib") + _atom(b"cmvd", packed))
    return _atom(b"ftyp", b"M4A \0\0\0\0M4A ") + _atom(b"moov", header) + _atom(b"mdat", bytes(99))


def _atom(name: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload) + 8) + name + payload


def _syncsafe(n: int) -> bytes:
    return bytes([(n >> 21) & 127, (n >> 14) & 127, (n >> 7) & 127, n & 127])
