"""Decoding: every format, every kind of broken file, and nothing else ever opened."""

import http.server
import io
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.fft import next_fast_len

from genregenie.audio import (
    RATE_HZ,
    SIX_STRETCHES,
    WHOLE,
    AudioError,
    AudioFile,
    Spread,
    format_duration,
)
from tests import sounds


def decode(source) -> tuple[np.ndarray, AudioFile]:
    """Everything in a file as one array, and the file after reading."""
    with AudioFile(source) as audio:
        blocks = [block for stretch in audio.stretches() for block in stretch.blocks]
    return np.concatenate(blocks), audio


def similarity(a: np.ndarray, b: np.ndarray) -> float:
    """Best normalised correlation over small delays, which lossy codecs add."""
    size = next_fast_len(2 * max(len(a), len(b)), real=True)
    peak = np.fft.irfft(np.fft.rfft(a, size).conj() * np.fft.rfft(b, size)).max()
    return float(peak / np.sqrt((a.astype(float) ** 2).sum() * (b.astype(float) ** 2).sum()))


FORMATS = [
    ("wav", "pcm_u8", "u8", {}),
    ("wav", "pcm_s16le", "s16", {}),
    ("wav", "pcm_s24le", "s32", {}),
    ("wav", "pcm_s32le", "s32", {}),
    ("wav", "pcm_f32le", "flt", {}),
    ("wav", "pcm_f64le", "dbl", {}),
    ("mp3", "libmp3lame", "fltp", {"bit_rate": 128_000}),
    ("flac", "flac", "s16", {}),
    ("flac", "flac", "s32", {}),
    ("ogg", "vorbis", "fltp", {}),
    ("ogg", "libopus", "flt", {}),
    ("ipod", "aac", "fltp", {"bit_rate": 128_000}),
    ("ipod", "alac", "s16p", {}),
    ("adts", "aac", "fltp", {"bit_rate": 128_000}),
    ("aiff", "pcm_s16be", "s16", {}),
    ("aiff", "pcm_s24be", "s32", {}),
    ("au", "pcm_s16be", "s16", {}),
    ("webm", "libopus", "flt", {}),
    ("wv", "wavpack", "s16p", {}),
    ("asf", "wmav1", "fltp", {"bit_rate": 128_000}),
    ("asf", "wmav2", "fltp", {"bit_rate": 128_000}),
    ("tta", "tta", "s16", {}),
    ("ac3", "ac3", "fltp", {"bit_rate": 192_000}),
    ("eac3", "eac3", "fltp", {"bit_rate": 192_000}),
    ("mp2", "mp2", "s16", {"bit_rate": 192_000}),
    ("caf", "alac", "s16p", {}),
    ("caf", "pcm_s16be", "s16", {}),
    ("matroska", "flac", "s16", {}),
    ("3gp", "aac", "fltp", {"bit_rate": 128_000}),
]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("container", "codec", "sample_format", "more"), FORMATS)
def test_every_format_becomes_the_same_sound(container, codec, sample_format, more, channels):
    rate = 48_000 if "opus" in codec else 44_100
    original = sounds.tune(4.0, rate)
    data = sounds.encode(
        np.repeat(original, channels, axis=0),
        rate,
        container,
        codec,
        sample_format=sample_format,
        **more,
    )
    samples, audio = decode(data)
    reference, _ = decode(sounds.float_wav(original, rate))

    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(4.0 * RATE_HZ, abs=0.15 * RATE_HZ)
    assert audio.duration_s == pytest.approx(4.0, abs=0.15)
    # MP2 and the first WMA were made for more bits than one has patience for.
    assert similarity(samples, reference) > (0.96 if codec in ("mp2", "wmav1") else 0.98)
    assert samples.std() == pytest.approx(reference.std(), rel=0.1)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 32_000, 48_000, 96_000, 192_000])
def test_every_rate(rate):
    samples, _ = decode(sounds.encode(sounds.tone(2.0, rate, hz=1_000.0), rate))
    assert len(samples) == pytest.approx(2.0 * RATE_HZ, abs=100)
    peak_hz = np.abs(np.fft.rfft(samples)).argmax() * RATE_HZ / len(samples)
    assert peak_hz == pytest.approx(1_000.0, abs=2.0)
    assert samples.std() == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize("channels", [3, 4, 5, 6, 8, 16, 32])
