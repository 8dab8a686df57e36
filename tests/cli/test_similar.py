"""``genregenie index`` and ``genregenie similar`` on one's own files."""

import json
import shutil
from pathlib import Path

import pytest

from tests.tagging.conftest import EXAMPLES


@pytest.fixture
def indexed(tmp_path, run) -> Path:
    music = tmp_path / "music"
    (music / "deep/er").mkdir(parents=True)
    for name in ("jazz", "metal", "classical"):
        shutil.copy(EXAMPLES / f"{name}.mp3", music / "deep")
    shutil.copy(EXAMPLES / "jazz.mp3", music / "deep/er/same.mp3")
    assert run("index", music, "--jobs", "1")[0] == 0
    return music


@pytest.mark.slow
def test_neighbours_in_ones_own_library_without_the_file_itself(indexed, run):
    file = indexed / "deep/jazz.mp3"
    status, out, _ = run("similar", file)
    assert status == 0
    first, path, *_ = out.splitlines()
    assert first.startswith("100% alike")
    assert path.strip() == str(indexed / "deep/er/same.mp3")
    assert str(file) not in out
    assert len(out.splitlines()) == 6

    status, out, _ = run("similar", file, "--json", "--count", "2")
    rows = json.loads(out)
    assert rows[0]["path"] == str(indexed / "deep/er/same.mp3")
    assert len(rows) == 2
    assert rows[0].keys() == {"path", "artist", "title", "genre", "alike"}


@pytest.mark.slow
def test_a_file_from_elsewhere_needs_the_index_named(indexed, run, monkeypatch):
    status, _, err = run("similar", EXAMPLES / "jazz.mp3")
    assert status == 1
    assert "genregenie index FOLDER" in err
    index = indexed / "genregenie-index"
    assert run("similar", EXAMPLES / "jazz.mp3", "--index", index)[0] == 0
    monkeypatch.setenv("GENREGENIE_INDEX", str(index))
    assert run("similar", EXAMPLES / "jazz.mp3")[0] == 0


@pytest.mark.slow
def test_what_is_wrong_is_said(indexed, run):
    assert "There is no file with this name." in run("similar", indexed / "gone.mp3")[2]
    (indexed / "genregenie-index/vectors.npy").write_bytes(b"?")
    status, _, err = run("similar", indexed / "deep/jazz.mp3")
    assert status == 1
    assert "genregenie index" in err
