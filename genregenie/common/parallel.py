"""One function over many items, on cores; an item that kills its process costs itself alone.

Each worker is a process with a connection of its own, over which it says what it begins. When it
dies (a segfault, the kernel out of memory), the item it had begun is lost and no other: what waited
behind it goes to another process. `in_processes` has workers for one call, `Pool` keeps them for
many threads to share.
"""

import contextlib
import math
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, BinaryIO, Final, Generic, TypeVar

from genregenie.common.worker import LostError, Worker

T = TypeVar("T")
R = TypeVar("R")

_AHEAD: Final = 32
"""So many results a worker may be ahead of the one that is waited for."""

_TRIES: Final = 3
"""An item is lost too when so many processes have died before they could begin it."""

_CONTROL_GROUP = Path("/sys/fs/cgroup")
_QUOTAS: Final = (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"))
"""Where control groups of version 2 and 1 say how much processor time there is."""


def cores() -> int:
    """How many cores this process may use, by its affinity and its control group's quota."""
    has_affinity = hasattr(os, "sched_getaffinity")
    count = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    for names in _QUOTAS:  # the first that is there; no limit is "max" in one and -1 in the other
        with contextlib.suppress(OSError, ValueError):
            text = " ".join((_CONTROL_GROUP / name).read_text("ascii") for name in names)
            quota, period = map(int, text.split())
            if quota > 0:
                return min(count, math.ceil(quota / period))
    return count


# --- one call --------------------------------------------------------------------------------


def in_processes(
    function: Callable[[T], R], items: Iterable[T], jobs: int = -1
) -> Iterator[R | LostError]:
    """Apply `function` to each item, in worker processes.

    Parameters
    ----------
    function : callable
        Pickled by its name, so it stands in a module. What it raises is raised here and ends it.
    items : iterable
        Read as far as there is work to hand out. Items and results are pickled.
    jobs : int
        Processes; -1 takes one per core, -2 one less, and so on. None is started without an item.

    Yields
    ------
    result or LostError
        In the order of `items`, each as soon as it is known.

    Raises
    ------
    ValueError
        If `jobs` is 0.
    """
    return _Batch(function, items, _number(jobs)).results()


def in_threads(function: Callable[[T], R], items: Iterable[T], jobs: int = -1) -> Iterator[R]:
    """The same in threads of this process, which an item may then end.

    Raises
    ------
    ValueError
        If `jobs` is 0.
    """
    threads = _number(jobs)
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                while waiting and (waiting[0].done() or len(waiting) >= _AHEAD * threads):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for left in waiting:
                left.cancel()


def _number(jobs: int) -> int:
    if jobs == 0:
        raise ValueError("jobs is 0: it takes one at least, or -1 for one per core.")
    return jobs if jobs > 0 else max(cores() + 1 + jobs, 1)


@dataclass
class _Task(Generic[T]):
    number: int
    item: T
    tries: int = 0


class _Batch(Generic[T, R]):
    """What `in_processes` is at."""

    def __init__(self, function: Callable[[T], R], items: Iterable[T], jobs: int) -> None:
        self._function, self._jobs = function, jobs
        self._source = enumerate(items)
        self._coming: deque[_Task[T]] = deque()
        self._ready: dict[int, R | LostError] = {}
        self._next = 0
        self._at: dict[Worker, deque[_Task[T]]] = {}

    def results(self) -> Iterator[R | LostError]:
        try:
            while True:
                self._hand_out()
                known = self._next in self._ready
                if not known and not any(self._at.values()):
                    return
                self._collect(0.0 if known else None)
                if self._next in self._ready:
                    self._next += 1
                    yield self._ready.pop(self._next - 1)
        finally:
            for worker in self._at:
                worker.kill()

    def _hand_out(self) -> None:
        """An item for each worker; a second one to wait behind it while there are many."""
        while self._read_on(1) and (worker := self._worker(idle=True)):
            self._hand(worker)
        while self._read_on(self._jobs + 1) and (worker := self._worker(idle=False)):
            self._hand(worker)

    def _read_on(self, count: int) -> bool:
        """Whether so many items wait to be handed out."""
        most = self._next + _AHEAD * self._jobs
        while len(self._coming) < count:
            if self._coming and self._coming[-1].number >= most:
                return False
            try:
                self._coming.append(_Task(*next(self._source)))
            except StopIteration:
                return False
        return self._coming[0].number < most

    def _worker(self, *, idle: bool) -> Worker | None:
        for worker, tasks in self._at.items():
            if len(tasks) < (1 if idle else 2):
                return worker
        if idle and len(self._at) < self._jobs:
            try:
                worker = Worker(self._function)
            except OSError:  # no room for another process: those that run do it
                if not self._at:
                    raise
                self._jobs = len(self._at)
                return None
            self._at[worker] = deque()
            return worker
        return None

    def _hand(self, worker: "Worker") -> None:
        task = self._coming.popleft()
        self._at[worker].append(task)
        # If the worker is gone by now, `_collect` finds out.
        worker.ask(self._function, (task.item,))

    def _collect(self, timeout_s: float | None) -> None:
        busy = {worker.connection: worker for worker, tasks in self._at.items() if tasks}
        for connection in wait(list(busy), timeout_s):
            worker = busy[connection]  # type: ignore[index]
            try:
                kind, value = worker.hear()
            except LostError as lost:
                self._bury(worker, lost)
                continue
            if kind == "failed":
                raise value
            if kind == "done":
                self._ready[self._at[worker].popleft().number] = value

    def _bury(self, worker: "Worker", lost: LostError) -> None:
        tasks = self._at.pop(worker)
        worker.kill()
        first = tasks[0]
        first.tries += 1
        if worker.has_begun or first.tries == _TRIES:
            self._ready[tasks.popleft().number] = lost
        self._coming.extendleft(reversed(tasks))


# --- many calls ------------------------------------------------------------------------------


class Pool:
    """Processes that stay and are shared by threads.

    Parameters
    ----------
    size : int > 0
        Processes.
    prepare : callable, optional
        Called in each process before its first work, to load what all work needs.
    """

    def __init__(self, size: int, prepare: Callable[[], object] | None = None) -> None:
        self._prepare, self._closed = prepare, False
        self._lock = threading.Lock()
        self._all: set[Worker] = set()
        # The one used last comes first. None is a process that is still to be started.
        self._free: queue.LifoQueue[Worker | None] = queue.LifoQueue()
        for _ in range(size):
            self._free.put(self._started())

    def run(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        file: BinaryIO | None = None,
        limit_s: float = math.inf,
        every_s: float = 0.5,
    ) -> Generator[Any, None, Any]:
        """Run ``function(*arguments)`` in the next process that is free.

        Closing this generator ends the work and its process; another takes its place.

        Parameters
        ----------
        function : callable
            Pickled by its name. If it is a generator, what it yields comes out here.
        file : binary file, optional
            One more argument: open here, and open there without its name.
        limit_s : float
            Work that takes longer is ended.
        every_s : float
            So often at least something is yielded.

        Yields
        ------
        object
            What `function` yields, and None when there is nothing new.

        Returns
        -------
        object
            As the generator's value.

        Raises
        ------
        LostError
            If the work has ended its process, or the pool is closed.
        TimeoutError
            If it took longer than `limit_s`.
        Exception
            What `function` raises.
        """
        worker = yield from self._next_free(every_s)
        try:
            for _ in range(_TRIES):
                try:
                    worker = worker or self._started() or _no_process()
                    worker.ask(function, arguments, file=file)
                    return (yield from _watched(worker, limit_s, every_s))
                except LostError:
                    if worker is None or worker.has_begun:
                        raise
                    worker = self._replaced(worker)
            raise LostError
        finally:
            if worker is not None and worker.is_busy:
                worker = self._replaced(worker)
            self._free.put(worker)

    def close(self) -> None:
        """End all processes; work that is not done is lost."""
        with self._lock:
            self._closed = True
            for worker in self._all:
                worker.kill()
            self._all.clear()

    def _next_free(self, every_s: float) -> Generator[None, None, Worker | None]:
        while True:
            with contextlib.suppress(queue.Empty):
                return self._free.get(timeout=every_s)
            yield None

    def _started(self) -> Worker | None:
        with self._lock:
            if self._closed:
                return None
            try:
                worker = Worker(self._prepare, may_fork=False)
            except OSError:  # it will be tried again when it is needed
                return None
            self._all.add(worker)
        if self._prepare is not None:
            worker.ask(self._prepare, (), counts=False)
        return worker

    def _replaced(self, worker: "Worker") -> Worker | None:
        with self._lock:
            self._all.discard(worker)
        worker.kill()
        return self._started()


def _no_process() -> Worker:
    raise LostError


def _watched(worker: Worker, limit_s: float, every_s: float) -> Generator[Any, None, Any]:
    ends = time.monotonic() + limit_s
    while True:
        left_s = ends - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        if not worker.connection.poll(max(min(every_s, left_s), 0.0)):
            yield None
            continue
        kind, value = worker.hear()
        if kind == "told":
            yield value
        elif kind == "done":
            return value
        elif kind == "failed":
            raise value
