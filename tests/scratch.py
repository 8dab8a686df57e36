"""Where tests write: into memory where there is plenty, since databases wait for their disk.

A run has one folder there. It goes when the run ends, but for what failed tests wrote, which comes
to the disk; and if the run is killed, the next one takes it away.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")  # noqa: S108 - each run makes a folder of its own in it
ENOUGH = 4 * 2**30
"""Bytes that must be free; all tests together hold a tenth of it at a time."""

_PREFIX = "gg-run-"
_LOCK = "lock"
_GROUPS = Path("/sys/fs/cgroup")
# What a container may have, and has: in control groups of version 2, and of version 1.
_LIMITS = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)


def free(memory: Path = MEMORY, groups: Path = _GROUPS) -> int:
    """Bytes that its file system, the machine and the container leave to be written into memory."""
    least = min(shutil.disk_usage(memory).free, psutil.virtual_memory().available)
    for names in _LIMITS:
        with contextlib.suppress(OSError, ValueError):  # no limit is "max"
            limit, used = (int((groups / name).read_text("ascii")) for name in names)
            least = min(least, limit - used)
    return least


class Scratch:
    """A run's folder in memory, locked as long as the run lives."""

    def __init__(self, memory: Path = MEMORY) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=memory))
        self.folder.chmod(0o711)  # PostgreSQL runs as somebody else and comes through here
        unnamed = self.folder / f"{_LOCK}-new"
        self._lock = os.open(unnamed, os.O_CREAT | os.O_RDWR)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        unnamed.rename(self.folder / _LOCK)  # only now do others try it

    def end(self, kept: Path) -> list[Path]:
        """Take it away; `kept` gets what pytest keeps of failed tests. Gives what that is."""
        found = []
        for left in self.folder.glob("pytest-of-*/pytest-[0-9]*"):
            with contextlib.suppress(OSError):
                kept.mkdir(parents=True, exist_ok=True)
                found.append(Path(shutil.move(left, kept)))
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)
        return found


def begin(memory: Path = MEMORY) -> Scratch | None:
    """A folder in memory, or None where there is too little of it."""
    try:
        _take_away_what_killed_runs_left(memory)
        return Scratch(memory) if free(memory) >= ENOUGH else None
    except OSError:
        return None


def _take_away_what_killed_runs_left(memory: Path) -> None:
    for lock in memory.glob(f"{_PREFIX}*/{_LOCK}"):
        with contextlib.suppress(OSError), lock.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)
