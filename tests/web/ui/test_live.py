"""Live listening, a second at a time: the handlers; in a browser it is tested with a microphone."""

import io
import os
import struct
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import soundfile

from genregenie.accounts.errors import GuestLimitError
from genregenie.inference.classifier import Classifier
from genregenie.inference.headline import Headline
from genregenie.web.ui.tabs import live
from tests import sounds

RATE = 44_100


def chunk(folder: Path, samples: np.ndarray, rate: int = RATE, *, claims_all: bool = True) -> str:
    """A second as browsers send it: whoever writes the header does not know what will come."""
    content = io.BytesIO()
    with wave.open(content, "wb") as wav:
        wav.setnchannels(samples.shape[1])
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(samples.astype("<i2").tobytes())
    data = bytearray(content.getvalue())
    if claims_all:
        data[4:8] = struct.pack("<I", 0xFFFFFFF7)
        data[40:44] = struct.pack("<I", 0xFFFFFFD3)
    folder.mkdir(parents=True)
    path = folder / "audio.wav"
    path.write_bytes(data)
    return str(path)


def seconds(sound: np.ndarray, folder: Path, rate: int = RATE) -> Iterator[str]:
    for number, start in enumerate(range(0, len(sound), rate)):
        yield chunk(folder / str(number), sound[start : start + rate], rate)


def song(gtzan: Path, track: str, length_s: float = 30.0) -> np.ndarray:
    samples, rate = soundfile.read(gtzan / f"audio/full/{track}.flac", dtype="int16")
    assert rate == RATE // 2
    mono = np.repeat(samples[: round(length_s * rate)], 2)
    return np.stack([mono, mono], axis=1)


def tune(length_s: float) -> np.ndarray:
    mono = (32_000 * sounds.tune(length_s, RATE)[0]).astype(np.int16)
    return mono[:, None]


def everybody(_request: gr.Request) -> None:
    """All may."""


def is_skipped(update: Any) -> bool:
    return isinstance(update, dict)


def heard(sound: np.ndarray, folder: Path, rate: int = RATE) -> list[tuple[Any, Any, Any]]:
    """What is answered to each second."""
    hear, recording, answers = live.hear_for(everybody), None, []
    for path in seconds(sound, folder, rate):
        answers.append(hear(path, recording, gr.Request()))
        recording = answers[-1][0]
    return answers


@pytest.mark.data
def test_a_song_is_named_from_the_third_second_on(gtzan: Path, tmp_path: Path) -> None:
    sound = song(gtzan, "metal.00001", 12.0)
    answers = heard(sound, tmp_path)
    assert len(answers) == 12
    said = [words for _, words, _ in answers if not is_skipped(words)]
    assert "Listening" in said[0]
    assert "<h2>Metal</h2>" in said[1]
    assert not is_skipped(answers[2][1]), "three seconds are enough for a first verdict"
    assert live._ENOUGH in said[-1]
    assert len(said) == 3, "words change with the genre, and when it is enough"
    pictures = [picture for _, _, picture in answers]
    told = [f'data-heard="{n}.00"' in picture for n, picture in enumerate(pictures, 1)]
    assert told == [True] * 12
    assert "Metal" not in pictures[1]
    assert "Metal" in pictures[2]
    assert pictures[-1].count("<rect") == 10
    assert not any("data-stop" in picture for picture in pictures)
    assert not any(tmp_path.iterdir()), "chunks are gone as soon as they are heard"


@pytest.mark.data
def test_what_was_heard_becomes_a_clip(
    gtzan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "kept"))
    sound = song(gtzan, "classical.00003", 6.0)
    recording = heard(sound, tmp_path / "chunks")[-1][0]
    path = live.kept(recording)
    assert path is not None
    samples, rate = soundfile.read(path, dtype="int16")
    assert (samples == sound).all()
    assert rate == RATE
    whole, alive = Classifier.load().predict(path), recording.live.prediction()
    assert alive.genre == whole.genre == "classical"
    assert Headline.of(alive).title == Headline.of(whole).title
    assert live.kept(None) is None


@pytest.mark.slow
def test_it_stops_by_itself(tmp_path: Path) -> None:
    answers = heard(tune(32.0), tmp_path)
    over = ["data-stop" in picture for _, _, picture in answers]
    assert over == [False] * 29 + [True] * 3
    recording = answers[-1][0]
    hear = live.hear_for(everybody)
    for number in range(40):
        path = chunk(tmp_path / f"more{number}", tune(1.0))
        hear(path, recording, gr.Request())
    assert recording.heard_s <= live.MAX_S


def test_next_to_nothing_and_no_music(tmp_path: Path) -> None:
    silence = heard(np.zeros((6 * RATE, 1), np.int16), tmp_path / "silence")
    said = [words for _, words, _ in silence if not is_skipped(words)]
    assert "hardly anything" in said[-1]
    noise = (32_768 * sounds.noise(5.0, RATE)[0]).astype(np.int16)[:, None]
    said = [words for _, words, _ in heard(noise, tmp_path / "noise") if not is_skipped(words)]
    assert "no music yet" in said[-1]


def test_a_guest_who_has_had_enough_is_told_once(tmp_path: Path) -> None:
    asked = []

    def nobody(_request: gr.Request) -> None:
        asked.append(1)
        raise GuestLimitError("Guests may listen to 30 clips.")

    hear = live.hear_for(nobody)
    paths = list(seconds(tune(3.0), tmp_path))
    recording, words, picture = hear(paths[0], None, gr.Request())
    assert "Guests may listen to 30 clips." in words
    assert "data-stop" in picture
    for path in paths[1:]:
        assert all(is_skipped(update) for update in hear(path, recording, gr.Request()))
    assert asked == [1], "a recording counts once"
    assert live.kept(recording) is None


def test_a_recording_is_admitted_once(tmp_path: Path) -> None:
    admitted = []
    hear, recording = live.hear_for(admitted.append), None
    for path in seconds(tune(4.0), tmp_path):
        recording, *_ = hear(path, recording, gr.Request())
    assert len(admitted) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"RIFF", b"nothing of the kind", b"RIFF\0\0\0\0WAVEfmt ", None],
)
def test_what_is_no_chunk_costs_nothing(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "odd" / "audio.wav"
    if content is not None:
        path.parent.mkdir()
        path.write_bytes(content)
    hear = live.hear_for(everybody)
    answer = hear(str(path) if content is not None else None, None, gr.Request())
    assert all(is_skipped(update) for update in answer)
    assert not path.exists()


def test_an_older_file_is_read_and_left_alone(tmp_path: Path) -> None:
    """Whoever asks by hand may name a file that the page itself needs."""
    path = Path(chunk(tmp_path / "a", tune(1.0)))
    os.utime(path, (time.time() - 300, time.time() - 300))
    assert live.taken(str(path)) is not None
    assert path.exists()


def test_other_sounds_than_it_began_with_end_it(tmp_path: Path) -> None:
    hear = live.hear_for(everybody)
    recording, *_ = hear(chunk(tmp_path / "a", tune(1.0)), None, gr.Request())
    slower = chunk(tmp_path / "b", tune(1.0)[:8_000], 8_000)
    kept, words, picture = hear(slower, recording, gr.Request())
    assert is_skipped(kept)
    assert is_skipped(words)
    assert "data-stop" in picture
    eight_bit = tmp_path / "c.wav"
    eight_bit.write_bytes(sounds.encode(sounds.tune(1.0), RATE, "wav", "pcm_u8"))
    assert live.taken(str(eight_bit)) is None
