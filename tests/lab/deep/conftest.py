"""Small sets of clips that a small network learns in a second."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from genregenie.datasets.table import Table
from genregenie.lab.deep.clips import Clips
from genregenie.lab.deep.networks import Network, Schedule


def small_clips(clips: int = 72, artists: int = 24, steps: int = 8, seed: int = 0) -> Clips:
    """Three genres that two of the sequence's numbers tell apart, and twenty do not."""
    rng = np.random.default_rng(seed)
    by = np.arange(clips) % artists
    genre = by % 3
    sequence = rng.normal(size=(clips, steps, 22)).astype(np.float32)
    sequence[:, :, 0] += 1.2 * (genre == 1)[:, None]
    sequence[:, :, 1] += 1.2 * (genre == 2)[:, None]
    table = Table(
        track=np.array([f"clip {i}" for i in range(clips)]),
        genre=np.array(["dub", "jazz", "punk"])[genre],
        artist=np.array([f"artist {i}" for i in by]),
        title=np.array([f"song {i}" for i in range(clips)]),
        fold=np.where(by % 4 == 0, "valid", "train"),
        rows=np.arange(clips, dtype=float)[:, None],
    )
    return Clips("pictures", table, {"sequence": sequence})


def _small(k: Any, given: Any, genres: int) -> Any:
    x = k.layers.GlobalAveragePooling1D()(given["sequence"])
    x = k.layers.Dropout(0.2)(k.layers.Dense(16, activation="relu")(x))
    return k.layers.Dense(genres, activation="softmax")(x)


SMALL = Network("E", "small", "pictures", ("sequence",), _small, Schedule(12, 16, 2e-2, warm_up=3))
BRIEF = replace(SMALL, schedule=replace(SMALL.schedule, epochs=2))
"""The same where it is no matter what it learns."""


@pytest.fixture
def clips() -> Clips:
    return small_clips()
