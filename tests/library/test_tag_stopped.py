"""Runs that are interrupted or killed, and clusters that lose a worker midway."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from genregenie.library.journal import COPY_PREFIX
from genregenie.library.tags import read_genres, write_genres
from tests import machine
from tests.clusters import Cluster
from tests.library.conftest import EXAMPLES, snapshot

pytestmark = pytest.mark.slow
COPIES = 16


@pytest.fixture
def many(tmp_path) -> Path:
    """Many files that are all judged confidently, each with bytes of its own."""
    folder = tmp_path / "many"
    folder.mkdir()
    data = (EXAMPLES / "jazz.mp3").read_bytes()
    for i in range(COPIES):
        path = folder / f"{i:02}.mp3"
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


KILLER = """
import os, shutil, signal, sys
step = os.environ.get("KILLED_AT")
count = 0

def dies(when, real):
    def call(*arguments, **more):
        global count
        count += 1
        if count == 4 and when == "half":
            with open(arguments[1], "wb") as file:
                file.write(open(arguments[0], "rb").read()[:50_000])
            os.kill(os.getpid(), signal.SIGKILL)
        if count == 4 and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*arguments, **more)
        if count == 4 and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        if count == 4 and when == "waits":
            signal.pause()
        return result
    return call

if step and "genregenie" in " ".join(sys.orig_argv):
    from genregenie.library import journal, replace, tagging
    place, when = step.split()
    if place == "copy":
        shutil.copyfile = dies(when, shutil.copyfile)
    elif place == "tags":
        tagging.write_genres = dies(when, tagging.write_genres)
    elif place == "journal":
        journal.Journal.intend = dies(when, journal.Journal.intend)
    elif place == "rename":
        os.replace = dies(when, os.replace)
"""


@pytest.mark.parametrize(
    "step",
    [
        "copy half",
        "tags after",
        "journal after",
        "rename after",
    ],
)
def test_killed_at_any_step_a_file_is_old_or_new_and_all_can_be_undone(step, many, tmp_path, run):
    before = snapshot(many)
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(KILLER)
    path = os.pathsep.join([str(site), *filter(None, sys.path)])
    run("tag", many)  # so that the killed run only writes

    status, _, err = end(start("tag", many, "--write", PYTHONPATH=path, KILLED_AT=step))
    assert (status, err) == (-signal.SIGKILL, "")
    done = 4 if step == "rename after" else 3
    assert tagged(many) == [True] * done + [False] * (COPIES - done)

    assert "stopped half-way" in run("untag")[1]
    status, out, _ = run("tag", many, "--write")
    assert status == 0
    assert f"{COPIES - done} written" in out
    assert all(tagged(many))
    assert leftovers(many) == []
    assert run("untag", 1)[0] == 0
    assert snapshot(many) == before


def test_killed_at_any_moment(many, run):
    """The same without knowing where."""
    before = snapshot(many)
    run("tag", many)
    moments = random.Random(8)
    for _ in range(3):
        process = start("tag", many, "--write", "--jobs", "1")
        process.stdout.readline()
        time.sleep(moments.uniform(0.0, 0.3))
        process.kill()
        end(process)
        tagged(many)
    run("tag", many, "--write")
    assert all(tagged(many))
    assert leftovers(many) == []
    assert run("untag", 1)[0] == 0
    assert snapshot(many) == before


def test_an_untag_that_is_killed_goes_on(many, run, tmp_path):
    before = snapshot(many)
    run("tag", many, "--write")
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(KILLER)
    path = os.pathsep.join([str(site), *filter(None, sys.path)])
    status, *_ = end(start("untag", 1, PYTHONPATH=path, KILLED_AT="rename after"))
    assert status == -signal.SIGKILL
    assert sum(tagged(many)) == COPIES - 4
    assert run("untag", 1)[0] == 0
    assert snapshot(many) == before


def test_an_interrupt_stops_cleanly_and_the_same_command_goes_on(many, run, tmp_path):
    before = snapshot(many)
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(KILLER)
    path = os.pathsep.join([str(site), *filter(None, sys.path)])
    # It waits midway, or on a busy machine all would be done before the interrupt comes.
    process = start(
        *("tag", many, "--write", "--jobs", "2"), PYTHONPATH=path, KILLED_AT="rename waits"
    )
    for _ in range(3):
        process.stdout.readline()
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
