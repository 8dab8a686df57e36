"""Processes for one call and for many: who dies in them, and who does not."""

import itertools
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from genregenie.common import nursery, parallel, worker
from genregenie.common.parallel import Pool, cores, in_processes, in_threads
from genregenie.common.worker import LostError
from tests.common import rule, work


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def never_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process with threads."""
    monkeypatch.setattr(nursery, "has_one_thread", lambda: False)


@pytest.fixture
def always_fresh(never_forked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where there is no nursery either."""
    monkeypatch.setattr(nursery, "child", lambda *_: None)


@pytest.mark.slow
def test_who_dies_is_lost_and_nobody_else_in_fresh_processes(always_fresh: None) -> None:
    rule.holds(examples=6)


@pytest.mark.slow
def test_who_dies_is_lost_and_nobody_else_in_a_nurserys_processes(never_forked: None) -> None:
    rule.holds(examples=60)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only there is anything forked")
def test_who_dies_is_lost_and_nobody_else_in_forked_processes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.common.rule", "60"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert (done.stdout, done.stderr) == ("forked\n", "")


@pytest.mark.parametrize("deadly", [0, 9, 19])
def test_the_first_the_last_and_one_between(deadly: int) -> None:
    items = [("kill" if n == deadly else "live", n) for n in range(20)]
    results = list(in_processes(work.answer, items, 2))
    assert [n for n, result in enumerate(results) if isinstance(result, LostError)] == [deadly]


def test_what_has_no_end_is_not_read_to_its_end() -> None:
    read: list[int] = []

    def numbers():
        for number in itertools.count():
            read.append(number)
            yield "live", number

    results = in_processes(work.answer, numbers(), 2)
    assert [next(results) for _ in range(5)] == [0, 2, 4, 6, 8]
    results.close()
    assert len(read) < 100


def test_threads_answer_in_order_and_are_not_ahead_of_what_is_wanted() -> None:
    began = []

    def run(number: int) -> int:
        began.append(number)
        return -number

    results = in_threads(run, itertools.count(), jobs=2)
    assert list(itertools.islice(results, 100)) == [-number for number in range(100)]
    results.close()
    assert len(began) <= 100 + 2 * parallel._AHEAD
    assert list(in_threads(run, [])) == []
    with pytest.raises(ValueError, match="jobs is 0"):
        list(in_threads(run, [1], jobs=0))


def test_an_error_in_a_thread_comes_out_where_it_is_asked_for() -> None:
    results = in_threads(int, ["1", "two", "3"], jobs=2)
    assert next(results) == 1
    with pytest.raises(ValueError, match="two"):
        next(results)


def test_closing_it_leaves_no_process() -> None:
    results = in_processes(work.process_id, range(100), 3)
    found = {next(results) for _ in range(20)}
    assert os.getpid() not in found
    results.close()
    assert not any(map(lives, found))


def test_nothing_to_do_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genregenie.common.parallel.Worker", None)
    assert list(in_processes(work.answer, [])) == []
    with pytest.raises(ValueError, match="jobs is 0"):
        in_processes(work.answer, [], 0)


def test_errors_come_out_with_the_place_they_come_from() -> None:
    with pytest.raises(LookupError, match="no bread") as raised:
        list(in_processes(work.refuse, ["bread"]))
    assert "work.py" in raised.value.__notes__[0]
    with pytest.raises(RuntimeError, match="Unfit: unfit"):
        list(in_processes(work.refuse_unfit, [1]))
    with pytest.raises(Exception, match="pickle"):
        list(in_processes(work.give_a_function, [1]))