def test_any_number_of_channels(channels):
    sound = np.repeat(sounds.tone(1.5), channels, axis=0)
    samples, _ = decode(sounds.float_wav(sound))
    assert len(samples) == pytest.approx(1.5 * RATE_HZ, abs=2)
    assert samples.std() == pytest.approx(sound.std(), rel=0.01)


@pytest.mark.parametrize(("bits", "code"), [(8, "u1"), (16, "<i2"), (32, "<i4")])
def test_many_channels_of_integers(bits, code):
    sound = np.repeat(sounds.tone(1.5), 12, axis=0).T
    scaled = sound * (2 ** (bits - 1) - 1) + (128 if bits == 8 else 0)
    head = struct.pack("<HHIIHH", 1, 12, RATE_HZ, 12 * RATE_HZ * bits // 8, 12 * bits // 8, bits)
    samples, _ = decode(sounds.wav_file(head, scaled.astype(code).tobytes()))
    assert samples.std() == pytest.approx(sound.std(), rel=0.02)


def test_16_bit_mono_at_the_target_rate_is_untouched():
    wanted = np.random.default_rng(3).integers(-32768, 32768, size=RATE_HZ * 2)
    head = struct.pack("<HHIIHH", 1, 1, RATE_HZ, 2 * RATE_HZ, 2, 16)
    samples, _ = decode(sounds.wav_file(head, wanted.astype("<i2").tobytes()))
    assert np.array_equal(samples * 32768, wanted)


def test_a_path_bytes_and_an_open_file_are_the_same(tmp_path):
    data = sounds.encode(sounds.tune(2.0))
    path = tmp_path / "clip.wav"
    path.write_bytes(data)
    with path.open("rb") as file:
        from_file, _ = decode(file)
        assert not file.closed
    assert np.array_equal(decode(path)[0], decode(data)[0])
    assert np.array_equal(from_file, decode(data)[0])


@pytest.mark.parametrize(
    ("container", "codec"), [("mp3", "libmp3lame"), ("flac", "flac"), ("ogg", "vorbis")]
)
def test_tags_come_along(container, codec):
    tags = {"title": "Höhle \N{MUSICAL SYMBOL G CLEF}", "artist": "A & B"}
    rate = 44_100
    data = sounds.encode(sounds.tune(1.5, rate), rate, container, codec, tags=tags)
    _, audio = decode(data)
    assert (audio.title, audio.artist) == (tags["title"], tags["artist"])


def test_without_tags_there_is_none():
    _, audio = decode(sounds.encode(sounds.tune(1.5)))
    assert (audio.title, audio.artist) == (None, None)


# --- long files ------------------------------------------------------------------------------


def test_ten_minutes_are_read_whole():
    rate = 8_000
    _, audio = decode(sounds.encode(sounds.noise(599.0, rate), rate, "flac", "flac"))
    assert audio.analysed_s == pytest.approx(599.0, abs=0.1)
    assert audio.duration_s == pytest.approx(599.0, abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("wav", "pcm_s16le"),
        ("flac", "flac"),
        ("mp3", "libmp3lame"),
        ("ogg", "libopus"),
        ("ipod", "aac"),
        ("adts", "aac"),
        ("webm", "libopus"),
    ],
)
def test_longer_files_are_read_on_spread_stretches(container, codec):
    """The level rises through the file, so each stretch tells where it was really taken."""
    # Quarter of an hour as people have it, in the two quickest; a tenth of all that in the others.
    scale = 1.0 if codec in ("pcm_s16le", "flac") else 0.1
    spread = Spread(20, scale * WHOLE.length_s, scale * WHOLE.whole_file_s)
    rate, length_s = 16_000, scale * 900.0
    ramp = np.linspace(0.0, 1.0, round(length_s * rate), dtype=np.float32)
    data = sounds.encode(sounds.noise(length_s, rate, level=0.2) * ramp, rate, container, codec)
    with AudioFile(data) as audio:
        levels = []
        for stretch in audio.stretches(spread):
            samples = np.concatenate(list(stretch.blocks))
            middle_s = stretch.start_s + len(samples) / RATE_HZ / 2
            levels.append((middle_s, samples.std()))
    assert len(levels) == 20
    assert audio.analysed_s == pytest.approx(scale * 600.0, abs=1.0)
    assert audio.duration_s == pytest.approx(length_s, rel=0.03)
    middles, heard = np.array(levels).T
    assert np.corrcoef(middles, heard)[0, 1] > 0.999
    assert middles[0] < scale * 20
    assert middles[-1] > audio.duration_s - scale * 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("container", "codec"), [("mp3", "libmp3lame"), ("flac", "flac"), ("ipod", "aac")]
)
def test_six_stretches_are_spread_and_the_rest_is_not_decoded(container, codec):
    rate, length_s = 16_000, 180
    ramp = np.linspace(0.0, 1.0, length_s * rate, dtype=np.float32)
    data = sounds.encode(sounds.noise(length_s, rate, level=0.2) * ramp, rate, container, codec)
    with AudioFile(data) as audio:
        heard = [
            (s.start_s, np.concatenate(list(s.blocks)).std())
            for s in audio.stretches(SIX_STRETCHES)
        ]
    starts, levels = np.array(heard).T
    assert starts.tolist() == pytest.approx([0, 34, 68, 102, 136, 170], abs=1.0)
    assert np.corrcoef(starts, levels)[0, 1] > 0.999
    assert audio.analysed_s == pytest.approx(60.0, abs=0.5)
    assert audio.duration_s == pytest.approx(length_s, abs=1.0)


