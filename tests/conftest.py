"""What all tests share."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from genregenie.common import settings
from tests import machine

if TYPE_CHECKING:
    import numpy as np

HOME = machine.move_in()

# A test is marked by what it asks for; what merely takes long is marked where it stands.
MARKED_BY_FIXTURE = {
    "browser": {"chromium", "open_chromium"},
    "data": {"gtzan", "gtzan_table", "spotify_data"},
}


def pytest_unconfigure() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark, fixtures in MARKED_BY_FIXTURE.items():
            if fixtures & set(getattr(item, "fixturenames", ())):
                item.add_marker(mark)
        # SQLite answers the same questions at once; PostgreSQL is started, and asked slowly.
        if "postgresql" in item.name:
            item.add_marker("slow")


@pytest.fixture(scope="session")
def gtzan() -> Path:
    """The folder of real clips and statistics; tests that need it skip where it is absent."""
    folder = settings.training_data_dir() / "gtzan"
    if not folder.is_dir():
        pytest.skip("needs the GTZAN data: set GENREGENIE_SHARED to the folder that holds it")
    return folder


@pytest.fixture(scope="session")
def gtzan_table(gtzan: Path) -> "dict[str, np.ndarray]":
    """The columns of the published statistics."""
    import numpy as np  # not before the environment says with how many threads

    with np.load(gtzan / "mfcc_statistics.npz") as npz:
        return {name: npz[name] for name in npz.files}


@pytest.fixture(scope="session")
def spotify_data() -> Path:
    """The folder with what the stand-in for Spotify serves."""
    folder = settings.training_data_dir() / "spotify"
    if not folder.is_dir():
        pytest.skip("needs the Spotify tables: set GENREGENIE_SHARED to the folder that holds them")
    return folder
