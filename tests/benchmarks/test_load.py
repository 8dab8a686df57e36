"""A short form of ``benchmarks/load.py``: people come, and nobody is lost."""

import re

import pytest

from tests import machine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def load(*arguments: object) -> str:
    done = machine.run(
        machine.ROOT / "benchmarks" / "load.py", "--think-s", 0.1, *arguments, cwd=machine.ROOT
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_people_who_come_at_once_are_all_served() -> None:
    told = load("--people", 4, "--idle", 3)
    for step in ("log in", "open the page", "upload", "verdict", "the whole page"):
        assert re.search(rf"^\| {step} \| 4 \| 0 \| 0 \|", told, re.MULTILINE), told
    assert "idle pages ended: 0; tracebacks in the log: 0" in told


def test_people_go_on_when_a_process_is_killed() -> None:
    told = load("--people", 4, "--idle", 2, "--clips", 3, "--kill", "--on", "workers")
    assert re.search(r"^server [12] was killed, with \d of 4 people on it: ", told, re.MULTILINE)
    assert told.rstrip().endswith("lost: 0")