def test_a_header_that_promises_hours_is_not_believed():
    data = sounds.encode(sounds.tune(4.0))
    size_at = data.index(b"data") + 4
    lying = data[:size_at] + struct.pack("<I", 2**31) + data[size_at + 4 :]
    samples, audio = decode(lying)
    assert len(samples) == pytest.approx(4.0 * RATE_HZ, abs=2048)
    assert audio.duration_s == pytest.approx(4.0, abs=0.1)


@pytest.mark.slow
def test_a_header_that_promises_less_than_there_is(tmp_path):
    """A FLAC stream whose header says 2 s, with 11 minutes in it."""
    rate = 8_000
    data = bytearray(sounds.encode(sounds.noise(660.0, rate), rate, "flac", "flac"))
    at = data.index(b"fLaC") + 8 + 13  # the low 32 bits of the sample count in STREAMINFO
    data[at + 1 : at + 5] = struct.pack(">I", 2 * rate)
    _, audio = decode(bytes(data))
    assert 0 < audio.analysed_s <= 600.1
    assert audio.analysed_s <= audio.duration_s + 0.1


# --- files that are no use -------------------------------------------------------------------


def truncated(container: str, codec: str, keep: float) -> bytes:
    data = sounds.encode(sounds.tune(6.0, 44_100), 44_100, container, codec)
    return data[: int(len(data) * keep)]


def png() -> bytes:
    return (
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde"
        b"\0\0\0\x0cIDATx\x9cc\xf8\xff\xff?\0\x05\xfe\x02\xfe\xa75\x81\x84\0\0\0\0IEND\xaeB`\x82"
    )


BAD: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "one byte": lambda: b"R",
    "text": lambda: b"Dear diary, today I listened to the radio. " * 200,
    "html": lambda: b"<!doctype html><title>404</title><p>Not found</p>" * 50,
    "png": lambda: png(),
    "random": lambda: np.random.default_rng(1).bytes(300_000),
    "zeros": lambda: bytes(300_000),
    "wav header only": lambda: sounds.encode(sounds.tune(1.0))[:44],
    "zero samples": lambda: sounds.float_wav(np.zeros((1, 0))),
    "0.3 s": lambda: sounds.encode(sounds.tune(0.3)),
    "nan": lambda: sounds.float_wav(np.full((1, 3 * RATE_HZ), np.nan)),
    "one nan": lambda: sounds.float_wav(
        np.where(np.arange(3 * RATE_HZ) == 40_000, np.nan, 0.1)[None]
    ),
    "infinite": lambda: sounds.float_wav(np.full((1, 3 * RATE_HZ), np.inf)),
    "rate of 1 Hz": lambda: sounds.float_wav(sounds.tune(3.0), rate=1),
    "rate of 2 GHz": lambda: sounds.float_wav(sounds.tune(3.0), rate=2_000_000_000),
    "mp4 without its index": lambda: truncated("ipod", "aac", 0.5),
    "mp4 header bomb": lambda: sounds.mp4_bomb(400),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_give_a_sentence(name):
    with pytest.raises(AudioError) as caught:
        decode(BAD[name]())
    sentence = str(caught.value)
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert "Error" not in sentence
    assert "Errno" not in sentence


