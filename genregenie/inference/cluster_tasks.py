"""What a worker of a cluster does with a file, and what it is told of it.

All of it is pickled by its name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from genregenie.audio import AudioError, Spread
from genregenie.audio.parallel import attempt
from genregenie.autotag.network import AutotagError
from genregenie.common.errors import GenreGenieError
from genregenie.common.parallel import in_processes
from genregenie.common.worker import LostError
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Prediction
from genregenie.model.model import ModelError

R = TypeVar("R")

KILLED: Final = (
    "Listening to this file ended several workers of the cluster: it may need more memory than "
    "they have. Export it again, or leave it out."
)
_SAME_TIME_NS: Final = 2_000_000_000  # file systems round the time of a change differently


class ClusterError(GenreGenieError):
    """A cluster that cannot be used; the message says what helps."""


@dataclass(frozen=True)
class Task:
    """A file for a worker to listen to: its name where the worker sees it, else its bytes."""

    file: str
    size: int
    changed_ns: int
    data: bytes | None
    spread: Spread
    model: Path | None
    fast: bool
    version: str


class NotSeen:
    """A worker's answer when it does not see the file under its name."""


def task_of(file: Path, send: bool, about: tuple[Any, ...]) -> Task | AudioError:
    """What is sent for a file; its error if it cannot be read here."""
    try:
        if not file.is_file():
            raise FileNotFoundError
        status = file.stat()
        data = file.read_bytes() if send else None
    except FileNotFoundError:
        return AudioError("There is no file with this name.")
    except (OSError, ValueError) as error:
        return AudioError(f"This file cannot be read: {error}.")
    name = str(file.absolute())
    return Task(name, status.st_size, status.st_mtime_ns, data, *about)


def sees(task: Task) -> bool:
    """Whether the file is there under its name, with the size and the time it should have."""
    try:
        status = Path(task.file).stat()
    except (OSError, ValueError):
        return False
    same_time = abs(status.st_mtime_ns - task.changed_ns) < _SAME_TIME_NS
    return same_time and status.st_size == task.size


def listen_to(task: Task | AudioError) -> Prediction | AudioError | NotSeen:
    """Listen to a file, on a worker of the cluster.

    Raises
    ------
    ClusterError
        If the worker has another model or release, or none.
    """
    if isinstance(task, AudioError):
        return task
    try:
        classifier = Classifier.load(task.model, fast=task.fast)
    except (ModelError, AutotagError) as error:
        raise ClusterError(f"A worker of the cluster cannot listen: {error}") from error
    if classifier.version != task.version:
        raise ClusterError(
            "A worker of the cluster has another model or version of GenreGenie. Install the same "
            "on every machine."
        )
    if task.data is None and not sees(task):
        return NotSeen()
    return attempt(partial(classifier.predict, spread=task.spread), task.data or Path(task.file))


def apart(work: Callable[[], R]) -> R | AudioError:
    """Do work in a process of its own, which alone ends if the work ends it."""
    (result,) = in_processes(_call, [work], 1)
    return AudioError(KILLED) if isinstance(result, LostError) else result


def _call(work: Callable[[], R]) -> R:
    return work()
