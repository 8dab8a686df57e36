"""What all tests share."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from genregenie.common import parallel, settings
from tests import machine, scratch

if TYPE_CHECKING:
    import numpy as np

# A worker's is that of who started it.
SCRATCH = None if "PYTEST_DEBUG_TEMPROOT" in os.environ else scratch.begin()
if SCRATCH:
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(SCRATCH.folder)
HOME = machine.move_in()

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

# A test is marked by what it asks for; what merely takes long is marked where it stands.
MARKED_BY_FIXTURE = {
    "browser": {"chromium", "open_chromium"},
    "data": {"gtzan", "gtzan_table", "spotify_data"},
}


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: some test always waits for something, a page or a clock."""
    return min(parallel.cores() + 1, 5)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Nothing of what is collected is garbage before the end.

    To look through it again and again takes a quarter of the collection, and processes that are
    forked from this one would get copies of all of it.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)  # a run leaves little and ends soon
        gc.enable()


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    if SCRATCH:
        kept = config.rootpath / ".pytest_cache" / "failed"
        shutil.rmtree(kept, ignore_errors=True)
        if SCRATCH.end(kept):
            print(f"What failed tests wrote is in {kept}.")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark, fixtures in MARKED_BY_FIXTURE.items():
            if fixtures & set(getattr(item, "fixturenames", ())):
                item.add_marker(mark)
        # SQLite answers the same questions at once; others are started, and asked slowly.
        if "postgresql" in item.name or "s3" in item.name:
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


@pytest.fixture
def keras(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Keras, for trainings of a few steps.

    They are over before a graph of them is drawn, which is what takes long; processes that are
    started draw it all the same.
    """
    module = pytest.importorskip("keras")
    as_it_stands = property(lambda model: True, lambda model, asked: None)
    monkeypatch.setattr(module.Model, "run_eagerly", as_it_stands)
    return module