@pytest.mark.parametrize(
    ("container", "codec", "keep"),
    [
        ("wav", "pcm_s16le", 0.6),
        ("mp3", "libmp3lame", 0.6),
        ("flac", "flac", 0.6),
        ("ogg", "vorbis", 0.6),
        ("adts", "aac", 0.6),
    ],
)
def test_what_is_left_of_a_truncated_file_is_used(container, codec, keep):
    _, audio = decode(truncated(container, codec, keep))
    assert audio.analysed_s == pytest.approx(6.0 * keep, abs=1.2)


def test_damage_in_the_middle_is_passed_over():
    data = bytearray(sounds.encode(sounds.tune(8.0, 44_100), 44_100, "mp3", "libmp3lame"))
    middle = len(data) // 2
    data[middle : middle + 3000] = np.random.default_rng(2).bytes(3000)
    _, audio = decode(bytes(data))
    assert audio.analysed_s > 7.0


def test_silence_and_clipping_are_decoded():
    assert decode(sounds.encode(np.zeros((1, 3 * RATE_HZ))))[0].std() == 0
    assert np.abs(decode(sounds.encode(np.ones((1, 3 * RATE_HZ))))[0]).max() > 0.99


def test_folders_devices_and_missing_files(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    for path in (tmp_path, tmp_path / "missing.mp3", tmp_path / "pipe.wav", Path("/dev/zero")):
        with pytest.raises(AudioError):
            AudioFile(path)
    with pytest.raises(AudioError):
        AudioFile("nul\0byte.wav")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path):
    path = tmp_path / "locked.wav"
    path.write_bytes(sounds.encode(sounds.tune(1.0)))
    path.chmod(0)
    with pytest.raises(AudioError, match="permission"):
        AudioFile(path)


def test_video_without_sound_says_so():
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        for _ in range(10):
            picture = np.zeros((32, 32, 3), np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode(None))
    with pytest.raises(AudioError):
        decode(buffer.getvalue())


def test_a_song_with_a_cover_picture():
    """An attached picture is a video stream to FFmpeg; it must not get in the way."""
    song = sounds.encode(sounds.tune(2.0, 44_100), 44_100, "mp3", "libmp3lame")
    song = song[song.index(b"\xff\xfb") :] if song[:3] == b"ID3" else song
    picture = b"\0image/png\0\x03\0" + png()
    frame = b"APIC" + struct.pack(">I", len(picture)) + b"\0\0" + picture
    size = len(frame)
    head = b"ID3\x03\0\0" + bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127])
    _, audio = decode(head + frame + song)
    assert audio.analysed_s == pytest.approx(2.0, abs=0.1)


