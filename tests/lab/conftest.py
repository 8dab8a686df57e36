"""Small tables for the lab, and its committed results."""

import csv
from pathlib import Path

import numpy as np
import pytest

from genregenie.common import resources
from genregenie.lab.tables import FeatureTable
from genregenie.spotify_features.vectors import SPOTIFY_COLUMNS


def small_table(tracks: int = 60, segments: int = 3, artists: int = 20, seed: int = 0):
    """Segments of tracks by artists; the features know the track well and the genre a little."""
    rng = np.random.default_rng(seed)
    genres = np.array(["dub", "jazz", "punk"])
    of_artist = rng.permutation(np.arange(artists) % 3)
    by = np.arange(tracks) % artists
    genre = of_artist[by]
    centre = 0.6 * rng.normal(size=(3, 6))[genre] + 3 * rng.normal(size=(artists, 6))[by]
    rows = np.repeat(centre, segments, axis=0) + 0.2 * rng.normal(size=(tracks * segments, 6))
    repeat = np.repeat(np.arange(tracks), segments)
    fold = np.where(by % 3 == 0, "valid", "train")
    return FeatureTable(
        track=np.array([f"t{i:03d}" for i in repeat]),
        genre=genres[genre][repeat],
        artist=np.array([f"artist {i}" for i in by])[repeat],
        title=np.array([f"song {i}" for i in repeat]),
        fold=fold[repeat],
        rows=rows,
        columns=("tempo", "rms_mean", "chroma_stft_mean", "mfcc1_mean", "mfcc1_var", "other"),
    )


def spotify_like(rows: int = 600, seed: int = 0):
    """Three genres that tempo and danceability tell apart, with repeats of both kinds."""
    rng = np.random.default_rng(seed)
    genre = rng.choice(3, rows, p=[0.6, 0.3, 0.1])
    values = rng.random((rows, len(SPOTIFY_COLUMNS)))
    values[:, 0] = np.clip(0.3 + 0.2 * genre + 0.1 * rng.normal(size=rows), 0, 1)
    values[:, 2], values[:, 3] = rng.integers(0, 12, rows), rng.integers(0, 2, rows)
    values[:, 8] = 100 + 30 * genre + 10 * rng.normal(size=rows)
    values[:, 9] = rng.integers(120_000, 300_000, rows)
    values[-60:] = values[:60]  # the same tracks once more, in a genre drawn by lot
    blank = np.full(rows, "")
    return FeatureTable(
        track=np.array([f"row {i}" for i in range(rows)]),
        genre=np.array(["dnb", "Emo", "techno"])[genre],
        artist=blank,
        title=blank,
        fold=blank,
        rows=values,
        columns=SPOTIFY_COLUMNS,
    )


@pytest.fixture
def table() -> FeatureTable:
    return small_table()


@pytest.fixture
def spotify_table() -> FeatureTable:
    return spotify_like()


@pytest.fixture(scope="session")
def results():
    """The folder of committed results."""
    return resources.models() / "lab"


@pytest.fixture
def own_csv(tmp_path: Path) -> Path:
    """A table of one's own, as a file."""
    table = small_table(tracks=30, segments=2, artists=10)
    path = tmp_path / "own.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["filename", "label", *table.columns])
        for i, (track, genre, row) in enumerate(
            zip(table.track, table.genre, table.rows.tolist(), strict=True)
        ):
            writer.writerow([f"{genre}.{track}.{i % 2}.wav", genre, *row])
    return path
