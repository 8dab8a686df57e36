"""What is heard and what is not, how long it is, and the links of a chain."""

import io
import itertools
import re

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genregenie.audio import (
    AUDIO_SUFFIXES,
    FORMATS,
    RATE_HZ,
    SIX_STRETCHES,
    AudioError,
    AudioFile,
    formats,
    mpeg,
    ogg,
)
from genregenie.audio.stream import AudioStream
from tests import machine, sounds
from tests.audio.test_file import decode, similarity

FILES = machine.TESTS / "files"
TUNE = sounds.tune(3.0, 44_100)


# --- formats that no encoder at hand makes ---------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("make", [sounds.dsf, sounds.dff])
def test_dsd_is_heard(make, channels):
    tune = 0.5 * TUNE[:, :66_150]  # each sample becomes 64 bits
    samples, audio = decode(make(np.repeat(tune, channels, axis=0), 44_100))
    reference, _ = decode(sounds.float_wav(tune, 44_100))
    assert audio.duration_s == pytest.approx(1.5, abs=0.1)
    assert similarity(samples, reference) > 0.95


def test_musepack_is_heard_and_its_length_found():
    """Its header counts in packets of 1.7 s."""
    samples, audio = decode(FILES / "tune.mpc")
    reference, _ = decode(sounds.float_wav(sounds.tune(2.0, 44_100), 44_100))
    assert audio.duration_s == pytest.approx(2.0, abs=0.1)
    assert similarity(samples, reference) > 0.9


# --- one list --------------------------------------------------------------------------------

REFUSED = [
    ("wav", "adpcm_yamaha", 44_100),
    ("wav", "adpcm_g722", 16_000),
    ("wav", "dfpwm", 48_000),
    ("mov", "nellymoser", 44_100),
    ("matroska", "real_144", 8_000),
]
_ENCODERS = {"adpcm_g722": "g722", "real_144": "ra_144"}


@pytest.mark.parametrize(("container", "codec", "rate"), REFUSED)
def test_a_codec_that_is_not_on_the_list_is_named_and_never_decoded(container, codec, rate):
    data = sounds.encode(sounds.tune(2.0, rate), rate, container, _ENCODERS.get(codec, codec))
    with pytest.raises(AudioError, match=r"coded as .+\(\w+\), which GenreGenie does not read"):
        AudioFile(data)


def test_another_stream_is_heard_where_the_first_may_not_be():
    """A recording with two sound tracks, the first coded as RealAudio."""
    buffer, tune = io.BytesIO(), sounds.tune(3.0, 8_000)
    with av.open(buffer, "w", format="matroska") as output:
        streams = [output.add_stream(codec, rate=8_000) for codec in ("ra_144", "pcm_s16le")]
        for stream in streams:
            stream.layout = "mono"
            stream.codec_context.open()
        for stream in streams:
            resampler = av.AudioResampler(
                stream.format, "mono", 8_000, frame_size=stream.codec_context.frame_size or 4_096
            )
            frame = av.AudioFrame.from_ndarray(tune, format="fltp", layout="mono")
            frame.sample_rate = 8_000
            for piece in [*resampler.resample(frame), *resampler.resample(None)]:
                output.mux(stream.encode(piece))
            output.mux([packet for packet in stream.encode(None) if packet.size])
    samples, _ = decode(buffer.getvalue())
    assert similarity(samples, decode(sounds.float_wav(tune, 8_000))[0]) > 0.999


@pytest.mark.parametrize("start", sorted(formats.OTHERS))
def test_other_kinds_of_file_are_named(start):
    with pytest.raises(AudioError, match=re.escape(formats.OTHERS[start])):
        AudioFile(start + bytes(4_000))


def test_the_list_is_the_same_everywhere():
    readme = (machine.ROOT / "README.md").read_text(encoding="utf-8")
    assert FORMATS in " ".join(readme.split())
    for suffix in (".aifc", ".wave", ".m4b", ".mka", ".mp2", ".3gp", ".oga", ".weba", ".wma"):
        assert suffix in AUDIO_SUFFIXES
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in AUDIO_SUFFIXES)
    assert all(formats.CODECS.values())


