"""A short form of ``benchmarks/durability.py``: nothing that was acknowledged is lost."""

import re

import pytest

from tests import machine


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_server_loses_nothing_that_was_acknowledged() -> None:
    done = machine.run(
        machine.ROOT / "benchmarks" / "durability.py", "--rounds", 3, cwd=machine.ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    found = re.search(r"^\| one \| 3 \| 0 \| (\d+) \|", done.stdout, re.MULTILINE)
    assert found, done.stdout
    assert int(found[1]) >= 3
