"""Numbers and names for people; tables are in `test_csv`."""

import doctest
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregenie.common import arrays, formatting, genres
from genregenie.common.formatting import (
    format_duration,
    format_megabytes,
    format_pause,
    printable,
    reason,
    valid_text,
)

NAMES = st.text(st.characters(categories=None))  # with halves of pairs, as undecodable bytes are


@pytest.mark.parametrize("module", [arrays, formatting, genres], ids=lambda m: m.__name__)
def test_the_examples_hold(module) -> None:
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


def test_a_name_on_a_terminal_is_one_line_and_moves_no_cursor() -> None:
    assert printable("a\tb\x1b[31m\u202e夜") == "a\\tb\\x1b[31m\\u202e夜"
    assert Path(printable("x" * 255)).name == "x" * 255


@given(NAMES)
def test_any_name_can_be_shown_and_stored(name: str) -> None:
    assert printable(name).isprintable()
    assert printable(printable(name)) == printable(name)
    assert valid_text(name).encode().decode() == valid_text(name)
    if name.isprintable():
        assert printable(name) == valid_text(name) == name


@given(st.floats(0, 1e6))
def test_a_duration_reads_back_to_half_a_second(seconds: float) -> None:
    total = 0
    for part in format_duration(seconds).split(":"):
        total = 60 * total + int(part)
    assert abs(total - seconds) <= 0.5


UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}


@given(st.floats(0, 1e7))
def test_who_waits_as_long_as_told_does_not_come_too_early(seconds: float) -> None:
    number, unit = format_pause(seconds).replace("an ", "1 ").split()
    assert int(number) * UNITS[unit.removesuffix("s")] >= seconds
    assert (int(number) == 1) == (not unit.endswith("s"))


@pytest.mark.parametrize(
    ("size", "written"), [(20 * 2**20, "20 MB"), (5 * 2**19, "2.5 MB"), (0, "0 MB")]
)
def test_megabytes(size: int, written: str) -> None:
    assert format_megabytes(size) == written


def test_a_reason_is_in_the_systems_words(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=re.escape(str(tmp_path))) as failed:
        tmp_path.read_bytes()
    assert reason(failed.value) == "Is a directory"
    assert reason(OSError("no number at all")) == "no number at all"
    assert reason(ValueError("embedded null byte")) == "embedded null byte"
