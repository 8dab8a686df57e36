"""Many jobs, one deadline."""

import threading
import time

from genregenie.spotify import deadlines
from genregenie.spotify.deadlines import run_until


def test_results_stand_in_the_order_of_the_jobs():
    jobs = [lambda i=i: i * i for i in range(20)]
    assert run_until(time.monotonic() + 30, jobs) == [i * i for i in range(20)]
    assert run_until(time.monotonic() + 30, []) == []


def test_a_hanging_job_is_left_behind():
    release = threading.Event()
    jobs = [lambda: 1, lambda: release.wait(60), lambda: 3]
    try:
        assert run_until(time.monotonic() + 0.5, jobs) == [1, None, 3]
        assert not release.is_set()
    finally:
        release.set()


def test_nothing_begins_after_the_deadline():
    begun = []
    assert run_until(time.monotonic() - 1, [lambda: begun.append(1)]) == [None]
    assert begun == []


def test_hanging_threads_are_limited_and_places_come_back():
    release = threading.Event()
    before = threading.active_count()
    for _ in range(deadlines.MAX_THREADS // deadlines.WIDTH + 5):
        run_until(time.monotonic() + 0.01, [lambda: release.wait(60)] * deadlines.WIDTH)
    assert threading.active_count() - before <= deadlines.MAX_THREADS
    assert run_until(time.monotonic() + 30, [lambda: 1]) == [None]  # at once
    release.set()
    deadline = time.monotonic() + 30
    while run_until(deadline, [lambda: 1]) == [None]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_few_at_a_time():
    running, most, lock = 0, 0, threading.Lock()

    def job():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1

    run_until(time.monotonic() + 30, [job] * 20)
    assert 1 <= most <= deadlines.WIDTH
