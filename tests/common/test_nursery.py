"""What the processes that a nursery forks are like, and what becomes of them without it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from genregenie.common import nursery
from genregenie.common.parallel import Pool, in_processes
from tests.common import work

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only there are nurseries")


@pytest.fixture(autouse=True)
def threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process counts as one with threads, whether it has some or not."""
    monkeypatch.setattr(nursery, "has_one_thread", lambda: False)
    # What other tests had theirs load may have started threads there, and then it forks nobody.
    monkeypatch.setattr(nursery, "_current", None)


def surroundings() -> dict[str, object]:
    (found,) = in_processes(work.surroundings, ["GENREGENIE_MODEL"])
    return found


def test_they_have_the_environment_and_the_folder_of_the_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = surroundings()
    monkeypatch.setenv("GENREGENIE_MODEL", "another")
    monkeypatch.chdir(tmp_path)
    now = surroundings()
    assert (before["value"], now["value"]) == (None, "another")
    assert now["folder"] == str(tmp_path)
    assert now["parent"] == before["parent"] != os.getpid()
    assert now["threads"] == 2  # its own, and the one that hears


def test_they_write_where_this_process_writes_now(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(in_processes(work.say, ["there"])) == [None]
    assert capfd.readouterr() == ("there", "there")


def test_what_a_python_reads_when_it_starts_makes_another_nursery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = surroundings()
    (tmp_path / "sitecustomize.py").write_text("import os; os.environ['SEEN'] = 'yes'")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    assert surroundings()["parent"] != before["parent"]


def test_a_nursery_that_dies_is_followed_by_another() -> None:
    pool = Pool(1)
    try:
        first = result(pool, work.surroundings, "PATH")
        assert first["parent"] != os.getpid()
        os.kill(first["parent"], signal.SIGKILL)
        assert result(pool, work.surroundings, "PATH")["process"] == first["process"]
        second = surroundings()
        assert second["parent"] != first["parent"]
    finally:
        pool.close()
    with contextlib.suppress(FileNotFoundError):  # whoever has it now may leave it a zombie
        assert " Z " in Path(f"/proc/{first['process']}/stat").read_text()


def result(pool: Pool, function, *arguments):
    steps = pool.run(function, *arguments)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_one_that_nobody_needs_ends_by_itself() -> None:
    here, there = socket.socketpair()
    code = (
        "import sys; from genregenie.common import nursery; nursery._IDLE_S = 0.0; "
        "nursery.serve(sys.argv[1])"
    )
    with here, there:
        fd = there.fileno()
        subprocess.run([sys.executable, "-c", code, str(fd)], pass_fds=[fd], check=True)
