"""Samples that come a few at a time are heard as a file with them in it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genregenie.audio import AudioFile
from genregenie.audio.incoming import Incoming
from genregenie.common.errors import AudioError


def of_file(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    with AudioFile((samples, rate_hz)) as audio:
        return np.concatenate([block for s in audio.stretches() for block in s.blocks])


def pushed(samples: np.ndarray, rate_hz: int, sizes: list[int]) -> np.ndarray:
    incoming, blocks, done, turn = Incoming(rate_hz), [], 0, 0
    while done < len(samples):
        size = sizes[turn % len(sizes)]
        blocks += incoming.push(samples[done : done + size])
        done, turn = done + size, turn + 1
    return np.concatenate([*blocks, *incoming.end()])


@pytest.mark.parametrize(
    ("rate_hz", "channels", "dtype"),
    [
        (48_000, 1, np.int16),
        (44_100, 2, np.int16),
        (48_000, 2, np.float32),
        (44_100, 1, np.float64),
        (22_050, 1, np.int16),
        (16_000, 2, np.uint8),
        (8_000, 1, np.uint8),
        (96_000, 2, np.int32),
        (44_100, 6, np.int16),
        (44_100, 12, np.float32),
    ],
)
def test_they_are_heard_as_a_file_is(rate_hz, channels, dtype):
    rng = np.random.default_rng(channels)
    sound = 0.1 * rng.normal(size=(rate_hz * 3 // 2, channels))
    sound += 0.1 * rng.normal(size=(len(sound), 1))
    if np.issubdtype(dtype, np.integer):
        top = np.iinfo(dtype).max / (2 if dtype is np.uint8 else 1)
        sound = np.clip(sound, -0.99, 0.99) * top + (128 if dtype is np.uint8 else 0)
    sound = sound.astype(dtype)
    expected, found = of_file(sound, rate_hz), pushed(sound, rate_hz, [rate_hz, 777, 4_096])
    assert len(found) == len(expected)
    assert np.abs(found - expected).max() <= (1e-6 if channels > 8 else 1e-7)


@settings(max_examples=20)
@given(st.lists(st.integers(500, 60_000), min_size=1, max_size=8))
def test_however_it_is_cut(sizes):
    rng = np.random.default_rng(0)
    sound = (3_000 * rng.normal(size=(100_000, 2))).astype(np.int16)
    expected, found = of_file(sound, 44_100), pushed(sound, 44_100, sizes)
    assert np.abs(found - expected).max() <= 1e-7


def test_opposite_channels_are_heard():
    rng = np.random.default_rng(0)
    one = 0.2 * rng.normal(size=5 * 44_100)
    found = pushed(np.stack([one, -one], axis=1).astype(np.float32), 44_100, [44_100])
    assert found.std() == pytest.approx(0.2 * 0.7, rel=0.1)  # half of the band is gone


def test_a_constant_offset_is_no_sound():
    rng = np.random.default_rng(0)
    sound = (0.05 * rng.normal(size=20 * 22_050) + 0.3).astype(np.float32)
    found = pushed(sound, 22_050, [22_050])
    assert found[: 4 * 22_050].mean() == pytest.approx(0.3, abs=0.01)
    assert abs(found[6 * 22_050 :].mean()) < 0.01


def test_what_are_no_samples_is_said():
    with pytest.raises(AudioError, match="rate is 3 Hz"):
        Incoming(3)
    incoming = Incoming(44_100)
    with pytest.raises(AudioError, match="not numbers"):
        list(incoming.push(np.array([0.0, np.nan])))
    with pytest.raises(AudioError, match="of type complex"):
        list(incoming.push(np.zeros(5, complex)))


def test_how_finely_it_was_stored():
    coarse = Incoming(44_100)
    rng = np.random.default_rng(0)
    list(coarse.push((rng.integers(-100, 100, 44_100) * 256).astype(np.int16)))
    assert coarse.step == 2.0**-7
    floats = Incoming(44_100)
    list(floats.push(rng.normal(size=44_100)))
    assert floats.step == 0.0
