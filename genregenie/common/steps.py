"""Generators that do a thing step by step, and return what came of it."""

from collections.abc import Generator, Iterator
from typing import Generic, TypeVar

Step = TypeVar("Step")
Result = TypeVar("Result")


class Steps(Generic[Step, Result]):
    """The steps of a generator for a ``for`` loop, and then what it returned.

    Attributes
    ----------
    result
        What the generator returned; not there before the loop has come to its end.

    Examples
    --------
    >>> def count_up():
    ...     yield 1
    ...     yield 2
    ...     return "done"
    >>> steps = Steps(count_up())
    >>> list(steps), steps.result
    ([1, 2], 'done')
    """

    result: Result

    def __init__(self, steps: Generator[Step, None, Result]) -> None:
        self._steps = steps

    def __iter__(self) -> Iterator[Step]:
        self.result = yield from self._steps


def result_of(steps: Generator[Step, None, Result]) -> Result:
    """What a generator returns, for who cares nothing for its steps."""
    every = Steps(steps)
    for _ in every:
        pass
    return every.result
