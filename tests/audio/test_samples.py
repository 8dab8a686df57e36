"""Samples in memory are heard as a file with them in it is, and nonsense is named."""

import io
from fractions import Fraction

import numpy as np
import pytest
import soundfile

from genregenie.audio import WHOLE, AudioError, AudioFile, Source, Spread
from genregenie.audio.samples import MAX_CHANNELS, as_wav
from tests import sounds

RATE = 44_100
SUBTYPES = {
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "int16": "PCM_16",
    "int32": "PCM_32",
    "uint8": "PCM_U8",
}


def tune(channels: int, kind: str) -> np.ndarray:
    """A tune with as many unlike channels, shape (n, channels), as this kind of number."""
    parts = [sounds.tune(3.0, RATE, seed=seed + 1)[0] for seed in range(channels)]
    samples = np.stack(parts, axis=1)
    if kind.startswith("float"):
        return samples.astype(kind)
    if kind == "uint8":
        return (128 + 127 * samples).astype(kind)
    return (samples * np.iinfo(kind).max).astype(kind)


def a_file(samples: np.ndarray, subtype: str) -> bytes:
    """A WAV of these samples, to the bit, as libsndfile writes it."""
    file = io.BytesIO()
    if samples.dtype == np.uint8:
        samples = (samples.astype(np.int16) - 128) << 8
    soundfile.write(file, samples, RATE, format="WAV", subtype=subtype)
    return file.getvalue()


def heard(source: Source, spread: Spread = WHOLE) -> tuple[np.ndarray, float, float]:
    with AudioFile(source) as audio:
        blocks = [np.concatenate(list(s.blocks)) for s in audio.stretches(spread)]
        return np.concatenate(blocks), audio.duration_s, audio.step


@pytest.mark.parametrize("kind", SUBTYPES)
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_an_array_is_heard_as_its_file_is(kind, channels):
    samples = tune(channels, kind)
    ours, theirs = heard((samples, RATE)), heard(a_file(samples, SUBTYPES[kind]))
    assert np.array_equal(ours[0], theirs[0])
    assert ours[1:] == theirs[1:]
    assert np.abs(ours[0]).max() > 0.1


def test_a_single_channel_may_have_its_axis_or_not():
    samples = tune(1, "float32")
    assert as_wav(samples, RATE) == as_wav(samples[:, 0], RATE)


def test_lists_half_floats_strides_and_the_other_byte_order_are_the_same_samples():
    samples = np.round(tune(2, "float32") * 64) / 64  # which half a float holds
    expected = as_wav(samples, RATE)
    assert as_wav(samples.astype(np.float16), RATE) == expected
    assert as_wav(samples.astype(">f4"), float(RATE)) == expected
    assert as_wav(np.asfortranarray(samples), np.int64(RATE)) == expected
    assert as_wav(np.repeat(samples, 2, axis=0)[::2], RATE) == expected
    assert as_wav(samples.tolist(), RATE) == as_wav(samples.astype(np.float64), RATE)


def test_opposite_channels_do_not_vanish():
    mono = tune(1, "float32")
    (both, *_), (one, *_) = heard((np.hstack([mono, -mono]), RATE)), heard((mono, RATE))
    assert np.abs(both).max() == pytest.approx(np.abs(one).max(), rel=0.01)


def test_long_arrays_are_heard_in_stretches():
    samples = np.tile(tune(1, "int16"), (8, 1))
    spread = Spread(count=3, length_s=2.0, whole_file_s=10.0)
    ours, duration_s, _ = heard((samples, RATE), spread)
    assert duration_s == pytest.approx(24.0, abs=0.01)
    assert 5.5 * 22_050 < len(ours) <= 6 * 22_050
    assert np.array_equal(ours, heard(a_file(samples, "PCM_16"), spread)[0])


GOOD = np.zeros(RATE, np.float32)


@pytest.mark.parametrize(
    ("samples", "rate", "sentence"),
    [
        (np.empty(0), RATE, "no samples"),
        (np.empty((0, 2)), RATE, "no samples"),
        (np.empty((5, 0)), RATE, "no samples"),
        (np.float32(1.0), RATE, r"shape \(\)"),
        (np.zeros((2, 3, 4)), RATE, r"shape \(2, 3, 4\)"),
        (np.zeros((2, RATE)), RATE, r"turn the array round with \.T"),
        (np.zeros((RATE, MAX_CHANNELS + 1)), RATE, "65 channels"),
        (np.array([0.0, np.nan]), RATE, "not numbers"),
        (np.array([0.0, np.inf], np.float16), RATE, "not numbers"),
        (np.zeros(5, complex), RATE, "type complex128"),
        (np.zeros(5, bool), RATE, "type bool"),
        (np.zeros(5, np.int64), RATE, "type int64"),
        (["a", "b"], RATE, "type <U1"),
        ([[0.0], [0.0, 1.0]], RATE, "no array of numbers"),
        (None, RATE, r"shape \(\)"),
        (np.broadcast_to(np.float32(0), (2**30, 1)), RATE, "more than 4 GB"),
        (GOOD, 0, "from 4000 to 768000"),
        (GOOD, -44_100, "from 4000 to 768000"),
        (GOOD, 100, "from 4000 to 768000"),
        (GOOD, 10**9, "from 4000 to 768000"),
        (GOOD, 44_100.5, "whole numbers"),
        (GOOD, Fraction(88_201, 2), "whole numbers"),
        (GOOD, float("nan"), "from 4000 to 768000"),
        (GOOD, float("inf"), "from 4000 to 768000"),
        (GOOD, "fast", "not a number of Hz"),
        (GOOD, None, "not a number of Hz"),
        (RATE, GOOD, r"\(samples, rate\), in this order"),
    ],
)
def test_nonsense_is_named(samples, rate, sentence):
    with pytest.raises(AudioError, match=sentence):
        AudioFile((samples, rate))


@pytest.mark.parametrize("source", [(GOOD,), (GOOD, RATE, 2), ()])
def test_a_tuple_of_something_else_is_no_sound(source):
    with pytest.raises(AudioError, match=f"A tuple of {len(source)}"):
        AudioFile(source)


@pytest.mark.parametrize("source", [None, 5, GOOD, ["a.mp3"], {"path": "a.mp3"}])
def test_what_is_no_source_is_a_mistake_of_the_program(source):
    with pytest.raises(TypeError, match=r"is no source of sound\. Give a path"):
        AudioFile(source)
