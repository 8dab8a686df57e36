"""Runs that are interrupted or killed, and clusters that lose a worker midway."""

import contextlib
import fcntl
import itertools
import os
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from genregenie.cli.main import main
from genregenie.tagging import journal, tagger, tags
from genregenie.tagging.replace import COPY_PREFIX
from genregenie.tagging.tags import read_genres, read_tags, write_genres
from tests import machine
from tests.clusters import Cluster
from tests.tagging.conftest import EXAMPLES, snapshot

pytestmark = pytest.mark.slow
COPIES = 16


@pytest.fixture
def many(tmp_path) -> Path:
    """Many files that are all judged confidently, each with bytes of its own."""
    folder = tmp_path / "many"
    folder.mkdir()
    data = (EXAMPLES / "jazz.mp3").read_bytes()
    for i in range(COPIES):
        path = folder / f"{i:02}{'-' * 240}.mp3"  # so long that what is printed fills a small pipe
        path.write_bytes(data)
        write_genres(path, [f"Old {i}"])
    return folder


def start(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    return machine.start(
        *("-m", "genregenie", *arguments),
        environment=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    # Not communicate(): it would miss what readline() has read ahead.
    with process:
        out, err = process.stdout.read(), process.stderr.read()
    return process.returncode, out, err


def tagged(folder: Path) -> list[bool]:
    """Which files were tagged; each has its old tag or its new one, whole."""
    found = []
    for i, path in enumerate(sorted(folder.glob("*.mp3"))):
        assert read_genres(path) in ((f"Old {i}",), (f"Old {i}", "Jazz")), path
        found.append(len(read_genres(path)) == 2)
    assert len(found) == COPIES
    return found


def leftovers(folder: Path) -> list[Path]:
    return list(folder.glob(f"{COPY_PREFIX}*"))


# --- killed ----------------------------------------------------------------------------------

ASKED = {
    *("open", "os.rename", "os.remove", "os.utime", "os.chmod", "os.chown", "os.listdir"),
    *("tempfile.mkstemp", "sqlite3.connect", "mmap.__new__"),
}
"""What a process asks of the system, as Python's audit hooks call it."""


def killed_at(step: int, *arguments: object) -> bool:
    """Run a command in a process of its own that is killed at its so-manieth step.

    A step is whatever it asks of the system or of its journal once it may write, and each piece of
    a file that it writes. False if it came to its end before.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # later Pythons warn of forks
        process = os.fork()
    if process == 0:
        _die_at(step)
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
            os.dup2(nowhere.fileno(), 2)
            main([*map(str, arguments)])
            os._exit(0)
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def _die_at(step: int) -> None:
    steps: Iterator[int] = itertools.repeat(0)

    def count() -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def lock(self) -> None:
        nonlocal steps
        steps = itertools.count(1)
        real_lock(self)

    real_lock, journal.Journal.lock = journal.Journal.lock, lock

    def counted(function):
        def call(*arguments):
            count()
            return function(*arguments)

        return call

    def in_halves(function):
        def call(*arguments):
            for piece in function(*arguments):
                yield piece[: len(piece) // 2]
                count()
                yield piece[len(piece) // 2 :]

        return call

    sys.addaudithook(lambda event, _: count() if event in ASKED else None)
    journal.Journal._run = counted(journal.Journal._run)
    os.fsync = counted(os.fsync)
    tags.pieces = in_halves(tags.pieces)
    tagger.restored = in_halves(tagger.restored)


@pytest.fixture
def two(tmp_path) -> Path:
    folder = tmp_path / "two"
    folder.mkdir()
    for name in ("jazz", "metal"):
        shutil.copy(EXAMPLES / f"{name}.mp3", folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def take_back_all(run) -> None:
    """Every run, the last first."""
    listed = [line for line in run("untag")[1].splitlines() if line.startswith("run ")]
    for number in range(len(listed), 0, -1):
        assert run("untag", number)[0] == 0


def kept(folder: Path) -> Callable[[], None]:
    """What brings a folder back to how it is now."""
    copy = folder.with_name(f"{folder.name}-kept")
    shutil.copytree(folder, copy)

    def back() -> None:
        shutil.rmtree(folder)
        shutil.copytree(copy, folder)

    return back


def test_killed_at_any_step_a_file_is_old_or_new_and_all_can_be_undone(two, data_dir, run, hearing):
    hearing({"jazz": ["sad", "80s"], "metal": ["indie rock", "guitar"]})
    write = ("tag", two, "--tags", "style,era,mood,voice", "--write", "--keep-mtime", "--jobs", "1")
    run("tag", two)  # so that the killed runs only write
    again = kept(data_dir)
    before, old = snapshot(two), contents(two)
    run(*write)
    new = contents(two)
    assert [read_tags(two / f"{name}.mp3")["grouping"] for name in ("jazz", "metal")] == [
        ("80s",),
        ("guitar",),
    ]
    run("untag", 1)

    written = []
    for step in itertools.count(1):
        again()
        if not killed_at(step, *write):
            break
        found = contents(two)
        assert all(found[name] in (old[name], new[name]) for name in old), step
        written.append(sum(found[name] == new[name] for name in old))
        assert run(*write)[0] == 0
        assert contents(two) == new, step
        take_back_all(run)
        assert snapshot(two) == before, step
    assert set(written) == {0, 1, 2}


def test_an_untag_that_is_killed_at_any_step_goes_on(two, data_dir, run):
    before = snapshot(two)
    run("tag", two, "--write")
    again, tagged_again = kept(data_dir), kept(two)
    left = []
    for step in itertools.count(1):
        again()
        tagged_again()
        if not killed_at(step, "untag", 1):
            break
        left.append(sum(read_genres(path) != () for path in two.glob("*.mp3")))
        assert run("untag", 1)[0] == 0
        assert snapshot(two) == before, step
    assert set(left) == {0, 1, 2}


# --- interrupted -----------------------------------------------------------------------------


def test_an_interrupt_stops_cleanly_and_the_same_command_goes_on(many, run):
    before = snapshot(many)
    process = start("tag", many, "--write", "--jobs", "2")
    # Nobody reads on, so it has to wait with its last lines and cannot be done before it is told.
    pipe = process.stdout.fileno()
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
    lines = 0
    while lines < 4:
        lines += os.read(pipe, 1) == b"\n"
    os.killpg(process.pid, signal.SIGINT)  # as the terminal does it
    status, out, err = end(process)
    assert status == 130
    assert "The same command goes on from here." in err
    assert "Traceback" not in err
    assert "Warning" not in err
    assert "genregenie untag 1" in out
    assert leftovers(many) == []
    written = sum(tagged(many))
    assert 0 < written < COPIES
    status, out, _ = run("tag", many, "--write")
    assert f"{COPIES - written} written" in out
    assert "This is run 1." in out
    assert run("untag", 1)[1] == f"{COPIES} files are as they were before run 1.\n"
    assert snapshot(many) == before


# --- on a cluster ----------------------------------------------------------------------------


def test_a_cluster_tags_every_file_once_though_a_worker_dies(many, run, tmp_path):
    pytest.importorskip("distributed", reason="needs dask[distributed]")
    before = snapshot(many)
    cluster = Cluster(tmp_path)
    try:
        first, _ = cluster.worker(), cluster.worker()
        process = start("tag", many, "--write", "--dask", cluster.address)
        lines = [process.stdout.readline() for _ in range(6)]
        first.kill()
        status, out, err = end(process)
    finally:
        cluster.stop()
    assert status == 0, err
    assert "Traceback" not in err
    assert f"{COPIES} files: {COPIES} written." in out
    names = [line.split()[1] for line in [*lines, *out.splitlines()] if line.startswith("written")]
    assert names == [str(path) for path in sorted(many.glob("*.mp3"))]
    assert all(tagged(many))
    run("untag", 1)
    assert snapshot(many) == before


def test_a_cluster_that_is_not_there_is_a_sentence(many):
    status, _, err = end(start("tag", many, "--dask", "nonsense"))
    assert status == 1
    assert "'nonsense'" in err
    assert "Traceback" not in err
