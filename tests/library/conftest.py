"""Commands over folders of music, with a data folder of their own."""

from pathlib import Path

import pytest

from tests.cli.conftest import here  # noqa: F401


@pytest.fixture(autouse=True)
def data_dir(tmp_path_factory, monkeypatch) -> Path:
    folder = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(folder))
    monkeypatch.setenv("GENREGENIE_HEARING", "timbre")  # what is heard is not the matter here
    return folder
