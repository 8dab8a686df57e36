"""The network's input: the numbers of its authors, in windows spread over the sound."""

import librosa
import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from genregenie.audio import RATE_HZ
from genregenie.autotag.mel import (
    BANDS,
    LEVEL,
    MEL_RATE_HZ,
    PATCH_FRAMES,
    patch_of,
    patches,
    windows,
)


def sound(seconds: float, seed: int = 0) -> np.ndarray:
    """Noise and a rising tone."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    tone = np.sin(2 * np.pi * (200 + 300 * time) * time)
    return (0.3 * tone + 0.05 * rng.normal(size=len(time))).astype(np.float32)


def blocks(samples: np.ndarray, length: int = 10 * RATE_HZ) -> list[np.ndarray]:
    return [samples[i : i + length] for i in range(0, len(samples), length)]


def test_a_patch_is_what_librosa_makes_of_it():
    samples = soxr.resample(sound(3.5), RATE_HZ, MEL_RATE_HZ)
    power = librosa.feature.melspectrogram(
        y=samples, sr=MEL_RATE_HZ, n_fft=512, hop_length=256, n_mels=BANDS, pad_mode="constant"
    )
    expected = np.log10(10_000 * power.T.astype(np.float16).astype(np.float32) + 1)
    patch = patch_of(samples)
    assert patch.shape == expected.shape
    assert patch.dtype == np.float32
    assert patch == pytest.approx(expected, abs=2e-3)


def test_a_window_is_its_part_of_the_whole():
    samples = sound(30.0)
    whole = soxr.resample(samples, RATE_HZ, MEL_RATE_HZ, quality="HQ")
    heard = list(windows(0.0, blocks(samples)))
    assert [(w.start_s, w.end_s) for w in heard] == [(3.5, 6.5), (13.5, 16.5), (23.5, 26.5)]
    level = np.sqrt(LEVEL / np.mean([window.power for window in heard]))
    for window, patch in zip(heard, patches(heard), strict=True):
        start = round(window.start_s * MEL_RATE_HZ)
        expected = patch_of(level * whole[start : start + 3 * MEL_RATE_HZ])[:PATCH_FRAMES]
        assert patch.shape == (PATCH_FRAMES, BANDS)
        assert patch[1:-1] == pytest.approx(expected[1:-1], abs=2e-2)


@pytest.mark.slow
@settings(max_examples=30)
@given(
    seconds=st.floats(1.0, 45.0),
    lengths=st.lists(st.integers(1, 12 * RATE_HZ), min_size=1, max_size=6),
)
def test_how_the_blocks_are_cut_does_not_matter(seconds, lengths):
    samples = sound(seconds)
    cut, rest, turn = [], samples, 0
    while len(rest):
        length = lengths[turn % len(lengths)] if turn < 20 else len(rest)
        cut.append(rest[:length])
        rest = rest[length:]
        turn += 1
    whole, parts = list(windows(5.0, [samples])), list(windows(5.0, cut))
    assert [w.start_s for w in whole] == [w.start_s for w in parts]
    assert all((a.mel == b.mel).all() for a, b in zip(whole, parts, strict=True))
    assert [w.power for w in whole] == [w.power for w in parts]
    assert whole, "every clip of a second and more is heard"
    assert all(5.0 <= w.start_s < w.end_s <= 5.0 + seconds + 1e-3 for w in whole)
    assert all(len(w.mel) <= PATCH_FRAMES for w in whole)


@pytest.mark.parametrize(
    ("seconds", "starts"),
    [
        (0.9, []),
        (1.0, [0.0]),
        (2.0, [0.0]),
        (3.0, [0.0]),
        (7.0, [2.0]),
        (10.0, [3.5]),
        (12.0, [3.5]),
        (13.0, [3.5, 10.0]),
        (15.0, [3.5, 11.0]),
    ],
)
def test_short_clips_are_heard_in_the_middle(seconds, starts):
    heard = list(windows(0.0, blocks(sound(seconds))))
    assert [w.start_s for w in heard] == pytest.approx(starts, abs=1e-3)


@pytest.mark.parametrize("before", [0.25, 0.0])
def test_silence_is_left_out_before_windows_are_chosen(before):
    samples = sound(20.0)
    quiet = np.full(7 * RATE_HZ, before, np.float32)
    as_it_is = list(windows(0.0, blocks(samples)))
    with_silence = list(windows(0.0, blocks(np.concatenate([quiet, samples, quiet]))))
    starts = [w.start_s for w in with_silence]
    assert starts == pytest.approx([w.start_s + 7.0 for w in as_it_is], abs=0.02)
    for a, b in zip(as_it_is, with_silence, strict=True):
        nearly = np.abs(np.log(b.mel[5:-5] + 0.1) - np.log(a.mel[5:-5] + 0.1))
        assert nearly.mean() < 0.1
    assert not list(windows(0.0, blocks(samples * 1e-6)))


def test_a_gap_is_spanned():
    samples = sound(10.0)
    gap = np.zeros(RATE_HZ, np.float32)
    (window,) = windows(
        0.0, [np.concatenate([samples[: 5 * RATE_HZ], gap, samples[5 * RATE_HZ :]])]
    )
    assert window.end_s - window.start_s == pytest.approx(4.0, abs=0.03)
    assert len(window.mel) == PATCH_FRAMES


@pytest.mark.parametrize("gain", [4.0, 0.1, 0.001])
def test_the_level_does_not_matter(gain):
    samples = sound(12.0)
    heard, other = (patches(list(windows(0.0, [x]))) for x in (samples, gain * samples))
    assert np.concatenate(other) == pytest.approx(np.concatenate(heard), abs=2e-2)
