"""How well tempo and key are told, and at what cost.

    python benchmarks/tempo_key.py

Artists apart: whoever is scored was not learnt from, neither the models nor the confidence from
which an estimate is sure. Sound is that of 35 GTZAN clips of 30 s and the first 15 s of 96;
spectrograms are GTZAN's published ones, whole and in parts. The tables go into docs/evaluation.md.
Needs the GTZAN tables and clips; the costs need a quiet machine.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import librosa
import numpy as np
from key_profiles import PROFILES
from scipy.signal import resample_poly

from genregenie.audio import RATE_HZ, AudioFile
from genregenie.common import settings
from genregenie.datasets.tempo_key import (
    ANNOTATIONS_CSV,
    Annotated,
    picture_harmony,
    picture_pulse,
    read_annotated,
    read_annotations,
)
from genregenie.evaluation.protocols import GROUPED, splits
from genregenie.evaluation.tempo_key import is_tempo, is_tempo_to_an_octave, key_scores
from genregenie.features.key import CLASSES, KEYS, Harmony, Key
from genregenie.features.key import shipped as key_model
from genregenie.features.pulse import TEMPI, Pulse
from genregenie.features.spectrogram import Listener, Spectrogram
from genregenie.features.statistics import statistics
from genregenie.features.tempo import Tempo, best
from genregenie.features.tempo import shipped as tempo_model
from genregenie.training.tempo_key import (
    FOLDS,
    KEY,
    TEMPO,
    Examples,
    Task,
    key_examples,
    sure_from,
    tempo_examples,
)

REPEATS = 15

Score = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Clip:
    """A clip of which there is sound."""

    track: str
    is_whole: bool
    samples: np.ndarray


@dataclass(frozen=True)
class Subject:
    """What is told, and how it is scored."""

    task: Task[Any]
    listener: Callable[[Any], Tempo | Key]
    said: Callable[[Any], float]
    decide: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    scores: tuple[Score, Score]
    sure: float


@dataclass(frozen=True)
class Answers:
    """Of some clips, or their parts: what is said, how sure, and from when on that is enough."""

    value: np.ndarray
    confidence: np.ndarray
    sure: np.ndarray
    truth: np.ndarray

    def take(self, index: np.ndarray) -> "Answers":
        return Answers(*(values[index] for values in vars(self).values()))


TEMPI_OF = Subject(
    TEMPO,
    Tempo,
    lambda estimate: estimate.bpm,
    lambda probabilities: (TEMPI[best(probabilities)[0]], best(probabilities)[1]),
    (is_tempo, is_tempo_to_an_octave),
    tempo_model().sure,
)
KEYS_OF = Subject(
    KEY,
    Key,
    lambda estimate: KEYS.index(estimate.name),
    lambda probabilities: (probabilities.argmax(axis=-1), probabilities.max(axis=-1)),
    (np.equal, key_scores),
    key_model().sure,
)


def main() -> None:
    folder = settings.training_data_dir() / "gtzan"
    annotated = read_annotated(folder)
    bpm, keys = read_annotations(folder / ANNOTATIONS_CSV)
    tracks = set(annotated.table.track.tolist())
    clips = [clip for clip in read_clips(folder / "audio") if clip.track in tracks]
    tempo_tables(annotated, [clip for clip in clips if clip.track in bpm], bpm)
    key_tables(annotated, [clip for clip in clips if clip.track in keys], keys)
    copies([clip for clip in clips if clip.is_whole], bpm, keys)
    costs(folder / "audio" / "full")


def read_clips(folder: Path) -> list[Clip]:
    clips = []
    for path in sorted(folder.glob("*/*.flac")):
        with AudioFile(path) as audio:
            samples = np.concatenate([b for s in audio.stretches() for b in s.blocks])
        track = ".".join(path.name.split(".")[:2])
        clips.append(Clip(track, path.parent.name == "full", samples))
    return clips


def heard(stretches: list[np.ndarray], *listeners: Listener) -> None:
    spectrogram = Spectrogram(*listeners)
    for samples in stretches:
        spectrogram.push(samples)
        spectrogram.end()


def measured(
    subject: Subject, examples: Examples, clips: list[Clip], truth: Mapping[str, float]
) -> tuple[Answers, dict[int, Answers]]:
    """Of the clips by sound, and of all by spectrogram, by how many parts they are cut into."""
    by_sound = np.full((3, len(clips)), np.nan)
    of_clips = np.array([truth[clip.track] for clip in clips])
    of_pictures = np.array([truth[track] for track in examples.table.track.tolist()])[:, None]
    value = {n: np.zeros(features.shape[:2]) for n, features in examples.features.items()}
    confidence = {n: np.zeros(features.shape[:2]) for n, features in examples.features.items()}
    folds = list(splits(examples.table, GROUPED, FOLDS, seed=0))
    unheard = []
    for train, test in folds:
        model = subject.task.learn(examples.take(train))
        for n, features in examples.features.items():
            value[n][test], confidence[n][test] = subject.decide(
                model.probabilities(features[test])
            )
        tracks = set(examples.table.track[test].tolist())
        unheard.append([i for i, clip in enumerate(clips) if clip.track in tracks])
        for i in unheard[-1]:
            listener = subject.listener(model)
            heard([clips[i].samples], listener)
            estimate = listener.estimate()
            by_sound[:2, i] = subject.said(estimate), estimate.confidence
    right = {n: subject.scores[0](v, of_pictures) for n, v in value.items()}
    sure = {n: np.zeros(v.shape) for n, v in value.items()}
    for (train, test), indices in zip(folds, unheard, strict=True):
        threshold = max(
            sure_from(confidence[n][train].ravel(), right[n][train].ravel()) for n in value
        )
        by_sound[2, indices] = threshold
        for n in value:
            sure[n][test] = threshold
    return Answers(*by_sound, of_clips), {
        n: Answers(value[n], confidence[n], sure[n], np.broadcast_to(of_pictures, value[n].shape))
        for n in value
    }


def tempo_tables(annotated: Annotated, clips: list[Clip], bpm: Mapping[str, float]) -> None:
    by_sound, by_picture = measured(TEMPI_OF, tempo_examples(annotated), clips, bpm)
    head("tempo", "within 4 %", "to an octave")
    librosas = np.array([librosa.feature.tempo(y=c.samples, sr=RATE_HZ)[0] for c in clips])
    row("librosa, `feature.tempo`", TEMPI_OF, librosas, by_sound.truth)
    listeners = [Tempo() for _ in clips]
    for clip, tempo in zip(clips, listeners, strict=True):
        heard([clip.samples], tempo)
    guessed = np.array([by_autocorrelation(tempo.pulse) for tempo in listeners])
    row("autocorrelation and a prior, by sound", TEMPI_OF, guessed, by_sound.truth)
    pictures = annotated.pictures[~np.isnan(annotated.bpm)]
    guessed = np.array([by_autocorrelation(picture_pulse(picture)) for picture in pictures])
    truth = by_picture[1].truth[:, 0]
    row("autocorrelation and a prior, spectrograms", TEMPI_OF, guessed, truth)
    rows(TEMPI_OF, clips, by_sound, by_picture)
    right = is_tempo(by_sound.value, by_sound.truth)
    off = np.abs(by_sound.value / by_sound.truth - 1)[right]
    print(f"\nMedian error of those within 4 %: {100 * np.median(off):.2f} %")


def key_tables(annotated: Annotated, clips: list[Clip], keys: Mapping[str, float]) -> None:
    examples = key_examples(annotated)
    by_sound, by_picture = measured(KEYS_OF, examples, clips, keys)
    head("key", "right", "MIREX")
    chroma = [librosa.feature.chroma_cqt(y=c.samples, sr=RATE_HZ).mean(axis=1) for c in clips]
    name = "Krumhansl and Kessler 1982"
    guessed = by_profile(np.array(chroma), *PROFILES[name])
    row(f"librosa, `chroma_cqt`, {name}", KEYS_OF, guessed, by_sound.truth)
    listeners = [Key() for _ in clips]
    for clip, key in zip(clips, listeners, strict=True):
        heard([clip.samples], key)
    of_sound = np.array([classes(key.harmony, key.harmony.tuning) for key in listeners])
    pictures = annotated.pictures[annotated.keys >= 0]
    of_pictures = np.array([classes(picture_harmony(picture), 0.0) for picture in pictures])
    for name, profiles in PROFILES.items():
        row(f"{name}, by sound", KEYS_OF, by_profile(of_sound, *profiles), by_sound.truth)
    for name, profiles in PROFILES.items():
        guessed = by_profile(of_pictures, *profiles)
        row(f"{name}, spectrograms", KEYS_OF, guessed, by_picture[1].truth[:, 0])
    rows(KEYS_OF, clips, by_sound, by_picture)


def head(subject: str, *scores: str) -> None:
    print(f"\n| {subject} | clips | {' | '.join(scores)} | sure | of these right |")
    print("|---|---|---|---|---|---|")


def row(name: str, subject: Subject, value: np.ndarray, truth: np.ndarray, end: str = "") -> None:
    scores = " | ".join(f"{score(value, truth).mean():.3f}" for score in subject.scores)
    print(f"| {name} | {value.size} | {scores} | {end or ' | '} |", flush=True)


def rows(
    subject: Subject, clips: list[Clip], by_sound: Answers, by_picture: Mapping[int, Answers]
) -> None:
    whole = np.array([clip.is_whole for clip in clips])
    answers = {
        "**this, by sound**": by_sound,
        "of these, 30 s": by_sound.take(whole),
        "of these, 15 s": by_sound.take(~whole),
        **{f"this, spectrograms of {30 / n:g} s": some for n, some in by_picture.items()},
    }
    for name, some in answers.items():
        is_sure = some.confidence >= some.sure
        right = subject.scores[0](some.value, some.truth)[is_sure].mean()
        row(name, subject, some.value, some.truth, f"{is_sure.mean():.2f} | {right:.3f}")


def by_autocorrelation(pulse: Pulse) -> float:
    """The tempo of which one, two and four beats agree best, those near 110 before others."""
    lags = 60 / TEMPI[:, None] * [1, 2, 4] / pulse.column_s
    correlation = pulse.correlation[:, 0]
    agreement = np.interp(lags, np.arange(len(correlation)), correlation, right=0.0).sum(axis=1)
    return TEMPI[(agreement * np.exp(-0.5 * (np.log2(TEMPI / 110) / 1.2) ** 2)).argmax()]


def classes(harmony: Harmony, tuning: float) -> np.ndarray:
    """How strong each pitch class is on its own, shape (12,)."""
    return np.diag(harmony.together[round(tuning * 10 + 5)])


def by_profile(chroma: np.ndarray, major: tuple, minor: tuple) -> np.ndarray:
    """The key whose profile correlates best with chroma, shape (n, 12)."""
    templates = np.array([np.roll(p, tonic) for p in (major, minor) for tonic in range(CLASSES)])
    centred = [x - x.mean(axis=1, keepdims=True) for x in (chroma, templates)]
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in centred]
    return (unit[0] @ unit[1].T).argmax(axis=1)


def copies(clips: list[Clip], bpm: Mapping[str, float], keys: Mapping[str, float]) -> None:
    """What the shipped models say of other copies of clips whose spectrograms they have seen."""
    ways = {
        "as it is": lambda samples: [samples],
        "in three stretches of 10 s": lambda samples: np.array_split(samples, 3),
        "over a telephone": lambda samples: [resample_poly(resample_poly(samples, 1, 3), 3, 1)],
        "in 8 bits": lambda samples: [np.rint(samples * 128) / np.float32(128)],
        "at a hundredth of the level": lambda samples: [samples / np.float32(100)],
    }
    print("\n| clips of 30 s | tempo | sure | of these right | key | sure | of these right |")
    print("|---|---|---|---|---|---|---|")
    for name, way in ways.items():
        cells = [name]
        for subject, truth in ((TEMPI_OF, bpm), (KEYS_OF, keys)):
            right, sure = [], []
            for clip in (clip for clip in clips if clip.track in truth):
                listener = subject.listener(None)
                heard(way(clip.samples), listener)
                estimate = listener.estimate()
                right.append(subject.scores[0](subject.said(estimate), truth[clip.track]))
                sure.append(estimate.confidence >= subject.sure)
            shares = np.mean(right), np.mean(sure), np.mean(np.array(right)[sure])
            cells += [f"{share:.3f}" for share in shares]
        print(f"| {' | '.join(cells)} |")


def costs(folder: Path) -> None:
    """Milliseconds for a clip of 30 s, and what that is of decoding it."""
    data = next(iter(sorted(folder.glob("*.flac")))).read_bytes()

    def decoded() -> np.ndarray:
        with AudioFile(data) as audio:
            return np.concatenate([b for s in audio.stretches() for b in s.blocks])

    samples = decoded()

    def told(*listeners: Tempo | Key) -> None:
        heard([samples], *listeners)
        for listener in listeners:
            listener.estimate()

    work = {
        "decoding 30 s of FLAC": decoded,
        "MFCC statistics": lambda: statistics([samples]),
        "columns alone": told,
        "tempo": lambda: told(Tempo()),
        "key": lambda: told(Key()),
        "tempo and key": lambda: told(Tempo(), Key()),
    }
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(REPEATS):
        for name, run in work.items():
            start = time.perf_counter()
            run()
            times[name].append(1e3 * (time.perf_counter() - start))
    print("\n| for 30 s | ms | of decoding |")
    print("|---|---|---|")
    decoding = median(times["decoding 30 s of FLAC"])
    for name, some in times.items():
        print(f"| {name} | {median(some):.1f} | {median(some) / decoding:.2f} |")


if __name__ == "__main__":
    main()
