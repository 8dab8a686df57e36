"""A Python of one thread that has loaded what work needs, and is forked for each worker.

A process with threads cannot be forked itself: the copy would hold locks of threads that are not
there. It has a nursery instead, a fresh Python that costs it half a second once; each worker costs
milliseconds then, and all share the memory of what is loaded. Nobody has to end it: it goes with
the process it is for, and when nobody has needed it for a while.
"""

import contextlib
import gc
import os
import pickle
import pkgutil
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterable
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Final, Protocol

ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""A worker has a core to itself, and what is computed for one clip is too small to be shared."""

_IDLE_S: Final = 60.0
"""Without children and without being asked it ends after so long."""


def fresh_python(call: str, there: socket.socket) -> subprocess.Popen[bytes]:
    """Start a Python that has loaded nothing yet, not even what ``__main__`` is here.

    Parameters
    ----------
    call : str
        A function without its arguments, as ``package.module:function``. It is called with a
        number that `connected` makes a socket of.
    there : socket
        What that socket is.
    """
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; import pkgutil; "
        "pkgutil.resolve_name(sys.argv[1])(*sys.argv[2:])"
    )
    command = [sys.executable, "-c", code, call]
    environment = os.environ | ONE_THREAD
    if sys.platform != "win32":
        fd = there.fileno()
        return subprocess.Popen(  # noqa: S603
            [*command, str(fd)], stdin=subprocess.DEVNULL, pass_fds=[fd], env=environment
        )
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)  # noqa: S603
    assert process.stdin is not None  # noqa: S101
    with process.stdin as pipe:
        pipe.write(there.share(process.pid))
    return process


def connected(fd: str = "") -> socket.socket:
    """In a fresh Python, the socket that it was started with."""
    if sys.platform == "win32":
        return socket.fromshare(sys.stdin.buffer.read())
    return socket.socket(fileno=int(fd))


def has_one_thread() -> bool:
    """Whether this process may be forked; the kernel counts what Python does not know of too."""
    try:
        return sys.platform == "linux" and len([*Path("/proc/self/task").iterdir()]) == 1
    except OSError:
        return False


class Child:
    """A process that a nursery has forked, as far as needed like `subprocess.Popen`."""

    def __init__(self, nursery: "_Nursery", pid: int) -> None:
        self._nursery, self._pid = nursery, pid
        self._handle = os.pidfd_open(pid)  # a number may be another's once the nursery is gone
        self._waited_for = False

    def kill(self) -> None:
        """End it, whatever it is at."""
        if not self._waited_for:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def wait(self) -> None:
        """Wait for its end."""
        if not self._waited_for:
            wait([self._handle])
            self._nursery.bury(self._pid)
            os.close(self._handle)
            self._waited_for = True


_lock = threading.Lock()
_current: "tuple[object, _Nursery] | None" = None


def child(call: str, there: socket.socket, work: object = None) -> Child | None:
    """A process that runs a function, forked from the nursery of this process.

    It has the environment, the folder and the output that this process has now.

    Parameters
    ----------
    call : str
        As for `fresh_python`.
    there : socket
        As for `fresh_python`.
    work : object
        What is unpickled before, in the nursery, so that the modules it needs are loaded there.

    Returns
    -------
    Child or None
        None where there is no nursery to be had.
    """
    if sys.platform != "linux":
        return None
    try:
        loading = pickle.dumps(work)
    except Exception:  # noqa: BLE001 - who asks for this work is told so
        loading = pickle.dumps(None)
    with contextlib.ExitStack() as held, _lock, contextlib.suppress(OSError):
        folder = os.open(".", os.O_PATH | os.O_DIRECTORY)
        held.callback(os.close, folder)
        fds = [there.fileno(), folder, 1, 2]
        os.close(os.pidfd_open(os.getpid()))  # kernels before 5.3 cannot
        for _ in range(2):  # the first may just have ended, having nothing to do
            try:
                pid = (nursery := _nursery()).fork(call, loading, fds)
            except (OSError, EOFError):
                _leave()
            else:
                return Child(nursery, pid) if pid else None
    return None


def _nursery() -> "_Nursery":
    """One that a Python started now would be like."""
    global _current
    switches = {k: v for k, v in os.environ.items() if k.startswith(("PYTHON", *ONE_THREAD))}
    like = (os.getpid(), sys.executable, tuple(sys.path), switches)
    if _current is None or _current[0] != like:
        _current = like, _Nursery()
    return _current[1]


def _leave() -> None:
    global _current
    _current = None


class _Nursery:
    """What its process is known by. It ends when nobody holds this any more."""

    def __init__(self) -> None:
        self._socket, there = socket.socketpair()
        self._connection = Connection(os.dup(self._socket.fileno()))
        self._lock = threading.Lock()
        with there:
            process = fresh_python(f"{__name__}:serve", there)
        weakref.finalize(self, _end, os.getpid(), process, self._socket, self._connection)

    def fork(self, call: str, work: bytes, fds: list[int]) -> int:
        """The number of a new process, or 0 if the nursery cannot be forked."""
        with self._lock:
            self._connection.send(("fork", (call, work, dict(os.environ))))
            socket.send_fds(self._socket, [b"!"], fds)
            pid: int = self._connection.recv()
            return pid

    def bury(self, pid: int) -> None:
        """Let go of a child that has ended."""
        with self._lock, contextlib.suppress(OSError, EOFError):  # or it is gone itself
            self._connection.send(("bury", (pid,)))
            self._connection.recv()


def _end(
    owner: int, process: subprocess.Popen[bytes], control: socket.socket, connection: Connection
) -> None:
    connection.close()
    control.close()
    if os.getpid() == owner:  # and not a copy of it
        process.kill()
        process.wait()


class _Closable(Protocol):
    def close(self) -> None: ...


# --- in the nursery --------------------------------------------------------------------------


def serve(fd: str) -> None:
    """Fork and bury processes as asked, until the other side is gone or wants none for a while."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    control = connected(fd)
    connection = Connection(os.dup(control.fileno()))
    children: set[int] = set()
    loaded: set[tuple[str, bytes]] = set()
    with contextlib.suppress(EOFError, OSError):
        while children or connection.poll(_IDLE_S):
            kind, arguments = connection.recv()
            if kind == "bury":
                (pid,) = arguments
                os.waitpid(pid, 0)
                children.remove(pid)
                connection.send(None)
                continue
            call, work, environment = arguments
            fds = socket.recv_fds(control, 1, 4)[1]
            if (call, work) not in loaded:
                loaded.add((call, work))
                _load(call, work)
            pid = _forked(call, fds, environment, (control, connection))
            if pid:
                children.add(pid)
            for held in fds:
                os.close(held)
            connection.send(pid)
    os._exit(0)


def _load(call: str, work: bytes) -> None:
    with contextlib.suppress(Exception):  # whoever needs it, and cannot have it, says so
        pkgutil.resolve_name(call)
        pickle.loads(work)  # noqa: S301 - from the process that started this
    gc.collect()
    gc.freeze()  # what is collected later is copied for each child


def _forked(
    call: str, fds: list[int], environment: dict[str, str], ours: Iterable[_Closable]
) -> int:
    """The number of a child; 0 if it could not be made."""
    if not has_one_thread():
        return 0
    try:
        pid = os.fork()
    except OSError:
        return 0
    if pid:
        return pid
    try:
        for end in ours:
            end.close()
        there, folder, out, err = fds
        os.fchdir(folder)
        os.dup2(out, 1)
        os.dup2(err, 2)
        for held in (folder, out, err):
            os.close(held)
        os.environ.clear()
        os.environ.update(environment | ONE_THREAD)
        pkgutil.resolve_name(call)(str(there))
    finally:
        os._exit(1)
