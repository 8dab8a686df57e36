"""What the workers of these tests do. Light, as every fresh worker imports it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path


def answer(item: tuple[str, int]) -> int:
    how, number = item
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "exit":
        os._exit(0)
    if how == "leave":
        raise SystemExit
    return 2 * number


def process_id(_item: object = None) -> int:
    return os.getpid()


def surroundings(name: str) -> dict[str, object]:
    """What a process is in, and what a variable is there."""
    return {
        "process": os.getpid(),
        "parent": os.getppid(),
        "folder": str(Path.cwd()),
        "value": os.environ.get(name),
        "threads": len([*Path("/proc/self/task").iterdir()]),
    }


def say(text: str) -> None:
    for output in (1, 2):
        os.write(output, text.encode())


def kind_of(item: object) -> str:
    return type(item).__name__


def spin(_item: object = None) -> None:
    while True:
        pass


def refuse(item: object) -> None:
    raise LookupError(f"no {item}")


class Unfit(Exception):  # noqa: N818
    """Cannot be made again from what its pickle holds."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__("unfit")


def refuse_unfit(_item: object) -> None:
    raise Unfit(1, 2)


def give_a_function(_item: object) -> object:
    return lambda: None


def count(to: int) -> Iterator[int]:
    yield from range(to)
    return os.getpid()


def count_for_ever(_item: object = None) -> Iterator[int]:
    yield os.getpid()
    while True:
        pass


prepared: list[int] = []


def prepare() -> None:
    prepared.append(1)


def times_prepared() -> int:
    return len(prepared)


def spin_aloud(_item: object) -> None:
    os.write(1, b"spins\n")  # in one piece, also where another does so at the same moment
    spin()
