"""One function over many audio files, on cores; a file that cannot be used costs itself alone."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, TypeVar

from genregenie.common import parallel
from genregenie.common.errors import AudioError
from genregenie.common.worker import LostError

T = TypeVar("T")
R = TypeVar("R")

CRASHED: Final = (
    "Listening to this file ended its process: it may need more memory or time than there is. "
    "Export it again, or leave it out."
)


def attempt(function: Callable[[T], R], file: T) -> R | AudioError:
    """What `function` makes of a file, or why it cannot be used."""
    try:
        return function(file)
    except AudioError as error:
        return error
    except MemoryError:
        return AudioError(CRASHED)


def in_processes(
    function: Callable[[T], R], files: Iterable[T], jobs: int = -1
) -> Iterator[R | AudioError]:
    """`attempt` each file, in worker processes.

    Parameters
    ----------
    function : callable
        Pickled by its name.
    files : iterable
    jobs : int
        As for `genregenie.common.parallel.in_processes`.

    Yields
    ------
    result or AudioError
        In the order of `files`, each as soon as it is known; the error also for a file that has
        ended its process.
    """
    for result in parallel.in_processes(partial(attempt, function), files, jobs):
        yield AudioError(CRASHED) if isinstance(result, LostError) else result


def in_threads(
    function: Callable[[T], R], files: Iterable[T], jobs: int = -1
) -> Iterator[R | AudioError]:
    """`attempt` each file, in threads of this process, which a deadly file ends."""
    return parallel.in_threads(partial(attempt, function), files, jobs)


def apart(function: Callable[[T], R], file: T) -> R:
    """What `function` makes of a file, in a process of its own.

    Raises
    ------
    AudioError
        If the file cannot be used, or has ended that process.
    """
    (result,) = in_processes(function, [file], 1)
    if isinstance(result, AudioError):
        raise result
    return result
