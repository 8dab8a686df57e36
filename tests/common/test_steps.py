"""Generators that are drained."""

from collections.abc import Generator

import pytest

from genregenie.common.steps import Steps, result_of


def counting(end: int) -> Generator[int, None, str]:
    for number in range(end):
        if number == 5:
            raise ValueError("five")
        yield number
    return f"counted to {end}"


@pytest.mark.parametrize("end", [0, 1, 3])
def test_steps_come_first_and_then_the_result(end: int) -> None:
    steps = Steps(counting(end))
    assert list(steps) == list(range(end))
    assert steps.result == result_of(counting(end)) == f"counted to {end}"


def test_what_fails_on_the_way_has_no_result() -> None:
    steps = Steps(counting(9))
    with pytest.raises(ValueError, match="five"):
        list(steps)
    assert not hasattr(steps, "result")
    with pytest.raises(ValueError, match="five"):
        result_of(counting(9))
