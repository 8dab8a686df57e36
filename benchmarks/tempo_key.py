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
from genregenie.features.pulse import TEMPI, Pulse
from genregenie.features.spectrogram import Listener, Spectrogram
from genregenie.features.statistics import statistics
from genregenie.features.tempo import Tempo, best
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

PROFILES = {
    "Krumhansl and Kessler 1982": (
        (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    ),
    "Temperley 2007": (
        (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400),
        (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330),
    ),
    "Albrecht and Shanahan 2013": (
        (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
        (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
    ),
    "Faraldo et al. 2016, of EDM": (
        (0.165, 0.047, 0.083, 0.067, 0.100, 0.093, 0.053, 0.132, 0.052, 0.074, 0.069, 0.064),
        (0.172, 0.053, 0.076, 0.100, 0.056, 0.085, 0.050, 0.135, 0.075, 0.050, 0.092, 0.055),
    ),
    "Faraldo et al. 2017, of EDM": (
        (1.00, 0.00, 0.42, 0.00, 0.53, 0.37, 0.00, 0.77, 0.00, 0.38, 0.21, 0.30),
        (1.00, 0.00, 0.36, 0.39, 0.00, 0.38, 0.00, 0.74, 0.27, 0.00, 0.42, 0.23),
    ),
}
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
)
KEYS_OF = Subject(
    KEY,
    Key,
    lambda estimate: KEYS.index(estimate.name),
    lambda probabilities: (probabilities.argmax(axis=-1), probabilities.max(axis=-1)),
    (np.equal, key_scores),
)


def main() -> None:
    folder = settings.training_data_dir() / "gtzan"
    annotated = read_annotated(folder)
    bpm, keys = read_annotations(folder / ANNOTATIONS_CSV)
    tracks = set(annotated.table.track.tolist())
    clips = [clip for clip in read_clips(folder / "audio") if clip.track in tracks]
    tempo_tables(annotated, [clip for clip in clips if clip.track in bpm], bpm)
    key_tables(annotated, [clip for clip in clips if clip.track in keys], keys)
    costs(folder / "audio" / "full")


def read_clips(folder: Path) -> list[Clip]:
    clips = []
    for path in sorted(folder.glob("*/*.flac")):
        with AudioFile(path) as audio:
            samples = np.concatenate([b for s in audio.stretches() for b in s.blocks])
        track = ".".join(path.name.split(".")[:2])
        clips.append(Clip(track, path.parent.name == "full", samples))
    return clips


def heard(samples: np.ndarray, *listeners: Listener) -> None:
    spectrogram = Spectrogram(*listeners)
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
            heard(clips[i].samples, listener)
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
        heard(clip.samples, tempo)
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
        heard(clip.samples, key)
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


def costs(folder: Path) -> None:
    """Milliseconds for a clip of 30 s, and what that is of decoding it."""
    data = next(iter(sorted(folder.glob("*.flac")))).read_bytes()

    def decoded() -> np.ndarray:
        with AudioFile(data) as audio:
            return np.concatenate([b for s in audio.stretches() for b in s.blocks])

    samples = decoded()

    def told(*listeners: Tempo | Key) -> None:
        heard(samples, *listeners)
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
