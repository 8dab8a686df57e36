"""How the model stands up to what people upload, on clips whose artists it has not heard.

    python benchmarks/robustness.py [--fast]

For each of five folds with artists apart, the shipped recipe is fitted to the other four and asked
about the real clips of this one, the whole way that a file takes: cut short, re-encoded, louder,
quieter, filtered. Needs the GTZAN clips; the table goes into docs/evaluation.md.
"""

import io
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import av
import numpy as np
import scipy.signal
from sklearn.base import clone
from skops.io import load

from genregenie.audio import RATE_HZ, AudioFile
from genregenie.common import settings
from genregenie.datasets.gtzan import read_gtzan
from genregenie.datasets.table import Table
from genregenie.evaluation import metrics
from genregenie.evaluation.protocols import GROUPED, splits
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Prediction
from genregenie.model.model import Model
from genregenie.model.scorers import TRUSTED_TYPES
from genregenie.training import calibration, compare, parts
from genregenie.training.artifacts import as_arrays, as_head
from genregenie.training.train import select

Change = Callable[[np.ndarray], np.ndarray]


def samples_of(source: object) -> np.ndarray:
    with AudioFile(source) as audio:  # type: ignore[arg-type]
        return np.concatenate([b for s in audio.stretches() for b in s.blocks])


def recoded(container: str, codec: str, bit_rate: int, rate: int) -> Change:
    """Through a lossy codec in stereo and back."""

    def change(samples: np.ndarray) -> np.ndarray:
        up = scipy.signal.resample_poly(samples, rate, RATE_HZ) if rate != RATE_HZ else samples
        buffer = io.BytesIO()
        with av.open(buffer, "w", format=container) as output:
            stream = output.add_stream(codec, rate=rate)
            stream.layout, stream.bit_rate = "stereo", bit_rate
            stream.codec_context.open()
            resampler = av.AudioResampler(
                stream.format, "stereo", rate, frame_size=stream.codec_context.frame_size
            )
            both = np.repeat(up.astype(np.float32), 2)[None]
            frame = av.AudioFrame.from_ndarray(both, format="flt", layout="stereo")
            frame.sample_rate = rate
            for piece in [*resampler.resample(frame), *resampler.resample(None)]:
                output.mux(stream.encode(piece))
            output.mux(stream.encode(None))
        return samples_of(buffer.getvalue())

    return change


def telephone(samples: np.ndarray) -> np.ndarray:
    """8 kHz, and the 8 bits of a telephone's law."""
    narrow = scipy.signal.resample_poly(samples, 160, 441)
    law = np.log1p(255 * np.minimum(np.abs(narrow), 1)) / np.log(256)
    coded = np.sign(narrow) * (256 ** (np.round(law * 127) / 127) - 1) / 255
    return scipy.signal.resample_poly(coded, 441, 160).astype(np.float32)


def rounded(bits: int, decibels: float = 0.0) -> Change:
    """Stored softer by so much, in so many bits."""

    def change(samples: np.ndarray) -> np.ndarray:
        steps = 2 ** (bits - 1)
        whole = np.rint(gain(decibels)(samples) * steps)
        return (np.clip(whole, -steps, steps - 1) / steps).astype(np.float32)

    return change


def gain(decibels: float) -> Change:
    return lambda samples: samples * np.float32(10 ** (decibels / 20))


def normalised(samples: np.ndarray) -> np.ndarray:
    return samples / np.abs(samples).max()


def tilt(decibels: float) -> Change:
    """A shelf: treble up by so much above 2 kHz and bass down, or the other way about."""

    def change(samples: np.ndarray) -> np.ndarray:
        spectrum = np.fft.rfft(samples)
        hz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
        octaves = np.clip(np.log2(np.maximum(hz, 1.0) / 1_000.0), -4, 3)
        shaped = np.fft.irfft(spectrum * 10 ** (decibels * octaves / 3 / 20), len(samples))
        return (0.5 * shaped / np.abs(shaped).max()).astype(np.float32)

    return change


def narrow(samples: np.ndarray) -> np.ndarray:
    """A telephone's or a small loudspeaker's band, 200 Hz to 5 kHz."""
    sos = scipy.signal.butter(4, (200, 5_000), "bandpass", fs=RATE_HZ, output="sos")
    return scipy.signal.sosfilt(sos, samples).astype(np.float32)


def hiss(samples: np.ndarray) -> np.ndarray:
    """White noise 30 dB below the music, as from a room or a tape."""
    noise = np.random.default_rng(0).normal(size=len(samples))
    return (samples + noise * samples.std() * 10 ** (-30 / 20)).astype(np.float32)


