"""Tempo: clicks and drums at many tempi, and no estimate of what has none."""

import tracemalloc
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genregenie.audio import RATE_HZ, AudioFile
from genregenie.datasets.tempo_key import read_annotations
from genregenie.evaluation.tempo_key import is_tempo, is_tempo_to_an_octave
from genregenie.features import pulse, tempo
from genregenie.features.pulse import TEMPI, Pulse
from genregenie.features.spectrogram import COLUMN_S, Spectrogram
from genregenie.features.tempo import Tempo, TempoEstimate, TempoModel, best
from tests import sounds
from tests.features.pushed import pushed

OCTAVES = (1 / 3, 1 / 2, 1, 2, 3)


def listened(*stretches: Iterable[np.ndarray]) -> Tempo:
    return pushed(Tempo(), *stretches)


def tempo_of(samples: np.ndarray) -> TempoEstimate:
    estimate = listened([samples]).estimate()
    assert estimate is not None
    return estimate


def octaves_off(bpm: float, truth: float) -> float:
    """The factor by which a tempo is off, of `OCTAVES`; 0 if it is none of them to 1 %."""
    return next((o for o in OCTAVES if abs(bpm / truth / o - 1) < 0.01), 0)


@pytest.mark.parametrize("bpm", [50, 63, 76, 88, 97, 105, 112, 120, 127, 133, 144, 156, 171, 183])
def test_clicks_are_counted_to_one_percent_up_to_an_octave(bpm):
    assert octaves_off(tempo_of(sounds.clicks(20.0, bpm)[0]).bpm, bpm)


@pytest.mark.parametrize("bpm", [92.5, 100, 107, 118, 120, 128, 139, 150, 165, 174])
def test_drums_are_counted_to_half_a_percent_and_that_is_sure(bpm):
    estimate = tempo_of(sounds.drums(20.0, bpm)[0])
    assert estimate.bpm == pytest.approx(bpm, rel=5e-3)
    assert estimate.confidence >= tempo.shipped().sure


def test_music_is_counted():
    # a chord and a hit every quarter of a second
    assert octaves_off(tempo_of(sounds.tune(20.0)[0]).bpm, 240)


@pytest.mark.parametrize("gain", [0.01, 0.1, 1.9])
def test_loudness_makes_no_difference(gain):
    samples = sounds.drums(15.0, 124)[0]
    assert tempo_of((gain * samples).astype(np.float32)).bpm == pytest.approx(124, rel=5e-3)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(20 * RATE_HZ, np.float32),
        np.full(20 * RATE_HZ, 0.25, np.float32),
        sounds.noise(20.0)[0],
        sounds.noise(20.0, level=1e-5)[0],
        sounds.tone(20.0)[0],
        sounds.tone(20.0, hz=61.0, level=0.9)[0],
    ],
    ids=["silence", "constant", "noise", "faint noise", "tone", "low tone"],
)
def test_what_is_steady_has_no_tempo(samples):
    assert listened([samples]).estimate() is None


@pytest.mark.parametrize("seconds", [0.0, 0.01, 1.0, 3.0, 4.5])
def test_what_is_short_has_no_tempo(seconds):
    assert listened([sounds.drums(seconds, 120)[0]]).estimate() is None


def test_hits_at_random_are_not_sure():
    rng = np.random.default_rng(0)
    samples = sounds.noise(30.0, level=1e-3)[0]
    for place in rng.integers(0, len(samples) - 400, 60):
        samples[place : place + 400] += sounds.noise(1.0, seed=int(place))[0, :400]
    estimate = listened([samples]).estimate()
    assert estimate is None or estimate.confidence < tempo.shipped().sure


@settings(max_examples=12)
@given(cuts=st.lists(st.integers(0, 12 * RATE_HZ), max_size=10))
def test_how_the_blocks_are_cut_does_not_matter(cuts):
    samples = sounds.drums(12.0, 104)[0]
    parts, whole = listened(np.split(samples, sorted(cuts))), listened([samples])
    assert parts.estimate() == whole.estimate()
    assert (parts.pulse.products == whole.pulse.products).all()


def test_stretches_are_heard_as_one_without_the_gap_between_them():
    samples = sounds.drums(60.0, 117)[0]
    cut = round(31.3 * RATE_HZ)
    estimate = listened([samples[:cut]], [samples[cut:]]).estimate()
    assert estimate is not None
    assert estimate.bpm == pytest.approx(117, rel=5e-3)
    assert estimate.confidence >= tempo.shipped().sure