def test_processes_that_cannot_start_lose_their_items_and_end(
    never_forked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    results = list(in_processes(work.answer, [("live", 1), ("live", 2)]))
    assert [type(result) for result in results] == [LostError, LostError]
    pool = Pool(1)
    with pytest.raises(LostError):
        list(pool.run(work.process_id))
    pool.close()


def test_no_room_for_a_second_process(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []

    class Worker(worker.Worker):
        def __init__(self, work: object) -> None:
            if started:
                raise BlockingIOError("Resource temporarily unavailable")
            started.append(1)
            super().__init__(work)

    monkeypatch.setattr("genregenie.common.parallel.Worker", Worker)
    items = [("live", n) for n in range(5)]
    assert list(in_processes(work.answer, items, 4)) == [0, 2, 4, 6, 8]


@pytest.mark.parametrize("kind", ["forked", "nursed", "fresh"])
def test_workers_end_with_a_parent_that_is_killed(kind: str) -> None:
    """They share its standard output, which ends when the last of them has ended."""
    second_thread = "threading.Thread(target=threading.Event().wait, daemon=True).start()"
    code = (
        "import threading\n"
        f"{'' if kind == 'forked' else second_thread}\n"
        "from genregenie.common import nursery\n"
        f"{'nursery.child = lambda *_: None' if kind == 'fresh' else ''}\n"
        "from genregenie.common.parallel import in_processes\n"
        "from tests.common import work\n"
        "list(in_processes(work.spin_aloud, range(9), 2))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ) as running:
        assert running.stdout is not None
        said = [running.stdout.readline() for _ in range(2)]
        running.kill()  # before anything can go wrong: else it would be waited for
        assert said == ["spins\n"] * 2
        out, err = running.communicate(timeout=60)
    assert (out, err) == ("", "")


@pytest.mark.parametrize(
    ("files", "most"),
    [
        ({}, 16),
        ({"cpu.max": "max 100000"}, 16),
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "20000 100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 16),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
    ],
)
def test_a_container_has_the_cores_of_its_quota(
    files: dict[str, str], most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "_CONTROL_GROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(16)), raising=False)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert cores() == most


# --- a pool ----------------------------------------------------------------------------------


@pytest.fixture
def pool():
    made = Pool(2, work.prepare)
    yield made
    made.close()


def result(steps):
    told = []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return [step for step in told if step is not None], end.value


def test_a_pool_tells_how_far_it_is_and_keeps_its_processes(pool: Pool) -> None:
    told, process = result(pool.run(work.count, 3))
    assert told == [0, 1, 2]
    assert result(pool.run(work.process_id)) == ([], process)
    assert result(pool.run(work.times_prepared)) == ([], 1)
    with pytest.raises(LookupError):
        result(pool.run(work.refuse, 1))
    assert result(pool.run(work.process_id)) == ([], process)


def test_who_dies_in_a_pool_is_lost_and_the_next_is_served(pool: Pool) -> None:
    for _ in range(5):
        with pytest.raises(LostError):
            result(pool.run(work.answer, ("kill", 0)))
        assert result(pool.run(work.answer, ("live", 4))) == ([], 8)
    assert result(pool.run(work.times_prepared)) == ([], 1)


def test_who_dies_while_another_works_does_not_disturb_it(pool: Pool) -> None:
    other = pool.run(work.count_for_ever)
    process = next(step for step in other if step is not None)
    with pytest.raises(LostError):
        result(pool.run(work.answer, ("kill", 0)))
    assert next(other) is None
    assert lives(process)
    other.close()


def test_a_process_that_died_idle_is_nobodys_fault(pool: Pool) -> None:
    process = result(pool.run(work.process_id))[1]
    os.kill(process, signal.SIGKILL)
    assert result(pool.run(work.process_id))[1] != process


def test_work_without_an_end_is_ended(pool: Pool) -> None:
    with pytest.raises(TimeoutError):
        result(pool.run(work.spin, limit_s=0.1))
    assert result(pool.run(work.answer, ("live", 1))) == ([], 2)


def test_who_wants_no_more_ends_the_work(pool: Pool) -> None:
    steps = pool.run(work.count_for_ever)
    process = next(step for step in steps if step is not None)
    steps.close()
    assert not lives(process)
    assert result(pool.run(work.answer, ("live", 1))) == ([], 2)


def test_who_waits_for_a_process_is_told_so_and_served_in_the_end(pool: Pool) -> None:
    busy = [pool.run(work.count_for_ever) for _ in range(2)]
    for steps in busy:
        assert next(step for step in steps if step is not None)
    waiting = pool.run(work.answer, ("live", 3), every_s=0.01)
    assert next(waiting) is None
    busy[0].close()
    assert result(waiting) == ([], 6)
    busy[1].close()


def test_closing_a_pool_ends_what_others_wait_for(pool: Pool) -> None:
    steps = pool.run(work.count_for_ever)
    process = next(step for step in steps if step is not None)
    lost = threading.Event()

    def wait() -> None:
        with pytest.raises(LostError):
            result(steps)
        lost.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    pool.close()
    waiting.join()
    assert lost.is_set()
    assert not lives(process)
    with pytest.raises(LostError):
        result(pool.run(work.process_id))
