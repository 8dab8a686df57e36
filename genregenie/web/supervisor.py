"""Several processes serve on the same sockets; one that ends, or hangs, is replaced.

Each is a whole server, with a name, a socket for the others, and a line to this process. What they
share is in the database.
"""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from genregenie.common import settings
from genregenie.common.formatting import reason
from genregenie.common.replicas import SOCKETS, replica
from genregenie.web import upload_folders

HANGS_AFTER_S: Final = 30.0
"""So long a process may be silent that has been ready."""
STARTS_WITHIN_S: Final = 180.0
STOPS_WITHIN_S: Final = 15.0
_SETTLED_S: Final = 10.0
"""Who dies sooner is not replaced at once."""
_MAX_PAUSE_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.1

log = logging.getLogger("genregenie.web")


@dataclass(eq=False)
class _Worker:
    """A process that serves, and this end of its line."""

    name: str
    process: subprocess.Popen[bytes]
    line: socket.socket
    begun_s: float
    heard_s: float
    ready: bool = False

    def listen(self) -> None:
        """Take note of its signs of life."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while self.line.recv(4096):
                self.ready, self.heard_s = True, time.monotonic()

    @property
    def hangs(self) -> bool:
        silent_s = time.monotonic() - self.heard_s
        return silent_s > (HANGS_AFTER_S if self.ready else STARTS_WITHIN_S)


class Supervisor:
    """Starts processes and looks after them.

    Parameters
    ----------
    names : sequence of str
        One for each.
    start : callable
        Starts the process of a name, with the descriptor of its end of the line.
    """

    def __init__(
        self, names: Sequence[str], start: Callable[[str, int], subprocess.Popen[bytes]]
    ) -> None:
        self._start = start
        self._workers: dict[str, _Worker | None] = dict.fromkeys(names)
        self._early: dict[str, int] = dict.fromkeys(names, 0)
        self._due_s: dict[str, float] = dict.fromkeys(names, 0.0)
        self._to_renew: deque[str] = deque()
        self._new: _Worker | None = None
        self._leaving: list[_Worker] = []
        self._any_ready = False
        self._ending = self._renewing = False

    def run(self, ready: Callable[[], None]) -> int:
        """Stay until told to end, by SIGTERM or SIGINT; SIGHUP replaces all, one by one.

        Returns
        -------
        int
            The status to end with: that of a process which ended before any was ready.
        """
        with self._signals():
            try:
                return self._look_after(ready)
            finally:
                everybody = (*self._workers.values(), self._new, *self._leaving)
                self._end([worker for worker in everybody if worker])

    def _look_after(self, ready: Callable[[], None]) -> int:
        while not self._ending:
            for name, worker in self._workers.items():
                if worker is None:
                    if time.monotonic() >= self._due_s[name]:
                        self._workers[name] = self._begin(name)
                        if self._workers[name] is None:
                            self._put_off(name)
                    continue
                worker.listen()
                if worker.ready and not self._any_ready:
                    self._any_ready = True
                    ready()
                if worker.hangs:
                    log.error("server %s says nothing any more and is ended", name)
                    worker.process.kill()
                status = worker.process.poll()
                if status is not None:
                    if not self._any_ready and status > 0:
                        return status  # it has said why
                    self._note_end(worker, status)
            if self._renewing:
                self._renewing = False
                self._to_renew.extend(name for name in self._workers if name not in self._to_renew)
            self._renew()
            self._see_off()
            time.sleep(_LOOK_EVERY_S)
        return 0

    def _begin(self, name: str) -> _Worker | None:
        """Start one; None where the machine has no room for it, which may pass."""
        try:
            ours, theirs = socket.socketpair()
            with theirs:
                try:
                    process = self._start(name, theirs.fileno())
                except OSError:
                    ours.close()
                    raise
        except OSError as error:
            if not self._any_ready:
                raise
            log.error("server %s cannot be started: %s", name, reason(error))
            return None
        ours.setblocking(False)
        now = time.monotonic()
        return _Worker(name, process, ours, now, now)

    def _note_end(self, worker: _Worker, status: int) -> None:
        worker.line.close()
        self._workers[worker.name] = None
        if time.monotonic() - worker.begun_s < _SETTLED_S:
            self._put_off(worker.name)
        else:
            self._early[worker.name], self._due_s[worker.name] = 0, 0.0
        how = f"signal {-status}" if status < 0 else f"status {status}"
        log.error("server %s has ended (%s) and is replaced", worker.name, how)

    def _put_off(self, name: str) -> None:
        """Wait before the next try, longer each time."""
        self._early[name] += 1
        self._due_s[name] = time.monotonic() + min(2.0 ** self._early[name], _MAX_PAUSE_S)

    def _renew(self) -> None:
        """Go on with replacing each by one that is ready before it has to go."""
        if self._new is None:
            if self._to_renew:
                self._new = self._begin(self._to_renew.popleft())
            return
        new = self._new
        new.listen()
        if new.ready:
            old, self._workers[new.name] = self._workers[new.name], new
            self._new = None
            if old is not None:
                old.process.terminate()
                old.heard_s = time.monotonic()
                self._leaving.append(old)
        elif new.hangs or new.process.poll() is not None:
            log.error("server %s stays: the one to replace it did not start", new.name)
            self._new = None
            self._to_renew.clear()
            self._end([new])

    def _see_off(self) -> None:
        """Let go of those that were told to leave and have, and hurry those that have not."""
        for one in [*self._leaving]:
            if one.process.poll() is not None:
                one.line.close()
                self._leaving.remove(one)
            elif time.monotonic() - one.heard_s > STOPS_WITHIN_S:
                one.process.kill()

    def _end(self, workers: Sequence[_Worker]) -> None:
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                worker.process.terminate()
        deadline = time.monotonic() + STOPS_WITHIN_S
        for worker in workers:
            try:
                worker.process.wait(max(deadline - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
            worker.line.close()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def end(*_: object) -> None:
            self._ending = True

        def renew(*_: object) -> None:
            self._renewing = True

        wanted = {signal.SIGTERM: end, signal.SIGINT: end, signal.SIGHUP: renew}
        before = {number: signal.signal(number, then) for number, then in wanted.items()}
        try:
            yield
        finally:
            for number, then in before.items():
                signal.signal(number, then)


def supervise(
    number: int, sockets: Sequence[socket.socket], ready: str, host: str, log_level: int
) -> None:
    """Have so many processes serve on sockets that listen, until stopped.

    Parameters
    ----------
    number : int
    sockets : sequence of socket
    ready : str
        Said when the first of them is ready.
    host : str
        What is listened on.
    log_level : int

    Raises
    ------
    SettingsError
        Where processes cannot have sockets of others.
    SystemExit
        With the status of the first that could not start.
    """
    if os.name != "posix":
        raise settings.SettingsError("Several processes can serve on Linux and macOS only.")
    me = replica()
    names = [f"{me.name}-{n}" if me else str(n) for n in range(1, number + 1)]
    folder = upload_folders.of_workers()
    descriptors = [listening.fileno() for listening in sockets]
    # Whatever it was that this process was found by, they find it, too.
    package = str(Path(__file__).parents[2])
    paths = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    arguments = [",".join(map(str, descriptors)), host, str(log_level)]

    def start(name: str, line: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - all of it is ours
            [sys.executable, "-m", "genregenie.web.worker", str(line), *arguments],
            pass_fds=[*descriptors, line],
            env={
                **os.environ,
                "PYTHONPATH": paths,
                "GENREGENIE_SERVER_NAME": name,
                SOCKETS: str(folder),
            },
            # What ends this process by the keyboard reaches them from here.
            start_new_session=True,
        )

    status = Supervisor(names, start).run(lambda: log.info("%s", ready))
    if status:
        raise SystemExit(status)