def test_estimates_can_be_asked_for_at_any_time():
    listener = Tempo()
    spectrogram = Spectrogram(listener)
    samples = sounds.drums(45.0, 110)[0]
    counted = []
    for start in range(0, len(samples), 5 * RATE_HZ):
        spectrogram.push(samples[start : start + 5 * RATE_HZ])
        counted.append(listener.estimate())
    assert counted[0] is None
    assert all(estimate.bpm == pytest.approx(110, rel=0.01) for estimate in counted[2:])
    spectrogram.end()
    assert listener.estimate() == listened([samples]).estimate()


@pytest.mark.slow
def test_memory_does_not_grow_with_length():
    minute = sounds.drums(60.0, 120)[0]

    def peak(minutes: int) -> int:
        tracemalloc.start()
        estimate = listened(minute for _ in range(minutes)).estimate()
        assert estimate is not None
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return held

    peak(1)
    assert peak(20) < 1.1 * peak(2)


def test_pulses_add_up():
    strength = np.random.default_rng(0).gamma(1.0, 40.0, size=(698, 4))
    parts = [Pulse.of(part, COLUMN_S) for part in (strength[:400], strength[400:])]
    total = sum(parts, Pulse.empty(COLUMN_S))
    assert total.columns == len(strength)
    assert total.products == pytest.approx(parts[0].products + parts[1].products)
    assert total.correlation[0] == pytest.approx(1.0)
    assert np.abs(total.correlation).max() <= 1.0 + 1e-9


def test_the_correlation_is_that_of_the_onsets():
    strength = np.random.default_rng(0).gamma(1.0, 40.0, size=(400, 4))
    found = Pulse.of(strength, COLUMN_S)
    reach = int(2.3 / COLUMN_S / 2)
    means = [strength[max(i - reach, 0) : i + reach + 1].mean(axis=0) for i in range(400)]
    centred = strength - means
    centred /= centred.std(axis=0)
    for lag in (0, 1, 7, 100, 360):
        expected = (centred[lag:] * centred[: len(centred) - lag]).sum(axis=0)
        assert found.products[lag] == pytest.approx(expected, abs=1e-6)
        assert found.pairs[lag] == 400 - lag


def test_evidence_peaks_at_the_beat():
    evidence = listened([sounds.drums(25.0, 120)[0]]).pulse.evidence()
    assert evidence.shape == (len(TEMPI), pulse.EVIDENCE_WIDTH)
    at_the_beat = evidence[np.abs(np.log(TEMPI / 120)).argmin()]
    once, twice = (list(pulse._LAGS).index(times) * pulse.GROUPS for times in (1, 2))
    between = evidence[np.abs(np.log(TEMPI / 97)).argmin()]
    assert at_the_beat[once] > 0.5 > between[once]
    assert at_the_beat[twice] > 0.5 > between[twice]


def test_best_sums_up_what_is_near():
    probabilities = np.zeros((2, len(TEMPI)))
    probabilities[0, [7, 8, 9, 10, 12, 13]] = 0.1, 0.1, 0.1, 0.4, 0.1, 0.2
    probabilities[1, [0, 119]] = 0.3, 0.7
    place, confidence = best(probabilities)
    assert place.tolist() == [10, 119]
    assert confidence == pytest.approx([0.7, 0.7])


def test_a_model_comes_back_as_it_was(tmp_path):
    shipped = tempo.shipped()
    shipped.save(tmp_path / "again.npz")
    again = TempoModel.load(tmp_path / "again.npz")
    assert vars(again).keys() == vars(shipped).keys()
    assert all(np.array_equal(getattr(again, n), value) for n, value in vars(shipped).items())


def test_real_clips_are_mostly_right(gtzan):
    truth, _ = read_annotations(gtzan / "tempo_key.csv")
    clips = sorted((gtzan / "audio/full").glob("*.flac"))[::3]
    found = []
    for clip in clips:
        with AudioFile(clip) as audio:
            samples = np.concatenate([b for s in audio.stretches() for b in s.blocks])
        found.append(tempo_of(samples).bpm)
    annotated = np.array([truth[clip.stem] for clip in clips])
    assert is_tempo(np.array(found), annotated).mean() > 0.6
    assert is_tempo_to_an_octave(np.array(found), annotated).mean() > 0.85
