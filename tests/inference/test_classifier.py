"""From a file to a prediction, with the shipped model."""

import shutil
import subprocess
import threading
from dataclasses import replace

import numpy as np
import pytest

from genregenie.audio import RATE_HZ, SIX_STRETCHES
from genregenie.autotag.music import music_threshold
from genregenie.common import resources
from genregenie.common.genres import GENRES
from genregenie.features.key import Key, KeyEstimate
from genregenie.features.spectrogram import Spectrogram
from genregenie.features.tangent import tangent_vectors
from genregenie.features.tempo import Tempo, TempoEstimate
from genregenie.inference.classifier import Classifier
from genregenie.model import space
from genregenie.model.catalogue import novelty
from genregenie.model.model import Model, ModelError
from genregenie.model.scorers import PipelineScorer, tempered
from tests import sounds
from tests.features.test_key import song


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load()


def test_a_prediction_holds_together(classifier):
    prediction = classifier.predict(sounds.encode(sounds.tune(20.0)))
    assert tuple(prediction.confidences) == GENRES
    assert sum(prediction.confidences.values()) == pytest.approx(1.0)
    assert prediction.confidence == max(prediction.confidences.values())
    assert prediction.duration_s == pytest.approx(20.0, abs=0.1)
    assert prediction.analysed_s == pytest.approx(20.0, abs=0.1)
    assert not prediction.is_partial
    assert len(prediction.neighbours) == 5
    distances = [n.distance for n in prediction.neighbours]
    assert distances == sorted(distances)
    if prediction.verdict != "not music":
        assert prediction.confidences[prediction.genre] == prediction.confidence


def test_the_timeline_covers_the_clip_every_three_seconds(classifier):
    prediction = classifier.predict(sounds.encode(sounds.tune(20.0)))
    starts = [m.start_s for m in prediction.timeline]
    assert starts == [0.0, 3.0, 6.0, 9.0, 12.0, 15.0]
    assert prediction.timeline[-1].end_s == pytest.approx(20.0, abs=0.1)
    for moment, following in zip(prediction.timeline, prediction.timeline[1:], strict=False):
        assert moment.start_s < following.start_s < moment.end_s
        assert sum(moment.confidences.values()) == pytest.approx(1.0)


def test_a_short_clip_has_one_moment(classifier):
    prediction = classifier.predict(sounds.encode(sounds.tune(2.0)))
    (moment,) = prediction.timeline
    assert (moment.start_s, moment.end_s) == (0.0, pytest.approx(2.0, abs=0.05))
    assert moment.confidences == pytest.approx(prediction.confidences)


def test_the_timeline_hears_a_change(classifier, gtzan):
    """Half a clip of metal, half of classical: each half is heard for what it is."""
    halves = [
        _samples(gtzan / f"audio/full/{name}.flac")[: 15 * RATE_HZ]
        for name in ("classical.00001", "metal.00001")
    ]
    prediction = classifier.predict(sounds.encode(np.concatenate(halves)[None]))
    early, late = prediction.timeline[1], prediction.timeline[-2]
    assert early.confidences["classical"] > 0.5 > early.confidences["metal"]
    assert late.confidences["metal"] > 0.5 > late.confidences["classical"]


def _samples(path) -> np.ndarray:
    from genregenie.audio import AudioFile

    with AudioFile(path) as audio:
        return np.concatenate([b for s in audio.stretches() for b in s.blocks])


@pytest.mark.slow
def test_a_long_file_says_that_it_was_heard_in_part(classifier):
    prediction = classifier.predict(sounds.encode(sounds.tune(40.0).repeat(18, axis=1), 22_050))
    assert prediction.duration_s == pytest.approx(720, abs=1)
    assert prediction.analysed_s == pytest.approx(600, abs=1)
    assert prediction.is_partial
    assert prediction.timeline[-1].end_s > 690


def test_tags_come_along(classifier):
    data = sounds.encode(sounds.tune(2.0), container="flac", codec="flac", tags={"title": "Tune"})
    assert classifier.predict(data).title == "Tune"


# --- tempo and key ---------------------------------------------------------------------------


def _band(seconds: float, bpm: float, name: str) -> np.ndarray:
    """Drums and chords, shape (n,), float32."""
    chords = song(name, rounds=int(seconds / 6) + 1)
    return (0.7 * sounds.drums(seconds, bpm)[0] + chords[: round(seconds * RATE_HZ)]).astype("f4")


def test_tempo_and_key_are_told(classifier):
    told = classifier.predict((_band(24.0, 118, "A minor"), RATE_HZ))
    assert told.tempo_bpm == pytest.approx(118, rel=5e-3)
    assert told.key == "A minor"
    assert told.is_tempo_sure
    assert told.is_key_sure


def test_they_are_told_without_the_network(classifier):
    example = resources.assets() / "examples" / "country.mp3"
    told, fast = (c.predict(example) for c in (classifier, Classifier(classifier.model, fast=True)))
    assert told.tempo_bpm is not None
    assert told.key is not None
    names = ("tempo_bpm", "tempo_confidence", "key", "key_confidence")
    assert [getattr(fast, name) for name in names] == [getattr(told, name) for name in names]


