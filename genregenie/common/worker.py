"""A process that does what it is asked over a connection of its own.

A process that has one thread alone is forked, which costs milliseconds. Any other has a nursery
that is forked in its place, and starts a fresh Python where there can be none. Nothing imports
``__main__`` again. A worker reads its connection in a thread, and ends when the other side is gone,
however that ended.
"""

import contextlib
import os
import pickle
import queue
import signal
import socket
import subprocess
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar
from weakref import WeakSet

from genregenie.common import nursery
from genregenie.common.errors import GenreGenieError
from genregenie.common.steps import Steps

R = TypeVar("R")

_BEGIN: Final = f"{__name__}:_begin"
_FILE: Final = b"file"
"""Says that an open file comes next, and then the work that it belongs to."""
_HANDS_FILES_OVER: Final = hasattr(socket, "send_fds")


class LostError(GenreGenieError):
    """What work ends in that ended its process."""


def keep_to_one_thread() -> None:
    """Let NumPy, imported after this, start no threads, so that this process can be forked."""
    for name, value in nursery.ONE_THREAD.items():
        os.environ.setdefault(name, value)


_connections: WeakSet[Connection] = WeakSet()
"""This side's ends; a forked process would keep them open for its siblings."""


class Worker:
    """A process, and the connection to it.

    Parameters
    ----------
    work : object
        What it will be asked for, so that what this needs may be loaded beforehand.
    may_fork : bool
        Whether it may be a copy of this process, with all that this has in memory.

    Attributes
    ----------
    connection : Connection
    has_begun : bool
        Whether it has begun what it was asked first and has not answered yet.
    is_busy : bool
        Whether it owes an answer.
    """

    def __init__(self, work: object = None, *, may_fork: bool = True) -> None:
        here, there = socket.socketpair()
        self.connection = Connection(here.detach())
        self.has_begun = False
        self._owed: deque[bool] = deque()
        self._killing = threading.Lock()
        self._process: _Forked | nursery.Child | subprocess.Popen[bytes]
        try:
            with _interrupts_held():
                if may_fork and nursery.has_one_thread():
                    self._process = _Forked(there, self.connection)
                else:
                    self._process = nursery.child(_BEGIN, there, work) or nursery.fresh_python(
                        _BEGIN, there
                    )
        except BaseException:
            self.connection.close()
            raise
        finally:
            there.close()
        _connections.add(self.connection)

    @property
    def is_busy(self) -> bool:
        """Whether it owes an answer."""
        return any(self._owed)

    def ask(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        *,
        file: BinaryIO | None = None,
        counts: bool = True,
    ) -> None:
        """Send work; the answer to what does not count is kept from `hear`.

        An open file is one more argument: the process has it without its name, and closes it after.
        """
        self._owed.append(counts)
        with contextlib.suppress(OSError):  # `hear` says so
            if file is not None and not _HANDS_FILES_OVER:
                arguments = (*arguments, file.read())
            elif file is not None:
                self.connection.send_bytes(_FILE)
                with _socket_of(self.connection) as end:
                    socket.send_fds(end, [b"!"], [file.fileno()])
            self.connection.send((function, arguments))

    def hear(self) -> tuple[str, Any]:
        """The next message; waits for it.

        Returns
        -------
        kind : ``"begun"``, ``"told"``, ``"done"`` or ``"failed"``
        value : object

        Raises
        ------
        LostError
            If the process has died.
        """
        try:
            kind, value = self.connection.recv()
        except (EOFError, OSError) as error:
            raise LostError from error
        counts = self._owed[0]
        if kind in ("done", "failed"):
            self._owed.popleft()
        self.has_begun = counts and kind in ("begun", "told")
        return (kind, value) if counts else ("prepared", None)

    def kill(self) -> None:
        """End the process, whatever it is at. Safe to call twice, from any thread."""
        with self._killing:
            self._process.kill()
            self._process.wait()


class _Forked:
    """A copy of this process that works, as far as needed like `subprocess.Popen`."""

    def __init__(self, there: socket.socket, here: Connection) -> None:
        self._waited_for = False
        self._pid = os.fork()
        if self._pid == 0:
            try:
                for connection in (here, *_connections):
                    connection.close()
                _work(there)
            finally:
                os._exit(1)

    def kill(self) -> None:
        if not self._waited_for:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)

    def wait(self) -> None:
        if not self._waited_for:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._pid, 0)
            self._waited_for = True


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """A process started within meets no Ctrl-C, which a terminal sends to all, before it is ready.

    It is this process that ends the others then, in order, and none prints a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# --- in a worker -----------------------------------------------------------------------------


def _begin(*fd: str) -> None:
    _work(nursery.connected(*fd))


def _work(there: socket.socket) -> None:
    """Do what is asked over the connection, until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    _be_expendable()
    connection = Connection(there.detach())
    asked: queue.SimpleQueue[tuple[bytes, BinaryIO | None]] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, asked), daemon=True).start()
    with contextlib.suppress(ConnectionError):  # who asked was killed, and `_receive` ends this
        while True:
            work, file = asked.get()
            connection.send(("begun", None))
            with file or contextlib.nullcontext():
                answer = _answer(work, () if file is None else (file,), connection)
            connection.send_bytes(answer)


def _be_expendable() -> None:
    """Where memory runs out this process ends, not the one that asks; nor does it leave a core."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _receive(
    connection: Connection, asked: "queue.SimpleQueue[tuple[bytes, BinaryIO | None]]"
) -> None:
    try:
        while True:
            work, file = connection.recv_bytes(), None
            if work == _FILE:
                with _socket_of(connection) as end:
                    (number,) = socket.recv_fds(end, 1, 1)[1]
                file = os.fdopen(number, "rb")
                work = connection.recv_bytes()
            asked.put((work, file))
    finally:  # the other side is gone, perhaps in the middle of something
        os._exit(0)  # whatever it is at: nobody wants it any more


@contextlib.contextmanager
def _socket_of(connection: Connection) -> Iterator[socket.socket]:
    """The same end as a socket, for what a connection cannot carry."""
    end = socket.socket(fileno=connection.fileno())
    try:
        yield end
    finally:
        end.detach()


def _answer(work: bytes, files: tuple[BinaryIO, ...], connection: Connection) -> bytes:
    try:
        function, arguments = pickle.loads(work)  # noqa: S301 - from the process that started this
        value = function(*arguments, *files)
        if isinstance(value, Generator):
            value = _told(value, connection)
        return pickle.dumps(("done", value))
    except Exception as error:  # noqa: BLE001 - raised again where it was asked for
        return _failed(error)


def _told(steps: Generator[Any, None, R], connection: Connection) -> R:
    every = Steps(steps)
    for step in every:
        connection.send(("told", step))
    return every.result


def _failed(error: Exception) -> bytes:
    error.add_note("In a worker process:\n" + "".join(traceback.format_exception(error)))
    try:
        message = pickle.dumps(("failed", error))
        pickle.loads(message)  # noqa: S301 - not every error survives it
    except Exception:  # noqa: BLE001
        text = "".join(traceback.format_exception_only(error))
        return pickle.dumps(("failed", RuntimeError(text)))
    return message
