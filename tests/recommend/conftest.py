"""A Spotify to talk to, and things to recommend."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from genregenie.classifier import Prediction
from genregenie.features import VECTOR_WIDTH
from genregenie.genres import GENRES
from genregenie.model import Catalogue, Space
from genregenie.recommend.breaker import Breaker
from genregenie.recommend.spotify import Spotify
from genregenie.settings import SpotifyKeys
from tests.recommend import standin

KEYS = SpotifyKeys(standin.CLIENT_ID, standin.CLIENT_SECRET)


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server(spotify_data: Path) -> Iterator[standin.Spotify]:
    """A stand-in for Spotify, whose every answer fits Spotify's own description."""
    with standin.Spotify(spotify_data) as spotify:
        yield spotify
        assert spotify.invalid == []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def spotify(server: standin.Spotify, clock: Clock) -> Spotify:
    """A client of the stand-in, whose breaker goes by `clock`."""
    return Spotify(KEYS, "GB", server.address, server.address, Breaker(clock))


@pytest.fixture
def spotify_environment(server: standin.Spotify, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that points at the stand-in."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)


def make_catalogue(tracks: list[tuple[str, str, str]], vectors: np.ndarray) -> Catalogue:
    """A catalogue of (artist, title, genre) at given vectors."""
    artist, title, genre = (np.array(column) for column in zip(*tracks, strict=True))
    space = Space(np.zeros(13), np.eye(13), 1.0, 1.0, 0.0)
    return Catalogue(artist, title, genre, vectors, space)


def around(rng: np.random.Generator, centre: np.ndarray, spread: float) -> np.ndarray:
    return centre + spread * rng.normal(size=VECTOR_WIDTH)


def make_prediction(vector: np.ndarray | None = None, **confidences: float) -> Prediction:
    """A prediction of these confidences for a clip at `vector`."""
    rest = (1.0 - sum(confidences.values())) / (len(GENRES) - len(confidences))
    full = {genre: confidences.get(genre, rest) for genre in GENRES}
    best = max(full, key=lambda genre: full[genre])
    return Prediction(
        genre=best,
        verdict="confident",
        confidence=full[best],
        confidences=full,
        timeline=(),
        duration_s=30.0,
        analysed_s=30.0,
        neighbours=(),
        title=None,
        artist=None,
        vector=np.empty(0) if vector is None else vector,
    )
