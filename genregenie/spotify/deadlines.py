"""Several requests at once, with one deadline for all of them."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

T = TypeVar("T")

WIDTH: Final = 4
MAX_THREADS: Final = 64

_free_threads = threading.BoundedSemaphore(MAX_THREADS)


class _Batch(Generic[T]):
    """The state that a caller and its threads share."""

    def __init__(self, jobs: Sequence[Callable[[], T]], deadline: float) -> None:
        self.jobs = jobs
        self.deadline = deadline
        self.results: list[T | None] = [None] * len(jobs)
        self.next = 0
        self.left = len(jobs)
        self.changed = threading.Condition()

    def work(self) -> None:
        try:
            while (number := self._take()) is not None:
                result = self.jobs[number]()
                with self.changed:
                    self.results[number] = result
                    self.left -= 1
                    self.changed.notify_all()
        finally:
            _free_threads.release()

    def _take(self) -> int | None:
        with self.changed:
            if self.next >= len(self.jobs) or time.monotonic() >= self.deadline:
                return None
            self.next += 1
            return self.next - 1

    def wait(self) -> list[T | None]:
        with self.changed:
            self.changed.wait_for(
                lambda: self.left == 0, timeout=max(self.deadline - time.monotonic(), 0.0)
            )
            return list(self.results)


def run_until(deadline: float, jobs: Sequence[Callable[[], T]]) -> list[T | None]:
    """Run jobs side by side, at most `WIDTH` at a time; never return after the deadline.

    Parameters
    ----------
    deadline : float
        On the clock of `time.monotonic`.
    jobs : sequence of callables
        None may raise.

    Returns
    -------
    list
        What each job returned, or None where it was not done in time. A job that hangs is left
        behind on a daemon thread, which does not keep the process alive; while more than
        `MAX_THREADS` hang, nothing new is begun.
    """
    batch = _Batch(jobs, deadline)
    threads = sum(_free_threads.acquire(blocking=False) for _ in range(min(WIDTH, len(jobs))))
    for _ in range(threads):
        threading.Thread(target=batch.work, name="spotify", daemon=True).start()
    return batch.wait() if threads else [None] * len(jobs)
