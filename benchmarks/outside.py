"""How the shipped model does on music, and on other sounds, from outside its training clips.

    python benchmarks/outside.py

Every clip takes the whole way that a file takes, with the network and without it. The thresholds
of confidence were set on these very songs, so for *confident* they are set anew here for each
fold of artists from the others. What tells music from other sounds was learnt from those of an open
licence; ``make hearing`` prints its figures with artists apart. The table goes into
docs/evaluation.md.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold

from genregenie.common import settings
from genregenie.common.genres import ranked
from genregenie.inference.classifier import Classifier
from genregenie.model.model import Model
from genregenie.training.calibration import confident_threshold

FOLDS = 10


def main() -> None:
    folder = settings.training_data_dir() / "outside"
    labels = pd.read_csv(folder / "labels.csv", dtype=str, keep_default_na=False)
    is_music = (labels.kind == "music").to_numpy()
    rows = []
    for fast in (False, True):
        classifier = Classifier(Model.load(settings.model_dir()), fast=fast)
        told = [classifier.predict(folder / file) for file in labels.file]
        music = [p for p, is_song in zip(told, is_music, strict=True) if is_song]
        songs = labels[is_music].reset_index(drop=True)
        placed = (songs.genre_gtzan != "").to_numpy()
        best = [ranked(p.confidences) for p in music]
        right = np.array([b[0][0] == g for b, g in zip(best, songs.genre_gtzan, strict=True)])
        near = [g in dict(b[:3]) for b, g in zip(best, songs.genre_gtzan, strict=True)]
        sure = honestly_sure(music, songs, right)
        noises = [p for p, is_song in zip(told, is_music, strict=True) if not is_song]
        away = np.array([p.verdict == "not music" for p in noises])
        rows.append(
            {
                "hears": "timbre and rhythm (`--fast`)" if fast else "all",
                "accuracy, 42 songs with a place": f"{right[placed].mean():.2f}",
                "top-3": f"{np.mean(np.array(near)[placed]):.2f}",
                "of these confident, right": f"{sure[placed].sum()}, {right[placed & sure].sum()}",
                "26 others: confident": f"{sure[~placed].sum()}",
                "26 others: said to be none of the ten": str(
                    sum(bool(p.beyond) for p, known in zip(music, placed, strict=True) if not known)
                ),
                "the 42: said to be none of the ten": str(
                    sum(bool(p.beyond) for p, known in zip(music, placed, strict=True) if known)
                ),
                "songs called not music": f"{sum(p.verdict == 'not music' for p in music)} of 68",
                "43 sounds called not music": str(away.sum()),
                "sounds called a genre with confidence": str(
                    sum(p.verdict == "confident" for p in noises)
                ),
            }
        )
    for name in rows[0]:
        print(f"| {name} | " + " | ".join(row[name] for row in rows) + " |")


def honestly_sure(music, songs, right) -> np.ndarray:
    """Who is confident when the threshold was set on other artists' songs."""
    groups = songs.artist.where(songs.artist != "", songs.file)
    certain = np.array([p.confidence for p in music])
    may = np.array([p.genre is not None and not p.beyond and p.quality == "full" for p in music])
    sure = np.zeros(len(music), dtype=bool)
    for train, test in GroupKFold(FOLDS, shuffle=True, random_state=0).split(music, groups=groups):
        learn = train[may[train]]
        sure[test] = may[test] & (certain[test] >= threshold_of(certain[learn], right[learn]))
    return sure


def threshold_of(certain: np.ndarray, hits: np.ndarray) -> float:
    """`confident_threshold` for answers of which only the confidence is known."""
    confidences = np.zeros((1, len(certain), 2))
    confidences[0, :, 0] = certain
    return confident_threshold(confidences, 1 - hits.astype(int))


if __name__ == "__main__":
    main()
