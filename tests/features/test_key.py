"""Key: chords and scales in all 24, in tune and out of it, and no estimate of what has none."""

import tracemalloc
from collections.abc import Iterable

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genregenie.audio import RATE_HZ, AudioFile
from genregenie.datasets.tempo_key import read_annotations
from genregenie.evaluation.tempo_key import key_scores
from genregenie.features import key
from genregenie.features.key import BINS, KEYS, PAIRS, Harmony, Key, KeyEstimate, KeyModel
from genregenie.features.spectrogram import Spectrogram
from tests import sounds
from tests.features.pushed import pushed

CHORDS = {
    "major": [[0, 4, 7], [5, 9, 12], [0, 4, 7], [7, 11, 14], [0, 4, 7], [9, 12, 16]],
    "minor": [[0, 3, 7], [5, 8, 12], [0, 3, 7], [7, 10, 14], [0, 3, 7], [8, 12, 15]],
}
CLOSE = {"major": [[5, 9, 12], [7, 11, 14]], "minor": [[5, 8, 12], [7, 11, 14]]}
SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}


def notes(pitches: Iterable[float], seconds: float, partials: int = 5) -> np.ndarray:
    """Plucked notes, as MIDI numbers them, shape (n,)."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    hz = [440 * 2 ** ((pitch - 69) / 12) for pitch in pitches]
    return sum(
        np.sin(2 * np.pi * f * h * t) / h for f in hz for h in range(1, partials + 1)
    ) * np.exp(-1.5 * t)


def song(name: str, cents: float = 0.0, rounds: int = 3) -> np.ndarray:
    """Chords with a bass, 6 s a round, shape (n,), float32."""
    place, mode = KEYS.index(name) % 12, name.split()[1]
    root = (48 if place < 7 else 36) + place + cents / 100
    bars = [
        notes([root - 12 + chord[0], *(root + i for i in chord), root + 12 + chord[0]], 0.75)
        for chord in CHORDS[mode] + CLOSE[mode]
    ]
    return (0.05 * np.concatenate(bars * rounds)).astype(np.float32)


def listened(*stretches: Iterable[np.ndarray]) -> Key:
    return pushed(Key(), *stretches)


def key_of(samples: np.ndarray) -> KeyEstimate:
    estimate = listened([samples]).estimate()
    assert estimate is not None
    return estimate


@pytest.mark.parametrize(("place", "name"), list(enumerate(KEYS)))
def test_keys_are_spelt_with_the_fewer_sharps_or_flats(place, name):
    tonic, mode = name.split()
    assert mode == ("major", "minor")[place // 12]
    assert librosa.note_to_midi(tonic) % 12 == place % 12
    sharps = 7 * (place + 3 * (mode == "minor")) % 12  # up the circle of fifths from C
    assert sharps <= 6 or not tonic.endswith("#")
    assert sharps >= 6 or not tonic.endswith("b")


@pytest.mark.parametrize("cents", [0, 30, -30])
@pytest.mark.parametrize("name", KEYS)
def test_chords_show_their_key_in_tune_and_out_of_it(name, cents):
    assert key_of(song(name, cents)).name == name


@pytest.mark.parametrize("cents", [0, 20, 30, -10, -30])
def test_the_tuning_is_found(cents):
    assert listened([song("F major", cents)]).harmony.tuning == pytest.approx(cents / 100, abs=0.05)


@pytest.mark.parametrize("name", KEYS)
def test_a_scale_shows_its_notes(name):
    root, steps = 60 + KEYS.index(name) % 12, SCALES[name.split()[1]]
    scale = [*steps, 12, *reversed(steps), 0]
    run = np.concatenate([notes([root + step], 0.4) for step in scale] * 2)
    found = key_of((0.2 * run).astype(np.float32))
    # one note after the other: the relative key has the same notes
    guessed = np.array([KEYS.index(found.name)])
    assert key_scores(guessed, np.array([KEYS.index(name)]))[0] >= 0.3


@pytest.mark.parametrize("gain", [0.01, 0.1, 3.0])
def test_loudness_makes_no_difference(gain):
    samples = song("E minor")
    quiet = key_of((gain * samples).astype(np.float32))
    assert quiet.name == "E minor"
    assert quiet.confidence == pytest.approx(key_of(samples).confidence, abs=0.05)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(20 * RATE_HZ, np.float32),
        np.full(20 * RATE_HZ, 0.25, np.float32),
        sounds.noise(20.0, level=2e-5)[0],
        sounds.tone(20.0)[0],
        0.3 * notes([69, 76], 20.0, partials=1).astype(np.float32),
    ],
    ids=["silence", "constant", "dither", "tone", "fifth"],
)
def test_what_has_no_harmony_has_no_key(samples):
    assert listened([samples]).estimate() is None


def test_noise_is_not_sure():
    estimate = listened([sounds.noise(30.0)[0]]).estimate()
    assert estimate is None or estimate.confidence < 0.25 < key.shipped().sure


@pytest.mark.parametrize("seconds", [0.0, 0.01, 1.0, 3.0, 4.4])
def test_what_is_short_has_no_key(seconds):
    assert listened([song("C major")[: round(seconds * RATE_HZ)]]).estimate() is None


@pytest.mark.slow
@settings(max_examples=12)
@given(cuts=st.lists(st.integers(0, 12 * RATE_HZ), max_size=10))
def test_how_the_blocks_are_cut_does_not_matter(cuts):
    samples = song("G# minor", rounds=2)
    parts, whole = listened(np.split(samples, sorted(cuts))), listened([samples])
    assert parts.estimate() == whole.estimate()
    assert (parts.harmony.together == whole.harmony.together).all()


def test_stretches_add_up():
    first, second = song("D major"), song("B minor", rounds=1)
    both = listened([first], [second]).harmony
    total = sum((listened([s]).harmony for s in (first, second)), Harmony.empty())
    assert both.count == total.count
    assert both.together == pytest.approx(total.together)
    assert both.histogram == pytest.approx(total.histogram)


def test_estimates_can_be_asked_for_at_any_time():
    listener = Key()
    spectrogram = Spectrogram(listener)
    samples = song("A minor")
    told = []
    for start in range(0, len(samples), 3 * RATE_HZ):
        spectrogram.push(samples[start : start + 3 * RATE_HZ])
        told.append(listener.estimate())
    assert told[0] is None
    assert told[-1].name == "A minor"


@pytest.mark.slow
def test_memory_does_not_grow_with_length():
    minute = song("C major", rounds=10)

    def peak(minutes: int) -> int:
        tracemalloc.start()
        assert listened(minute for _ in range(minutes)).estimate() is not None
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return held

    peak(1)
    assert peak(20) < 1.1 * peak(2)


def test_peaks_lie_between_the_bins():
    places = np.array([20.3, 50.0, 90.45])
    bins = np.arange(120)
    levels = np.log(sum(np.exp(-0.5 * (bins - place) ** 2) for place in places))
    columns, found, heights = key.spectral_peaks(np.stack([np.zeros(120), levels]))
    assert columns.tolist() == [1, 1, 1]
    assert found == pytest.approx(places, abs=0.01)
    assert heights == pytest.approx(0.0, abs=0.01)


def test_pitches_are_those_of_midi():
    assert key.pitches(np.array([440.0, 261.6256, 27.5])) == pytest.approx([69, 60, 21], abs=1e-4)
    hz = np.geomspace(30, 3_000, 20)
    assert key.pitches(hz) == pytest.approx(librosa.hz_to_midi(hz))


def test_histograms_leave_out_what_is_too_low_or_high():
    column = np.array([0, 0, 0, 2, 2])
    pitch = np.array([39.9, 60.0, 67.5, 96.1, 69.04])
    found = key.histograms(column, pitch, np.array([9.0, 3.0, 1.0, 9.0, 0.5]), 3)
    assert found.shape == (3, BINS)
    assert found.sum(axis=1) == pytest.approx([1, 0, 1])
    assert found[0, [0, 75]] == pytest.approx([0.75, 0.25])
    assert found[2, 90] == 1


def test_evidence_of_a_transposed_piece_is_that_of_the_piece_turned():
    low, high = (listened([song(name)]).harmony.evidence() for name in ("C major", "E major"))
    assert low.shape == (12, PAIRS)
    assert np.roll(low, 4, axis=0) == pytest.approx(high, abs=0.06)


def test_less_is_taken_less_seriously():
    long, short = (listened([song("C major", rounds=n)]).harmony.evidence() for n in (4, 1))
    assert np.ptp(short, axis=0).mean() < 0.6 * np.ptp(long, axis=0).mean()
    assert short.mean(axis=0) == pytest.approx(long.mean(axis=0), abs=0.02)


def test_a_model_treats_all_tonics_alike():
    evidence = listened([song("C minor")]).harmony.evidence()
    said = key.shipped().probabilities(np.stack([evidence, np.roll(evidence, 3, axis=0)]))
    assert said.sum(axis=1) == pytest.approx([1, 1])
    assert np.roll(said[0].reshape(2, 12), 3, axis=1).ravel() == pytest.approx(said[1])


def test_a_model_comes_back_as_it_was(tmp_path):
    shipped = key.shipped()
    shipped.save(tmp_path / "again.npz")
    again = KeyModel.load(tmp_path / "again.npz")
    assert vars(again).keys() == vars(shipped).keys()
    assert all(np.array_equal(getattr(again, n), value) for n, value in vars(shipped).items())


def test_real_clips_are_mostly_right(gtzan):
    _, truth = read_annotations(gtzan / "tempo_key.csv")
    clips = [c for c in sorted((gtzan / "audio/full").glob("*.flac")) if c.stem in truth][::2]
    found = []
    for clip in clips:
        with AudioFile(clip) as audio:
            samples = np.concatenate([b for s in audio.stretches() for b in s.blocks])
        found.append(KEYS.index(key_of(samples).name))
    annotated = np.array([truth[clip.stem] for clip in clips])
    assert key_scores(np.array(found), annotated).mean() > 0.55
