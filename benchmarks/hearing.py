"""What the network costs, and what fewer windows of 3 s cost in accuracy.

    python benchmarks/hearing.py

Accuracy: GTZAN's published answers of the network, one a second; a logistic regression learns from
the means over whole clips and is asked about means over fewer windows, spread evenly, artists
apart, three seeds. Time: one core, as a ratio to decoding a 30 s WAV of 44.1 kHz stereo.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from sklearn.base import clone
from speed import encode, music, seconds

from genregenie.audio import WHOLE, AudioFile
from genregenie.autotag.listener import Listener
from genregenie.autotag.mel import BANDS, PATCH_FRAMES, windows
from genregenie.autotag.network import Network, network
from genregenie.common import settings
from genregenie.datasets.gtzan import STATISTICS_NPZ, TAGGRAMS_NPZ
from genregenie.datasets.table import read_columns, read_table
from genregenie.evaluation import metrics
from genregenie.evaluation.protocols import GROUPED, splits
from genregenie.training import parts

COUNTS = (1, 2, 3, 5, 10)
FOLDS, SEEDS = 5, 3


def accuracies() -> None:
    folder = settings.training_data_dir() / "gtzan"
    table = read_table(folder / STATISTICS_NPZ)
    columns = read_columns(folder / TAGGRAMS_NPZ)
    seconds_of = {t: columns["tags"][columns["track"] == t] for t in np.unique(columns["track"])}
    table = table.take(np.isin(table.track, list(seconds_of)))
    heard = [seconds_of[track].astype(float) for track in table.track.tolist()]
    rows = {"all": np.array([h.mean(axis=0) for h in heard])}
    for count in COUNTS:
        places = [
            np.linspace(0, len(h) - 1, 2 * count + 1).round().astype(int)[1::2] for h in heard
        ]
        rows[str(count)] = np.array([h[p].mean(axis=0) for h, p in zip(heard, places, strict=True)])
    model = next(c for c in parts.candidates() if c.name == "logistic_regression").pipeline
    model = model.set_params(classify__C=0.03)
    scores: dict[str, list[float]] = {name: [] for name in rows}
    for seed in range(SEEDS):
        for train, test in splits(table, GROUPED, FOLDS, seed):
            fitted = clone(model).fit(rows["all"][train], table.labels[train])
            for name, values in rows.items():
                told = fitted.predict_proba(values[test])
                scores[name].append(metrics.accuracy(told, table.labels[test]))
    print("| windows of a 30 s clip | accuracy, artists apart |\n|---|---|")
    for name in (*map(str, COUNTS), "all"):
        print(f"| {name} | {np.mean(scores[name]):.3f} |")


def times() -> None:
    wav = encode(music(30, 44_100, 2), 44_100, "wav", "pcm_s16le")

    def decode() -> np.ndarray:
        with AudioFile(wav) as audio:
            return np.concatenate([b for s in audio.stretches() for b in s.blocks])

    samples = decode()
    patch = np.random.default_rng(0).random((PATCH_FRAMES, BANDS), np.float32)

    def listen() -> None:
        listener = Listener(30.0, WHOLE)
        listener.push(samples)
        listener.end()
        listener.heard()

    def batch(inputs: dict[str, np.ndarray]) -> None:
        network()._session.run(None, inputs)

    floor = seconds(decode, 15)
    rows = {
        "decoding (floor)": floor,
        "the front end: three patches": seconds(lambda: list(windows(0.0, [samples])), 15),
        "one window through the network": seconds(lambda: network().hear([patch]), 15),
        "three windows as one batch": seconds(
            lambda: batch({"patches": np.stack(3 * [patch])}), 15
        ),
        "a clip: three windows in all": seconds(listen, 15),
        "loading the network": seconds(Network, 15),
    }
    print("\n| what | time | ratio |\n|---|---|---|")
    for name, time in rows.items():
        print(f"| {name} | {1e3 * time:.1f} ms | {time / floor:.2f} |")


if __name__ == "__main__":
    accuracies()
    times()