# --- lengths ---------------------------------------------------------------------------------


def vbr_mp3(samples: np.ndarray, rate: int, *, xing: bool) -> bytes:
    return sounds.encode(
        samples,
        rate,
        "mp3",
        "libmp3lame",
        codec_options={"flags": "+qscale", "global_quality": str(118 * 9)},
        container_options={"id3v2_version": "3" if xing else "0", "write_xing": str(int(xing))},
    )


@pytest.mark.slow
@pytest.mark.parametrize("loud_first", [True, False])
def test_a_variable_bit_rate_without_a_header_is_counted(loud_first):
    rate = 16_000
    quiet, loud = 0.001 * sounds.tone(40.0, rate), sounds.noise(40.0, rate, level=0.3)
    parts = [loud, quiet] if loud_first else [quiet, loud]
    data = vbr_mp3(np.hstack(parts), rate, xing=False)
    with AudioFile(data) as audio:
        assert audio.duration_s == pytest.approx(80.0, abs=0.2)
        starts = [s.start_s for s in audio.stretches(SIX_STRETCHES) if list(s.blocks)]
        assert starts == pytest.approx([0, 14, 28, 42, 56, 70], abs=0.1)
        assert audio.analysed_s == pytest.approx(60.0, abs=0.1)
    # Each stretch is where it says: the noise and the tone are told apart by their level.
    levels = []
    with AudioFile(data) as audio:
        for stretch in audio.stretches(SIX_STRETCHES):
            levels.append(np.concatenate(list(stretch.blocks)).std() > 0.05)
    assert levels == ([True] * 3 + [False] * 3 if loud_first else [False] * 3 + [True] * 3)


def test_a_header_with_a_length_is_believed_and_nothing_counted(monkeypatch):
    data = vbr_mp3(sounds.tune(4.0, 16_000), 16_000, xing=True)
    assert mpeg.states_length(io.BytesIO(data))
    monkeypatch.setattr("genregenie.audio.stream.AudioStream._counted_s", lambda self: 99.0)
    assert AudioFile(data).duration_s == pytest.approx(4.0, abs=0.1)
    bare = vbr_mp3(sounds.tune(4.0, 16_000), 16_000, xing=False)
    assert AudioFile(bare).duration_s == 99.0


@pytest.mark.parametrize(("container", "codec"), [("adts", "aac"), ("ac3", "ac3"), ("mp2", "mp2")])
def test_streams_without_a_header_are_counted(container, codec):
    rate = 44_100
    sound = np.hstack([0.0001 * sounds.noise(20.0, rate), sounds.noise(20.0, rate, level=0.3)])
    data = sounds.encode(sound, rate, container, codec, bit_rate=128_000)
    with AudioFile(data) as audio:
        assert audio.duration_s == pytest.approx(40.0, abs=0.1)


# --- chains ----------------------------------------------------------------------------------


def link(samples: np.ndarray, rate: int, codec: str, serial: int, **more) -> bytes:
    return sounds.encode(
        samples, rate, "ogg", codec, container_options={"serial_offset": str(serial)}, **more
    )


def opus(seconds: float, channels: int, serial: int, seed: int = 1) -> bytes:
    sound = np.repeat(sounds.tune(seconds, 48_000, seed), channels, axis=0)
    return link(sound, 48_000, "libopus", serial)


def flac(seconds: float, rate: int, serial: int) -> bytes:
    return link(sounds.tune(seconds, rate), rate, "flac", serial, sample_format="s16")


CHAINS = {
    "alike": lambda: opus(4.0, 2, 1) + opus(3.0, 2, 2, seed=2),
    "mono, then stereo": lambda: opus(4.0, 1, 1) + opus(3.0, 2, 2),
    "stereo, then mono": lambda: opus(4.0, 2, 1) + opus(3.0, 1, 2),
    "slow, then fast": lambda: flac(4.0, 22_050, 1) + flac(3.0, 44_100, 2),
    "two codecs": lambda: opus(4.0, 1, 1) + flac(3.0, 22_050, 2),
    "three": lambda: flac(2.0, 22_050, 1) + opus(2.0, 1, 2) + flac(3.0, 48_000, 3),
}


