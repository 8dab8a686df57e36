"""Processes that serve are looked after; here they only say that they are alive."""

import contextlib
import errno
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from genregenie.web import supervisor
from genregenie.web.supervisor import Supervisor
from tests import machine

WORKER = """
import os, signal, socket, sys, time
line = socket.socket(fileno=int(sys.argv[1]))
folder, name = sys.argv[2:]
from genregenie.web.serving.lifeline import Lifeline
open(f"{folder}/{name}.{os.getpid()}", "w").close()
if os.path.exists(f"{folder}/broken"):
    sys.exit(3)
ended = []
signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
held = Lifeline(line)
while held.holds() and not ended:
    time.sleep(0.02)
os.rename(f"{folder}/{name}.{os.getpid()}", f"{folder}/{name}.{os.getpid()}.ended")
"""

MAIN = """
import subprocess, sys
from genregenie.web.supervisor import Supervisor
folder = sys.argv[1]
def start(name, line):
    return subprocess.Popen(
        [sys.executable, "-c", sys.argv[2], str(line), folder, name], pass_fds=[line]
    )
sys.exit(Supervisor(["1", "2"], start).run(lambda: open(f"{folder}/ready", "w").close()))
"""


def wait_for(condition, what: str):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(what)


class Family:
    """A supervisor in a process of its own, with two workers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = machine.start("-c", MAIN, folder, WORKER, cwd=machine.ROOT)

    def workers(self, name: str = "*") -> set[int]:
        """The numbers of the processes that have begun, and neither ended well nor were killed."""
        found = {int(path.suffix[1:]) for path in self.folder.glob(f"{name}.[0-9]*[0-9]")}
        return {number for number in found if is_running(number)}

    def ready(self) -> set[int]:
        wait_for((self.folder / "ready").exists, "ready")
        return wait_for(lambda: len(found := self.workers()) == 2 and found, "two")

    def ended(self) -> set[int]:
        return {int(path.name.split(".")[1]) for path in self.folder.glob("*.ended")}


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Family]:
    found = Family(tmp_path)
    yield found
    found.process.kill()
    found.process.wait()
    wait_for(lambda: not found.workers(), "nobody left")


@pytest.mark.slow
def test_one_that_is_killed_is_replaced(family: Family) -> None:
    before = family.ready()
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    after = wait_for(lambda: len(now := family.workers() - {victim}) == 2 and now, "another")
    assert before - {victim} < after
    assert family.process.poll() is None


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_all_end_well_when_it_is_told_to(family: Family, number: int) -> None:
    workers = family.ready()
    family.process.send_signal(number)
    assert family.process.wait(20) == 0
    assert family.ended() == workers


@pytest.mark.slow
def test_all_end_when_it_is_killed(family: Family) -> None:
    workers = family.ready()
    family.process.kill()
    wait_for(lambda: family.ended() == workers, "both ended by themselves")


@pytest.mark.slow
def test_all_are_replaced_one_by_one(family: Family) -> None:
    before = family.ready()
    family.process.send_signal(signal.SIGHUP)
    after = wait_for(lambda: len(now := family.workers() - before) == 2 and now, "two others")
    wait_for(lambda: family.ended() >= before, "those before have ended well")
    assert not after & before


@pytest.mark.slow
def test_who_does_not_start_is_not_tried_for_ever(tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    assert Family(tmp_path).process.wait(20) == 3


@pytest.mark.slow
def test_one_that_says_nothing_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor, "HANGS_AFTER_S", 0.5)
    monkeypatch.setattr(supervisor.Supervisor, "_signals", lambda _: contextlib.nullcontext())
    begun: list[subprocess.Popen[bytes]] = []

    def start(name: str, line: int) -> subprocess.Popen[bytes]:
        code = f"import os, time; os.write({line}, b'.'); time.sleep(60)"
        process = subprocess.Popen([sys.executable, "-c", code], pass_fds=[line])
        begun.append(process)
        return process

    watched = Supervisor(["1"], start)
    thread = threading.Thread(target=watched.run, args=[lambda: None])
    with caplog.at_level(logging.ERROR):
        thread.start()
        wait_for(lambda: begun and begun[0].poll() == -signal.SIGKILL, "killed")
        wait_for(lambda: "is replaced" in caplog.text, "said")
    watched._ending = True
    thread.join(20)
    assert "server 1 says nothing any more" in caplog.text
    for process in begun:
        process.wait()


@pytest.mark.slow
def test_where_one_cannot_be_started_the_others_stay(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor.Supervisor, "_signals", lambda _: contextlib.nullcontext())
    begun: dict[str, list[subprocess.Popen[bytes]]] = {"1": [], "2": []}
    full = threading.Event()

    def start(name: str, line: int) -> subprocess.Popen[bytes]:
        if full.is_set():
            full.clear()
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        code = f"import os, time; os.write({line}, b'.'); time.sleep(60)"
        process = subprocess.Popen([sys.executable, "-c", code], pass_fds=[line])
        begun[name].append(process)
        return process

    ready = threading.Event()
    watched = Supervisor(list(begun), start)
    thread = threading.Thread(target=watched.run, args=[ready.set])
    with caplog.at_level(logging.ERROR):
        thread.start()
        assert ready.wait(30)
        full.set()
        begun["1"][0].kill()
        wait_for(lambda: len(begun["1"]) == 2, "another")
    assert begun["2"][0].poll() is None
    watched._ending = True
    thread.join(20)
    assert "server 1 cannot be started" in caplog.text
    for process in [*begun["1"], *begun["2"]]:
        process.wait()


def test_what_one_that_was_killed_had_on_the_disk_is_removed(tmp_path: Path) -> None:
    code = """
import os, sys
from genregenie.web import supervisor
supervisor.Supervisor.run = lambda *_: eval(sys.argv[1])
supervisor.supervise(2, [], "", "127.0.0.1", 20)
"""

    def run(what: str) -> int:
        options = {"env": {**os.environ, "TMPDIR": str(tmp_path)}, "cwd": machine.ROOT}
        return subprocess.run([sys.executable, "-c", code, what], check=False, **options).returncode

    assert run("os.kill(os.getpid(), 9)") == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 1
    assert run("0") == 0
    assert list(tmp_path.iterdir()) == []
