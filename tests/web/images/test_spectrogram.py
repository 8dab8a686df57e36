"""The picture of the sound: what is where, and that blocks do not matter."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from python_speech_features import base as psf

from genregenie.audio import RATE_HZ
from genregenie.web.images.spectrogram import (
    BANDS,
    COLUMNS,
    FRAME_SAMPLES,
    HEIGHT,
    HOP_SAMPLES,
    WIDTH,
    SpectrogramBuilder,
    spectrogram,
)
from tests import sounds


def picture(png: bytes) -> np.ndarray:
    """Colours as an array of shape (240, 1200, 3)."""
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(int)


def tone(seconds: float, hz: float, level: float = 0.5) -> np.ndarray:
    return sounds.tone(seconds, hz=hz, level=level)[0]


def band_of(hz: float) -> int:
    """The mel band whose centre is nearest, by the formula and not by the code."""
    edges = np.linspace(0.0, psf.hz2mel(RATE_HZ / 2), BANDS + 2)
    return int(np.abs(edges[1:-1] - psf.hz2mel(hz)).argmin())


@pytest.mark.parametrize("hz", [110.0, 440.0, 1000.0, 4000.0, 9000.0])
def test_a_tone_lights_its_row(hz: float) -> None:
    spectrum = spectrogram([tone(3.0, hz)])
    loudest = spectrum.power.mean(axis=0).argmax()
    assert abs(loudest - band_of(hz)) <= 1
    rows = picture(spectrum.png()).sum(axis=(1, 2))
    row = HEIGHT - 1 - (band_of(hz) + 0.5) * HEIGHT / BANDS
    assert rows.argmax() == pytest.approx(row, abs=3)


@pytest.mark.parametrize("hz", [110.0, 1000.0, 9000.0])
def test_power_is_measured_against_full_scale(hz: float) -> None:
    loud, quiet = (spectrogram([tone(2.0, hz, level)]).power.max() for level in (1.0, 0.01))
    assert 0.5 < loud < 5.0
    assert quiet == pytest.approx(loud * 1e-4, rel=0.01)


def test_time_runs_to_the_right() -> None:
    silence = np.zeros(3 * RATE_HZ, np.float32)
    columns = picture(spectrogram([silence, tone(1.0, 440.0)]).png()).sum(axis=(0, 2))
    assert columns[: round(0.73 * WIDTH)].max() < columns[round(0.77 * WIDTH) :].min()


@settings(max_examples=25)
@given(st.lists(st.integers(0, 6000), max_size=12), st.integers(0, 2**31))
def test_blocks_make_no_difference(sizes: list[int], seed: int) -> None:
    sound = sounds.noise(1 + sum(sizes) / RATE_HZ, seed=seed)[0]
    whole, pieces = spectrogram([sound]), spectrogram(np.split(sound, np.cumsum(sizes)))
    np.testing.assert_allclose(pieces.power, whole.power, rtol=1e-5)
    assert pieces.duration_s == whole.duration_s == len(sound) / RATE_HZ


def test_long_sounds_are_averages_of_their_frames() -> None:
    """Three minutes overflow the columns twice; each column must still be a plain mean."""
    sound = np.concatenate([sounds.noise(60.0, seed=i)[0] * (i + 1) for i in range(3)])
    frames = -(-(len(sound) - FRAME_SAMPLES) // HOP_SAMPLES) + 1
    per_column = 4
    assert COLUMNS * per_column // 2 < frames <= COLUMNS * per_column

    stretch = FRAME_SAMPLES + (COLUMNS - 1) * HOP_SAMPLES  # as many frames as columns, unmerged
    step = COLUMNS * HOP_SAMPLES
    single = [spectrogram([sound[i : i + stretch]]).power for i in range(0, len(sound), step)]
    assert all(len(part) <= COLUMNS for part in single)
    plain = np.concatenate(single)[:frames]
    expected = [plain[i : i + per_column].mean(axis=0) for i in range(0, frames, per_column)]

    blocks = np.array_split(sound, 37)
    np.testing.assert_allclose(spectrogram(blocks).power, expected, rtol=1e-5)


def test_memory_is_bounded() -> None:
    builder = SpectrogramBuilder()
    second = sounds.noise(1.0)[0]
    for _ in range(600):
        builder.add(second)
    held = [v.nbytes for v in vars(builder).values() if isinstance(v, np.ndarray)]
    assert sum(held) < 8 * COLUMNS * BANDS + 4 * 2 * FRAME_SAMPLES
    spectrum = builder.finish()
    assert spectrum.duration_s == 600.0
    assert COLUMNS // 2 <= len(spectrum.power) <= COLUMNS


@pytest.mark.parametrize("samples", [0, 1, 511, 1023, 1024, 1025, 22_050])
def test_any_length_makes_a_picture(samples: int) -> None:
    spectrum = spectrogram([sounds.noise(2.0)[0][:samples]])
    assert picture(spectrum.png()).shape == (HEIGHT, WIDTH, 3)
    assert np.isfinite(spectrum.power).all()
    assert spectrum.alt_text().startswith("Spectrogram of 0:0")


def test_silence_is_dark_and_said() -> None:
    spectrum = spectrogram([np.zeros(RATE_HZ, np.float32)])
    assert picture(spectrum.png()).max() < 16
    assert spectrum.alt_text() == "Spectrogram of 0:01 of sound: silence."


def test_faint_noise_is_not_blown_up() -> None:
    faint = picture(spectrogram([sounds.noise(1.0, level=1e-5)[0]]).png())
    loud = picture(spectrogram([sounds.noise(1.0, level=0.1)[0]]).png())
    assert faint.mean() < loud.mean() / 2


def test_level_does_not_change_the_picture() -> None:
    sound = sounds.tune(3.0)[0]
    quieter = picture(spectrogram([sound / 8]).png())
    np.testing.assert_allclose(quieter, picture(spectrogram([sound]).png()), atol=4)


def test_brightness_rises_evenly() -> None:
    """A tone that grows 60 dB, evenly in dB, must brighten all the way."""
    growing = tone(4.0, 1000.0) * np.logspace(-3, 0, 4 * RATE_HZ, dtype=np.float32)
    image = picture(spectrogram([growing]).png())
    row = image[HEIGHT - 1 - 2 * band_of(1000.0)]
    luminance = row @ np.array([0.2126, 0.7152, 0.0722])
    steps = np.diff(luminance[60:-60:60])
    assert (steps > 0).all()


def test_alt_text_tells_what_is_seen() -> None:
    sound = np.concatenate([tone(2.0, 440.0, 0.01), tone(2.0, 440.0, 0.01), tone(2.0, 2000.0)])
    text = spectrogram([sound]).alt_text()
    assert "0:06" in text
    assert "loudest at the end" in text
    assert "strongest around 2.0 kHz" in text
    steady = spectrogram([tone(6.0, 440.0)]).alt_text()
    assert "about equally loud throughout" in steady
    assert "strongest around 440 Hz" in steady
    assert "below 500 Hz" in steady