def test_tempo_and_key_are_those_of_the_samples_that_were_judged(classifier):
    samples = _band(40.0, 97, "Eb major")
    told = classifier.predict(sounds.float_wav(samples[None]))
    tempo, key = Tempo(), Key()
    columns = Spectrogram(tempo, key)
    columns.push(samples)
    columns.end()
    assert TempoEstimate(told.tempo_bpm, told.tempo_confidence) == tempo.estimate()
    assert KeyEstimate(told.key, told.key_confidence) == key.estimate()


def test_stretches_of_a_file_tell_its_tempo_and_key(classifier):
    told = classifier.predict((_band(150.0, 125, "G minor"), RATE_HZ), SIX_STRETCHES)
    assert told.is_partial
    assert told.tempo_bpm == pytest.approx(125, rel=5e-3)
    assert told.key == "G minor"
    assert told.is_tempo_sure
    assert told.is_key_sure


def test_what_is_short_has_neither_tempo_nor_key(classifier):
    told = classifier.predict((_band(4.0, 120, "C major"), RATE_HZ))
    assert (told.tempo_bpm, told.key) == (None, None)
    assert not told.is_tempo_sure
    assert not told.is_key_sure


# --- verdicts --------------------------------------------------------------------------------

SAYING = "The quick brown fox jumps over the lazy dog. Please hold the line; somebody will be with "
SAYING += "you shortly. The weather today is mild with some rain in the evening. " * 3

seconds = 12.0
t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
NOT_MUSIC = {
    "silence": np.zeros_like(t),
    "one bit of noise": np.random.default_rng(0).integers(-1, 2, len(t)) / 32768,
    "white noise": sounds.noise(seconds)[0],
    "quiet white noise": sounds.noise(seconds, level=0.002)[0],
    "brown noise": np.cumsum(sounds.noise(seconds)[0]) / 300,
    "sine": sounds.tone(seconds)[0],
    "steady chord": sum(np.sin(2 * np.pi * hz * t) for hz in (220, 277, 330)) / 4,
    "square wave": 0.3 * np.sign(np.sin(2 * np.pi * 110 * t)),
    "clipped to the rails": np.sign(np.sin(2 * np.pi * 330 * t)),
    "sweep": 0.5 * np.sin(2 * np.pi * (100 * t + 150 * t**2)),
    "mains hum": 0.2 * np.sin(2 * np.pi * 50 * t) + sounds.noise(seconds, level=0.01)[0],
    "clicks": 0.9 * (np.arange(len(t)) % 11_025 == 0),
}


@pytest.mark.parametrize("name", NOT_MUSIC)
def test_what_is_not_music_is_turned_away(classifier, name):
    prediction = classifier.predict(sounds.encode(NOT_MUSIC[name][None]))
    assert prediction.verdict == "not music"
    assert prediction.genre is None
    assert (prediction.tempo_bpm, prediction.key) == (None, None)


@pytest.mark.parametrize("name", NOT_MUSIC)
def test_what_is_not_music_is_never_sure_in_few_bits(classifier, name):
    for level in (1.0, 0.1):
        data = sounds.encode(
            level * NOT_MUSIC[name][None], container="wav", codec="pcm_u8", sample_format="u8"
        )
        verdict = classifier.predict(data).verdict
        assert verdict == "not music" if name in ("sine", "square wave") else verdict != "confident"


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng to speak")
@pytest.mark.parametrize("voice", ["en", "en-us+f3", "de", "fr+f2", "en+m3", "es"])
def test_speech_is_turned_away(classifier, voice):
    speech = subprocess.run(
        ["espeak-ng", "-v", voice, "--stdout", SAYING], capture_output=True, check=True
    ).stdout
    assert classifier.predict(speech).verdict == "not music"


def test_hardly_any_real_clip_is_turned_away(gtzan):
    """By timbre. These clips are among the references, so look at the nearest by somebody else."""
    classifier = Classifier.load(fast=True)
    catalogue, turned_away = classifier.model.catalogue, 0
    clips = sorted((gtzan / "audio").rglob("*.flac"))
    for clip in clips:
        with_self = classifier.predict(clip)
        artist = with_self.neighbours[0].artist
        others = catalogue.artist != (artist or "")
        distances = catalogue.distances(with_self.vector[None])[:, others]
        turned_away += classifier.model.novelty(distances)[0] > classifier.model.thresholds.novelty
    assert len(clips) == 131
    assert turned_away <= 0.03 * len(clips)


def test_what_counts_as_music_follows_the_thresholds(classifier):
    line = classifier.model.thresholds.novelty
    for poor in ("narrow", "coarse"):
        assert classifier._is_music(line, poor, 0.0)
        assert not classifier._is_music(2.0 * line, poor, 1.0)
    assert classifier._is_music(1.3 * line, "coarse", None)
    assert not classifier._is_music(1.3 * line, "narrow", None)
    assert classifier._is_music(9.0 * line, "full", music_threshold())
    assert not classifier._is_music(0.0, "full", music_threshold() - 1e-9)
    assert classifier._is_music(line, "full", None)
    assert not classifier._is_music(line + 1e-9, "full", None)


