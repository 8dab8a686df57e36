"""Servers in processes of their own that need not load the app: copies of one that has.

To load it takes a processor three seconds, many times over in a run of all tests. A copy is a
process like any other: a child of the one that asked for it, with an environment, a folder and an
output of its own, which runs the program from its first line to its last.
"""

import atexit
import contextlib
import ctypes
import os
import pickle
import random
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any

from tests import machine

_LENGTH = 8  # of what says how long a message is
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER


class Process:
    """What `subprocess.Popen` is, as far as tests of servers need it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = time.monotonic() + (timeout or 0.0)
        while (status := self.poll()) is None:
            if timeout is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("a copy", timeout)
            time.sleep(0.01)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


Started = Process | subprocess.Popen[bytes]


def start(
    *command: object, environment: Mapping[str, str], output: IO[Any], cwd: Path | None = None
) -> Started:
    """Run ``app.py`` or ``-m genregenie`` with these arguments in a copy.

    Parameters
    ----------
    command : str
    environment : mapping
        On top of this process' own.
    output : file
        Takes what it says and what it complains of.
    cwd : path, optional
    """
    if sys.platform != "linux":
        options = {"environment": environment, "stdout": output, "stderr": output, "cwd": cwd}
        return machine.start(*command, **options)
    order = ([*map(str, command)], {**os.environ, **environment}, str(cwd or Path.cwd()))
    line, libc = _original(), ctypes.CDLL(None, use_errno=True)
    libc.prctl(_SUBREAPER, 1, 0, 0, 0)
    try:
        _send(line, order, output.fileno())
        pid = int.from_bytes(_exactly(line, _LENGTH), "big")
    finally:
        libc.prctl(_SUBREAPER, 0, 0, 0, 0)
    assert pid, "the process that has loaded the app has threads, so it cannot be copied"
    return Process(pid)


@cache
def _original() -> socket.socket:
    """The line to the process that is copied, which ends with this one."""
    here, there = socket.socketpair()
    code = f"from {__name__} import serve; serve({there.fileno()})"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "JE_ARROW_MALLOC_CONF": "background_thread:false",  # whoever is copied has one thread
        "OPENBLAS_NUM_THREADS": "1",
    }
    with there, machine.interruptible():
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            pass_fds=[there.fileno()],
            cwd=machine.ROOT,
            env=environment,
        )
    atexit.register(process.wait)
    atexit.register(here.close)
    return here


def _send(line: socket.socket, order: object, fd: int) -> None:
    data = pickle.dumps(order)
    socket.send_fds(line, [len(data).to_bytes(_LENGTH, "big")], [fd])
    line.sendall(data)


def _exactly(line: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = line.recv(length - len(data))
        if not more:
            raise EOFError
        data += more
    return data


# --- in the process that is copied -----------------------------------------------------------


def serve(fd: int) -> None:
    """Load the app; then copy this process when asked, until nobody can ask any more."""
    from genregenie.web import toolkit

    toolkit.before_loading()
    import genregenie.cli.main
    import genregenie.web.server
    import genregenie.web.supervisor
    import genregenie.web.ui.page  # noqa: F401

    line = socket.socket(fileno=fd)
    with contextlib.suppress(EOFError):  # whoever asks may be killed in the middle of it
        while True:
            head, fds, *_ = socket.recv_fds(line, _LENGTH, 1)
            if not head:
                return
            (output,) = fds
            order = pickle.loads(_exactly(line, int.from_bytes(head, "big")))  # noqa: S301
            if _is_copied(line):
                line.close()
                _run(output, *order)
                return
            os.close(output)


def _is_copied(line: socket.socket) -> bool:
    """Whether this is the copy; its number has been told then."""
    if len([*Path("/proc/self/task").iterdir()]) > 1:
        line.sendall(bytes(_LENGTH))
        return False
    told, tell = os.pipe()
    between = os.fork()
    if between == 0:
        if os.fork():
            os._exit(0)  # whose child is taken in by who asked for it
        os.close(tell)
        os.read(told, 1)
        os.close(told)
        line.sendall(os.getpid().to_bytes(_LENGTH, "big"))
        return True
    os.close(told)
    os.waitpid(between, 0)
    os.close(tell)  # not before: until then it is nobody's child
    return False


def _run(output: int, command: list[str], environment: dict[str, str], folder: str) -> None:
    """Be what a Python is that is started with these."""
    for fd in (1, 2):
        os.dup2(output, fd)
    os.close(output)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False, buffering=1)  # noqa: SIM115
    random.seed()
    if command[0] == "-m":
        sys.argv = command[1:]
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = command
        runpy.run_path(command[0], run_name="__main__")
