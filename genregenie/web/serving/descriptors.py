"""How many files and sockets this process may have open, and how many of them are for people."""

from dataclasses import dataclass
from typing import Final

from genregenie.common import limits

try:
    import resource
except ImportError:  # Windows has no such limit that matters
    resource = None  # type: ignore[assignment]

MOST_FILES: Final = 65_536
"""More than one process serves; some systems name a hard limit that they do not keep."""

_UNLIMITED: Final = 8192
"""What is taken for granted where nobody says."""

_OURS: Final = 256
"""Kept for databases, uploads, worker processes and the log, whoever comes."""


def raise_open_files() -> int:
    """Raise the limit of open files to what the system lets us have; gives the limit."""
    if resource is None:
        return _UNLIMITED
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    endless = resource.RLIM_INFINITY
    wanted = MOST_FILES if hard == endless else min(hard, MOST_FILES)
    if soft == endless or soft >= wanted:
        return MOST_FILES if soft == endless else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # macOS has another limit beside this one
        return soft
    return wanted


@dataclass(frozen=True)
class Room:
    """How many connections there may be.

    Attributes
    ----------
    most : int
        In all.
    an_address : int
        From one address (IPv6: one /64).
    backlog : int
        That may wait to be taken. asyncio takes so many at a time, before anybody counts them, so
        as many descriptors stay free for them.
    """

    most: int
    an_address: int
    backlog: int


def room(files: int) -> Room:
    """What fits into a limit of open files, within what the settings allow.

    Parameters
    ----------
    files : int
        Descriptors that this process may have.

    Raises
    ------
    SettingsError
        If a setting makes no sense.
    """
    wanted = limits.connections()
    ours = min(_OURS, files // 4)
    backlog = max(min(1024, files // 8), 1)
    most = max(min(wanted.at_once, files - ours - backlog), 1)
    return Room(most, max(min(wanted.an_address, most // 2), 1), backlog)
