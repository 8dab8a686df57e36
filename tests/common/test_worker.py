"""A worker whose other side goes away ends, wherever that happens."""

import os
import sys
from collections.abc import Callable
from multiprocessing.connection import wait

import pytest

from genregenie.common.worker import _FILE, Worker


def nothing(worker: Worker) -> None:
    pass


def half_a_file(worker: Worker) -> None:
    """Says that an open file comes, and is killed before it does."""
    worker.connection.send_bytes(_FILE)


def half_a_message(worker: Worker) -> None:
    os.write(worker.connection.fileno(), (1000).to_bytes(4, "big") + b"the beginning")


@pytest.mark.skipif(sys.platform != "linux", reason="waits as only Linux can")
@pytest.mark.parametrize("last", [nothing, half_a_file, half_a_message])
@pytest.mark.parametrize("may_fork", [True, False])
def test_it_ends_with_its_other_side(
    last: Callable[[Worker], None], may_fork: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    worker = Worker(may_fork=may_fork)
    worker.ask(len, ([],))
    assert worker.hear() == ("begun", None)
    assert worker.hear() == ("done", 0)
    last(worker)
    ended = os.pidfd_open(worker._process._pid)
    worker.connection.close()
    assert wait([ended], 30)
    os.close(ended)
    worker._process.wait()
    assert capfd.readouterr() == ("", "")
