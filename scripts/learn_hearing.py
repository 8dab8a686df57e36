"""Learns what the network's numbers are worth: ``make hearing``.

Two small files go to models/musicnn. levels.npz has 101 quantiles of each autotag among the clips
of GTZAN that the network has heard. music.npz has a logistic regression on the embedding that
tells music from what is not, learnt from GTZAN's clips, from the songs and sounds of
data/outside whose licences are open, and from tones and noises made here; all others measure it,
artists apart.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genregenie.audio import RATE_HZ, Samples
from genregenie.autotag.music import MUSIC_NPZ
from genregenie.autotag.network import network
from genregenie.common import resources, settings
from genregenie.common.arrays import Array
from genregenie.datasets.gtzan import listen, read_gtzan
from genregenie.datasets.outside import read_outside
from genregenie.datasets.sounds import hear
from genregenie.training.parts import known

QUANTILES: Final = 101
FOLDS: Final = 10
SEEDS: Final = 3
KEPT: Final = 0.99
"""Share of held-out music that must pass."""


def main() -> None:
    """Read, listen, learn, and write both."""
    data = settings.training_data_dir()
    folder = resources.models() / "musicnn"
    table = read_gtzan(data / "gtzan", say=print)
    heard = table.take(known(table, "autotags"))
    write_levels(folder / "levels.npz", np.asarray(heard.autotags))
    artists = dict(zip(table.track.tolist(), table.artist.tolist(), strict=True))
    write_music(folder / MUSIC_NPZ, examples(data, artists))


def write_levels(path: Path, autotags: Array) -> None:
    """Quantiles of the tags of the reference clips."""
    levels = np.quantile(autotags, np.linspace(0, 1, QUANTILES), axis=0)
    np.savez_compressed(path, names=np.array(network().names), quantiles=levels.astype(np.float32))
    print(f"levels of {len(autotags)} clips, {path.stat().st_size} bytes")


def examples(data: Path, artists: dict[str, str]) -> pd.DataFrame:
    """All sounds: embedding, group, where from, whether music, whether it may teach."""
    whole, beginnings = listen(data / "gtzan" / "audio", -1)
    rows = [
        (sound.embedding, artists.get(track) or track, "GTZAN", True, True)
        for track, sound in (whole | beginnings).items()
    ]
    outside = read_outside(data / "outside")
    rows += [
        (sound.embedding, group, "songs" if is_music else "sounds", is_music, is_open)
        for sound, group, is_music, is_open in zip(
            outside.sounds, outside.groups, outside.is_music, outside.is_open, strict=True
        )
    ]
    rows += [
        (hear((samples, RATE_HZ)).embedding, name, "made", False, True) for name, samples in made()
    ]
    table = pd.DataFrame(rows, columns=["embedding", "group", "origin", "is_music", "is_open"])
    return table[table.embedding.notna()].reset_index(drop=True)


def made() -> Iterator[tuple[str, Samples]]:
    """Tones, noises and clicks of 10 s, at three levels each."""
    rng = np.random.default_rng(0)
    n = 10 * RATE_HZ
    time = np.arange(n) / RATE_HZ
    spectrum = np.fft.rfft(rng.normal(size=n))
    hz = np.maximum(np.fft.rfftfreq(n, 1 / RATE_HZ), 20.0)
    sounds = {f"tone {f}": np.sin(2 * np.pi * f * time) for f in (110, 440, 1_000, 3_000)}
    sounds |= {f"square {f}": np.sign(np.sin(2 * np.pi * f * time)) for f in (50, 220, 800)}
    sounds |= {f"noise {p}": np.fft.irfft(spectrum / hz**p, n) for p in (0.0, 0.5, 1.0)}
    sounds |= {f"clicks {s}": (time % s < 1e-3).astype(float) for s in (0.1, 0.5, 1.0)}
    sounds["hum"] = sum(np.sin(2 * np.pi * 50 * k * time) / k for k in range(1, 20))
    sounds["chirp"] = np.sin(2 * np.pi * (100 + 200 * time) * time)
    sounds["dial tone"] = np.sin(2 * np.pi * 350 * time) + np.sin(2 * np.pi * 440 * time)
    for name, sound in sounds.items():
        for level in (0.5, 0.05, 0.005):
            yield name, (level * sound / np.abs(sound).max()).astype(np.float32)


def learnt(embeddings: Array, is_music: NDArray[np.bool_]) -> LogisticRegression:
    """The pipeline, fitted."""
    regression = LogisticRegression(C=0.1, class_weight="balanced", max_iter=3_000)
    return make_pipeline(StandardScaler(), regression).fit(embeddings, is_music)


def write_music(path: Path, table: pd.DataFrame) -> None:
    """Measure with artists apart, learn from all that may teach, write."""
    embeddings, is_music = np.stack(table.embedding), table.is_music.to_numpy()
    is_open, groups = table.is_open.to_numpy(), table.group.to_numpy()
    held_out = np.zeros(len(table))
    for seed in range(SEEDS):
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        for train, test in folds.split(embeddings, is_music, groups):
            train = train[is_open[train]]
            model = learnt(embeddings[train], is_music[train])
            held_out[test] += model.predict_proba(embeddings[test])[:, 1] / SEEDS
    threshold = min(0.5, float(np.quantile(held_out[is_music], 1 - KEPT)))
    real = (table.origin != "made").to_numpy()
    print(f"AUC {roc_auc_score(is_music[real], held_out[real]):.3f}, threshold {threshold:.2f}")
    for origin, some in table.groupby("origin", sort=False):
        passed = int((held_out[some.index] >= threshold).sum())
        kept_back = int((~some.is_open).sum())
        print(f"{origin}: {passed} of {len(some)} pass for music ({kept_back} teach nothing)")
    model = learnt(embeddings[is_open], is_music[is_open])
    scaler, regression = model[0], model[-1]
    weights = regression.coef_[0] / scaler.scale_
    intercept = regression.intercept_[0] - scaler.mean_ @ weights
    np.savez_compressed(path, weights=weights, intercept=intercept, threshold=threshold)
    print(f"{path.name}: {is_open.sum()} sounds, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
