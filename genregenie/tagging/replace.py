"""Puts a new version of a file in the old one's place: whoever reads sees the one or the other.

The new version is written beside the old one, reaches the disk, and then takes its name. What
stops half-way, a power cut included, leaves the old file and a hidden copy.
"""

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from genregenie.common.errors import GenreGenieError
from genregenie.common.formatting import reason

COPY_PREFIX: Final = ".genregenie-"
"""How names of unfinished copies begin; walks pass over hidden files."""

_WRITABLE: Final = 0o222
_SENTENCES: Final = {
    errno.ENOSPC: "The disk is full.",
    errno.EDQUOT: "The space allowed on this disk is used up.",
    errno.EFBIG: "The disk does not take a file of this size.",
    errno.EROFS: "The disk is read-only.",
    errno.EACCES: "The folder may not be written to: permission denied.",
    errno.EPERM: "The file may not be replaced: permission denied.",
    errno.ENOENT: "There is no file with this name any more.",
    errno.ENOTDIR: "There is no file with this name any more.",
}


class ReplaceError(GenreGenieError):
    """A file that was left as it is; the message says why."""


@dataclass(frozen=True)
class Copy:
    """A new version, ready to take its place.

    Attributes
    ----------
    path : str
        The file to replace; a link's target, so that the link stays.
    copy : str
    size, changed_ns : int
        Of the new version.
    """

    path: str
    copy: str
    size: int
    changed_ns: int

    def take_its_place(self) -> None:
        """Replace the file.

        Raises
        ------
        ReplaceError
        """
        try:
            os.replace(self.copy, self.path)
        except OSError as error:
            self.discard()
            raise ReplaceError(sentence(error)) from error
        _sync_folder(os.path.dirname(self.path))

    def discard(self) -> None:
        """Leave the file as it is and remove the new version."""
        with contextlib.suppress(OSError):
            os.unlink(self.copy)


def prepare(
    path: str, prefix: str, make: Callable[[str, str], None], changed_ns: int | None = None
) -> Copy:
    """Make a new version of a file, with its owner and permissions.

    Parameters
    ----------
    path : str
    prefix : str
        How the new version's name begins until it takes its place.
    make : callable
        Given the name of the file and of an empty one beside it, writes the new version there.
    changed_ns : int, optional
        Modification time of the new version; by default, now.

    Raises
    ------
    ReplaceError
        If the file is read-only, or the new version cannot be written.
    """
    path = os.path.realpath(path)
    copy = ""
    try:
        status = os.stat(path)
        if not status.st_mode & _WRITABLE or not os.access(path, os.W_OK):
            raise ReplaceError("This file is read-only.")
        handle, copy = tempfile.mkstemp(prefix=prefix, dir=os.path.dirname(path))
        os.close(handle)
        make(path, copy)
        _like(status, path, copy, changed_ns)
        with open(copy, "rb") as file:
            os.fsync(file.fileno())
        done = os.stat(copy)
        return Copy(path, copy, done.st_size, done.st_mtime_ns)
    except BaseException as error:
        if copy:
            with contextlib.suppress(OSError):
                os.unlink(copy)
        if isinstance(error, OSError):
            raise ReplaceError(sentence(error)) from error
        raise


def _like(status: os.stat_result, path: str, copy: str, changed_ns: int | None) -> None:
    now_ns = os.stat(copy).st_mtime_ns
    if hasattr(os, "chown"):
        # Only the superuser may give files away; the owner of the copy is then who tags.
        with contextlib.suppress(PermissionError):
            os.chown(copy, status.st_uid, status.st_gid)
    shutil.copystat(path, copy)
    os.utime(copy, ns=(status.st_atime_ns, now_ns if changed_ns is None else changed_ns))


def sentence(error: OSError) -> str:
    """What went wrong, for people."""
    number = error.errno or 0
    return _SENTENCES.get(number, f"This file cannot be written: {reason(error)}.")


def _sync_folder(folder: str) -> None:
    """Make a new name last through a power cut, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
