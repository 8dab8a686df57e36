"""Tests move the clocks of what they test, and not the one that everything lives by."""

import re

from tests.machine import TESTS

_MOVED = re.compile(r'setattr\(\s*(?:"time\.|(?:\w+\.)*time, ")(monotonic|time|perf_counter)"')


def test_no_test_moves_the_clock_of_the_process() -> None:
    """Event loops of servers in other threads would set their timers by it, and wait for hours."""
    moved = [path.name for path in TESTS.rglob("*.py") if _MOVED.search(path.read_text("utf-8"))]
    assert moved == []
