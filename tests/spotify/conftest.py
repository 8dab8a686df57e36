"""A Spotify to talk to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from genregenie.common.services import SpotifyKeys
from genregenie.spotify.breaker import Breaker
from genregenie.spotify.client import Spotify
from tests.spotify import standin

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