@pytest.mark.parametrize("name", CHAINS)
def test_every_link_of_a_chain_is_heard(name):
    samples, audio = decode(CHAINS[name]())
    assert audio.duration_s == pytest.approx(7.0, abs=0.1)
    assert len(samples) == pytest.approx(7.0 * RATE_HZ, abs=0.1 * RATE_HZ)
    assert samples[-RATE_HZ:].std() > 0.02


@pytest.mark.slow
def test_stretches_run_over_the_links():
    data = b"".join(opus(9.0, 1 + i % 2, i + 1, seed=i) for i in range(8))
    with AudioFile(data) as audio:
        assert audio.duration_s == pytest.approx(72.0, abs=0.5)
        heard = [
            (s.start_s, sum(map(len, s.blocks)) / RATE_HZ) for s in audio.stretches(SIX_STRETCHES)
        ]
    assert [start for start, _ in heard] == pytest.approx([0, 12.4, 24.8, 37.2, 49.6, 62], abs=0.5)
    assert [length for _, length in heard] == pytest.approx([10.0] * 6, abs=0.5)


def test_a_thousand_links_are_not_open_at_once(monkeypatch):
    short = link(sounds.tone(0.1, 48_000), 48_000, "libopus", 1)
    opened: list[int] = []
    real_open, real_close = AudioStream.__init__, AudioStream.close

    def opens(self, file):
        opened.append(len(alive) + 1)
        alive.add(self)
        real_open(self, file)

    def closes(self):
        alive.discard(self)
        real_close(self)

    alive: set[AudioStream] = set()
    monkeypatch.setattr(AudioStream, "__init__", opens)
    monkeypatch.setattr(AudioStream, "close", closes)
    with AudioFile(short * (ogg.MAX_LINKS // 20)) as audio:
        heard = sum(len(b) for s in audio.stretches() for b in s.blocks) / RATE_HZ
    assert heard == pytest.approx(0.1 * (ogg.MAX_LINKS // 20), rel=0.1)
    assert max(opened) == 1
    assert not alive


def test_a_link_that_was_cut_off_costs_itself_alone():
    whole = opus(4.0, 1, 1)
    samples, _ = decode(whole + opus(3.0, 1, 2)[:60])
    assert len(samples) == pytest.approx(4.0 * RATE_HZ, abs=0.1 * RATE_HZ)


def test_no_link_is_seen_where_there_is_none():

    for data in (opus(2.0, 2, 1), flac(2.0, 22_050, 1), b"OggS", b"", b"OggS\0\2" * 50):
        assert ogg.links(io.BytesIO(data)) == [(0, len(data))]


@settings(max_examples=60)
@given(st.lists(st.integers(0, 2**16), min_size=1, max_size=4), st.integers(0, 255))
def test_links_cover_the_file_whatever_is_in_it(places, byte):

    data = bytearray(_CHAIN)
    for place in places:
        data[place % len(data)] = byte
    found = ogg.links(io.BytesIO(bytes(data)))
    assert found[0][0] == 0
    assert found[-1][1] == len(data)
    assert all(a[1] == b[0] for a, b in itertools.pairwise(found))


_CHAIN = opus(1.0, 1, 1) + opus(1.0, 2, 2)


# --- sentences -------------------------------------------------------------------------------


@pytest.mark.parametrize("samples", [15, 10_000, 21_388, 21_999, 22_049])
def test_no_length_contradicts_itself_by_rounding(samples):
    with pytest.raises(AudioError) as caught:
        decode(sounds.encode(sounds.tune(1.0)[:, :samples]))
    said = re.search(r"is (\d+\.\d+) s long", str(caught.value))
    assert said is not None
    assert float(said[1]) < 1.0
    assert float(said[1]) == pytest.approx(samples / RATE_HZ, abs=0.011)