FULL: dict[str, Change] = {
    "untouched": lambda samples: samples,
    "MP3 64 kbit/s": recoded("mp3", "libmp3lame", 64_000, 44_100),
    "MP3 32 kbit/s": recoded("mp3", "libmp3lame", 32_000, 22_050),
    "AAC 64 kbit/s": recoded("adts", "aac", 64_000, 44_100),
    "Opus 32 kbit/s": recoded("ogg", "libopus", 32_000, 48_000),
    "12 dB quieter": gain(-12),
    "24 dB quieter": gain(-24),
    "as loud as it goes": normalised,
    "treble +6 dB": tilt(6),
    "bass +6 dB": tilt(-6),
    "200 Hz to 5 kHz only": narrow,
    "hiss at -30 dB": hiss,
    "telephone, 8 kHz": telephone,
    "8 bit": rounded(8),
    "stored 20 dB too soft, 16 bit": rounded(16, -20),
    "stored 40 dB too soft, 16 bit": rounded(16, -40),
    "offset of 0.1": lambda samples: 0.9 * samples + np.float32(0.1),
}


def as_stored(samples: np.ndarray) -> np.ndarray:
    """Whole numbers where 16 bits hold the samples, as a file would."""
    steps = samples.astype(np.float64) * 32_768
    whole = (steps == np.rint(steps)).all() and np.abs(steps).max() < 32_768
    return steps.astype(np.int16) if whole else samples


def pieces(samples: np.ndarray, length_s: float) -> Iterator[np.ndarray]:
    """Consecutive cuts of `length_s` seconds."""
    n = round(length_s * RATE_HZ)
    for start in range(0, len(samples) - n + 1, n):
        yield samples[start : start + n]


def without(shipped: Model, table: Table, fast: bool) -> Classifier:
    """The shipped recipe, fitted to the clips of a table alone."""
    (winner,) = select([shipped.metadata.winner])
    pipeline = winner.pipeline.set_params(**shipped.metadata.parameters)
    scorer = as_arrays(compare.fit(winner, table, pipeline))
    if scorer is None:
        raise SystemExit("The shipped model has no arrays; this needs a winner that has.")
    heads = {}
    for part in shipped.heads:
        fitted = load(settings.model_dir() / f"{part}.skops", trusted=list(TRUSTED_TYPES))
        clips = parts.of_part(table, part)
        heads[part] = as_head(clone(fitted).fit(clips.rows, clips.labels))
    model = replace(shipped, scorer=scorer, catalogue=calibration.catalogue(table), heads=heads)
    return Classifier(model, fast=fast)


def main() -> None:
    fast = "--fast" in sys.argv[1:]
    folder = settings.training_data_dir() / "gtzan"
    table = read_gtzan(folder)
    shipped = Model.load(settings.model_dir())
    index = {track: i for i, track in enumerate(table.track.tolist())}
    full = {p.stem: samples_of(p) for p in sorted((folder / "audio/full").glob("*.flac"))}
    short = {p.stem: samples_of(p) for p in sorted((folder / "audio/first_15s").glob("*.flac"))}
    conditions: dict[str, list[tuple[int, np.ndarray]]] = {}
    for length_s in (15, 10, 5, 3):
        conditions[f"first 15 s, cut to {length_s} s"] = [
            (index[track.removesuffix(".first_15s")], piece)
            for track, samples in short.items()
            for piece in pieces(samples, length_s)
        ]
    for name, change in FULL.items():
        conditions[f"whole clips, {name}"] = [
            (index[track], change(samples)) for track, samples in full.items()
        ]

    answers: dict[str, list[tuple[int, Prediction]]] = {name: [] for name in conditions}
    for train, test in splits(table, GROUPED, 5, 0):
        classifier, held_out = without(shipped, table.take(train), fast), set(test.tolist())
        for name, clips in conditions.items():
            answers[name] += [
                (int(table.labels[i]), classifier.predict((as_stored(samples), RATE_HZ)))
                for i, samples in clips
                if i in held_out
            ]

    print("| clips | judged | accuracy | top-3 | ECE | confident: share, right | not music |")
    print("|---|---|---|---|---|---|---|")
    for name, results in answers.items():
        truth = np.array([t for t, _ in results], dtype=np.intp)
        confidences = np.array([list(p.confidences.values()) for _, p in results])
        away = np.mean([p.verdict == "not music" for _, p in results])
        sure = np.array([p.verdict == "confident" for _, p in results])
        hits = (confidences.argmax(axis=1) == truth)[sure]
        right = f"{hits.mean():.0%}" if len(hits) else "-"
        print(
            f"| {name} | {len(truth)} | {metrics.accuracy(confidences, truth):.3f} "
            f"| {metrics.top_k(confidences, truth):.3f} "
            f"| {metrics.expected_calibration_error(confidences, truth):.3f} "
            f"| {sure.mean():.0%}, {right} | {away:.1%} |"
        )


if __name__ == "__main__":
    main()