@pytest.mark.parametrize("fast", [False, True])
def test_verdicts_follow_the_thresholds(classifier, gtzan, fast):
    """What is confident is so from its own threshold on, whatever it was heard by."""
    clip = gtzan / "audio/full/classical.00001.flac"
    told = Classifier(classifier.model, fast=fast).predict(clip)
    (own,) = (h for h in classifier.model.metadata.hearings if h.parts == told.parts)
    assert told.parts == (("timbre", "temporal") if fast else ("timbre", "temporal", "autotags"))

    def verdict_at(confident: float) -> str:
        hearings = tuple(
            replace(h, confident=confident) if h.parts == told.parts else h
            for h in classifier.model.metadata.hearings
        )
        metadata = replace(classifier.model.metadata, hearings=hearings)
        model = replace(classifier.model, metadata=metadata)
        return Classifier(model, fast=fast).predict(clip).verdict

    assert 0 < own.confident < 1
    assert verdict_at(told.confidence - 1e-9) == "confident"
    assert verdict_at(told.confidence + 1e-9) == "unsure"


def test_fast_hears_no_tags(classifier):
    source = sounds.encode(sounds.tune(12.0))
    fast = Classifier(classifier.model, fast=True).predict(source)
    assert fast.autotags == fast.beyond == ()
    assert all(moment.heard == () for moment in fast.timeline)
    assert fast.parts == ("timbre", "temporal")
    heard = classifier.predict(source)
    assert len(heard.autotags) == 50
    assert heard.parts == ("timbre", "temporal", "autotags")
    assert Classifier(classifier.model, fast=True).version != classifier.version


# --- the shipped model -----------------------------------------------------------------------


def test_loudness_hardly_matters(classifier, gtzan):
    """12 dB up or down moves confidences a little and the verdict hardly ever."""
    same = 0
    clips = sorted((gtzan / "audio/full").glob("*.flac"))[::3]
    for clip in clips:
        samples = _samples(clip)
        samples /= np.abs(samples).max()
        loud, quiet = (
            classifier.predict(sounds.float_wav((gain * samples)[None])) for gain in (1.0, 0.25)
        )
        same += loud.genre == quiet.genre
    assert same >= len(clips) - 1


def test_arrays_and_pipeline_are_the_same_model(classifier, gtzan):
    from genregenie.common import settings
    from genregenie.datasets.table import read_table

    rows = read_table(gtzan / "mfcc_statistics.npz").rows
    pipeline = PipelineScorer(settings.model_dir() / "model.skops")
    arrays = np.exp(classifier.model.scorer.log_confidences(rows))
    arrays /= arrays.sum(axis=1, keepdims=True)
    assert arrays == pytest.approx(np.exp(pipeline.log_confidences(rows)), abs=1e-9)


def test_a_clip_is_mapped_once_into_each_space(classifier, monkeypatch):
    mapped = []

    def counted(rows: np.ndarray, *fitted: np.ndarray, **weights: float) -> np.ndarray:
        mapped.append((len(rows), weights["prior_frames"]))
        return tangent_vectors(rows, *fitted, **weights)

    monkeypatch.setattr(space, "tangent_vectors", counted)
    prediction = classifier.predict(sounds.encode(sounds.tune(12.0)))
    assert prediction.reasons
    assert prediction.neighbours
    own, catalogue = classifier.model.scorer.space, classifier.model.catalogue.space
    clip_and_moments = 1 + len(prediction.timeline)
    assert mapped == [(clip_and_moments, own.prior_frames), (1, catalogue.prior_frames)]


@pytest.mark.slow
def test_many_threads_get_their_own_answers(classifier):
    clips = [sounds.encode(sounds.tune(3.0, seed=seed)) for seed in range(4)]
    expected = [classifier.predict(clip) for clip in clips]
    wrong: list[int] = []

    def work(i: int) -> None:
        for _ in range(5):
            if classifier.predict(clips[i % 4]) != expected[i % 4]:
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_missing_or_broken_model_says_what_to_do(tmp_path):
    with pytest.raises(ModelError, match="genregenie train"):
        Model.load(tmp_path)
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(ModelError, match="cannot be read"):
        Model.load(tmp_path)
    (tmp_path / "model.json").write_text('{"format": 99}')
    with pytest.raises(ModelError, match="format 99"):
        Model.load(tmp_path)


def test_tempering_sharpens_and_flattens():
    logs = np.log(np.array([[0.7, 0.2, 0.1]]))
    assert tempered(logs, 1.0) == pytest.approx(np.exp(logs))
    assert tempered(logs, 0.5)[0, 0] > 0.7 > tempered(logs, 2.0)[0, 0] > 1 / 3


def test_novelty_is_the_mean_distance_to_the_nearest():
    distances = np.array([[5.0, 1.0, 3.0, 2.0]])
    assert novelty(distances, 2) == pytest.approx([1.5])
    assert novelty(distances, 9) == pytest.approx([2.75])
