"""What a process that opens strangers' files is left with, by the limits that the kernel keeps.

`confine` is for good: the process takes a bounded amount of memory, and has room for one file that
it is handed. For each piece of work `allow_cpu` bounds the time, and within `closed` it opens
nothing, neither file nor socket nor pipe. Who goes beyond gets an error or is ended, which costs
one worker. Only Linux keeps all these limits; elsewhere they are left out.

These are resource limits and no sandbox. A system call filter or Landlock would also stop code that
an attacker has brought into the process; for Python no maintained library offers either.
"""

import contextlib
import math
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_STATUS: Final = Path("/proc/self/statm")
_confined = False


def confine(more_bytes: int) -> None:
    """From now on have one file more, and so much memory, beside what this process has already.

    Parameters
    ----------
    more_bytes : int
        Of address space.
    """
    if sys.platform != "linux":
        return
    import resource

    with contextlib.suppress(OSError, ValueError):  # not more than is allowed already
        pages = int(_STATUS.read_text("ascii").split()[0])
        most = pages * resource.getpagesize() + more_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    with contextlib.suppress(OSError, ValueError):
        most = _first_unused_number() + 1
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        global _confined
        _confined = True


@contextlib.contextmanager
def closed() -> Iterator[None]:
    """Within, a process that was confined has no room left for anything to be opened."""
    held: list[int] = []
    with contextlib.suppress(OSError):
        while _confined:
            held.append(os.open(os.devnull, os.O_RDONLY))
    try:
        yield
    finally:
        for number in held:
            os.close(number)


def allow_cpu(seconds: float) -> None:
    """Let this process compute for so long from now on; then the kernel ends it."""
    if sys.platform != "linux":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    ends = math.ceil(time.process_time() + seconds)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (ends, hard))


def _first_unused_number() -> int:
    """A number for a file such that all below it are in use, if need be by nothing at all."""
    highest = max(map(int, os.listdir("/proc/self/fd")))  # noqa: PTH208 - names are numbers
    while (number := os.open(os.devnull, os.O_RDONLY)) < highest:
        pass
    os.close(number)
    return number
