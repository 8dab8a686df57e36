"""What tests write in memory: only where there is plenty, and nothing of it stays."""

import sys
from pathlib import Path

import pytest

from tests import machine, scratch


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that passes for memory, with room."""
    monkeypatch.setattr(scratch, "ENOUGH", 0)
    folder = tmp_path / "memory"
    folder.mkdir()
    return folder


def test_where_there_is_too_little_or_none_nothing_is_begun(memory, monkeypatch):
    assert scratch.begin(memory / "gone") is None
    monkeypatch.setattr(scratch, "ENOUGH", 2**60)
    assert scratch.begin(memory) is None
    assert list(memory.iterdir()) == []


@pytest.mark.parametrize(
    ("limit", "used"),
    [
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ],
)
def test_a_containers_limit_counts(tmp_path, limit, used):
    (tmp_path / "memory").mkdir()
    (tmp_path / used).write_text("1000\n")
    (tmp_path / limit).write_text("max\n")
    assert scratch.free(tmp_path, tmp_path) > 4_000
    (tmp_path / limit).write_text("5000\n")
    assert scratch.free(tmp_path, tmp_path) == 4_000


def test_what_failed_tests_wrote_comes_to_the_disk_and_the_rest_goes(memory, tmp_path):
    run = scratch.begin(memory)
    assert run is not None
    (run.folder / "gg-home").mkdir()
    wrote = run.folder / "pytest-of-me/pytest-0/test_a0"
    wrote.mkdir(parents=True)
    (wrote / "file").write_text("content")
    (run.folder / "pytest-of-me/pytest-current").symlink_to(wrote.parent)
    assert run.end(tmp_path / "kept") == [tmp_path / "kept/pytest-0"]
    assert (tmp_path / "kept/pytest-0/test_a0/file").read_text() == "content"
    assert list(memory.iterdir()) == []


def test_where_nothing_failed_nothing_is_kept(memory, tmp_path):
    run = scratch.begin(memory)
    assert run is not None
    assert run.end(tmp_path / "kept") == []
    assert not (tmp_path / "kept").exists()


def test_what_a_killed_run_left_goes_and_what_a_living_one_has_stays(memory):
    living = scratch.begin(memory)
    assert living is not None
    code = "import sys, os, pathlib, signal; from tests import scratch; scratch.ENOUGH = 0\n"
    code += "scratch.begin(pathlib.Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    environment = {"PYTHONPATH": ":".join(sys.path)}
    assert machine.run("-c", code, memory, cwd=machine.ROOT, environment=environment).returncode < 0
    assert len(list(memory.iterdir())) == 2
    third = scratch.begin(memory)
    assert third is not None
    assert set(memory.iterdir()) == {living.folder, third.folder}
    for run in (living, third):
        run.end(memory / "kept")