MEASURE = """
import sys
from pathlib import Path
from genregenie.audio import AudioError
from genregenie.inference.classifier import Classifier
with open(sys.argv[1], "rb") as file:
    try:
        prediction = Classifier.load().predict(file)
        print("prediction", prediction.verdict)
    except AudioError as error:
        print("sentence", error)
status = Path("/proc/self/status").read_text()  # getrusage would count the parent's memory
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


def flac_bomb() -> bytes:
    """Ten hours of digital silence in a few megabytes."""
    rate = 8_000
    data = sounds.encode(np.zeros((1, 600 * rate), np.float32), rate, "flac", "flac")
    head = data.index(b"\xff\xf8", 40)
    stream = bytearray(data[:head] + data[head:] * 60)
    at = data.index(b"fLaC") + 8 + 14
    stream[at : at + 4] = struct.pack(">I", 36_000 * rate)
    return bytes(stream)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("name", ["id3", "mp4", "flac", "big pcm packets"])
def test_bombs_stay_under_300_megabytes(name, tmp_path):
    song = sounds.encode(sounds.tune(3.0, 44_100), 44_100, "mp3", "libmp3lame")
    makers = {
        "id3": lambda: sounds.id3_bomb(250) + song,
        "mp4": lambda: sounds.mp4_bomb(800),
        "flac": flac_bomb,
        "big pcm packets": lambda: sounds.float_wav(np.zeros((1, 20_000_000)), rate=4_000),
    }
    path = tmp_path / "bomb"
    path.write_bytes(makers[name]())
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True
    )
    outcome, megabytes = done.stdout.strip().splitlines()
    assert outcome.startswith(("prediction", "sentence"))
    assert int(megabytes) < 300


@pytest.mark.slow
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_headers_never_raise_anything_else(data):
    """Real files with a few bytes changed: a result or an AudioError, nothing else."""
    container, codec, _, more = data.draw(st.sampled_from(FORMATS))
    original = _small_file(container, codec, more.get("bit_rate"))
    broken = bytearray(original)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, min(len(broken) - 1, 400)))
        broken[at] = data.draw(st.integers(0, 255))
    try:
        samples, _ = decode(bytes(broken))
    except AudioError:
        return
    assert np.isfinite(samples).all()


_small: dict[tuple[str, str], bytes] = {}


def _small_file(container: str, codec: str, bit_rate: int | None) -> bytes:
    key = (container, codec)
    if key not in _small:
        rate = 48_000 if "opus" in codec else 44_100
        _small[key] = sounds.encode(
            sounds.tune(1.2, rate), rate, container, codec, bit_rate=bit_rate
        )
    return _small[key]


# --- nothing else is opened ------------------------------------------------------------------


@pytest.fixture
def trap(tmp_path):
    """A local file and a URL that notice when somebody opens them."""
    pipe = tmp_path / "secret.wav"
    os.mkfifo(pipe)
    opened: list[str] = []

    def wait_for_reader() -> None:
        with pipe.open("wb"):  # returns once somebody opens the other end
            opened.append("file")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            opened.append("url")
            self.send_error(404)

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threads = [
        threading.Thread(target=server.serve_forever, daemon=True),
        threading.Thread(target=wait_for_reader, daemon=True),
    ]
    for thread in threads:
        thread.start()
    yield pipe, f"http://127.0.0.1:{server.server_port}/song.ts", opened
    server.shutdown()
    server.server_close()
    before = list(opened)
    with pipe.open("rb"):  # let the writer go
        threads[1].join()
    assert before == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["hls", "hls url", "concat", "dash", "sdp", "mov reference"])
def test_playlists_named_like_songs_open_nothing(kind, trap, tmp_path):
    pipe, url, opened = trap
    playlists = {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{pipe}\n#EXT-X-ENDLIST\n",
        "hls url": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}\n#EXT-X-ENDLIST\n",
        "concat": f"ffconcat version 1.0\nfile '{pipe}'\n",
        "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
        f"<Period><AdaptationSet><Representation><BaseURL>{url}</BaseURL></Representation>"
        "</AdaptationSet></Period></MPD>",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
        "mov reference": None,
    }
    text = playlists[kind]
    data = text.encode() if text is not None else _mov_reference(pipe)
    path = tmp_path / "song.mp3"
    path.write_bytes(data)
    for source in (path, data):
        with pytest.raises(AudioError):
            decode(source)
    assert opened == []


def test_the_traps_work(trap):
    """The same playlist does open the file when FFmpeg is asked without our guards."""
    _, url, opened = trap
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}\n#EXT-X-ENDLIST\n"
    with pytest.raises(av.FFmpegError):
        av.open(io.BytesIO(playlist.encode()), format="hls")
    assert opened.count("url") >= 1
    opened.clear()


def _mov_reference(target: Path) -> bytes:
    """A MOV whose only track lies in another file, named by a data reference."""
    song = sounds.encode(sounds.tune(1.5, 44_100), 44_100, "mov", "pcm_s16le")
    at = song.index(b"url \x00\x00\x00\x01")
    alias = str(target).encode() + b"\0"
    reference = struct.pack(">I", 12 + len(alias)) + b"url \x00\x00\x00\x00" + alias
    grown = len(reference) - 12
    data = bytearray(song[: at - 4] + reference + song[at + 8 :])
    for name in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        where = data.index(name) - 4
        size = struct.unpack(">I", data[where : where + 4])[0]
        data[where : where + 4] = struct.pack(">I", size + grown)
    data[data.index(b"mdat") :] = b"mdat"
    return bytes(data)


def test_format_duration():
    assert format_duration(0.4) == "0:00"
    assert format_duration(75.2) == "1:15"
    assert format_duration(3725) == "1:02:05"
