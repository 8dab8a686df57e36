"""Files and folders that are written whole or not at all.

What is new is written beside its place under a hidden name, and takes its place when it is
finished. Whoever reads sees the one or the other; what fails on the way leaves nothing behind.
"""

import contextlib
import ctypes
import errno
import glob
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

from genregenie.common.errors import GenreGenieError
from genregenie.common.formatting import reason

_WRITABLE = 0o222
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux


class WriteError(GenreGenieError, OSError):
    """A file or folder that cannot be written; as text, a sentence with its name."""

    def __str__(self) -> str:
        return f"{self.filename} cannot be written: {self.strerror}."


def no_room(error: BaseException) -> TypeGuard[OSError]:
    """Whether an error is that the disk, or what this account may have of it, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def replacing(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """Give the name of a file to write, which then takes the place of `path`.

    A file that is there hands on its permissions; a link stays, and its target is replaced.

    Parameters
    ----------
    path : Path
        Its folder is made if need be.
    mode : int
        Permissions of a file that was not there, of which the system takes away what nobody gets.

    Yields
    ------
    Path
        Of an empty file in the same folder.

    Raises
    ------
    WriteError
        If the new file cannot be written, or what is there is read-only.
    """
    with _draft(path) as draft:
        place = _place(path)
        _new_file(draft, mode)
        yield draft
        if place.exists():
            _like(place, draft)
        _to_disk(draft)
        draft.replace(place)


def write_text(path: Path, text: str) -> None:
    """Write a file of UTF-8 in one piece.

    Raises
    ------
    WriteError
    """
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="")


@contextlib.contextmanager
def creating(path: Path) -> Iterator[Path]:
    """Give the name of a file to write, which then becomes `path`, unless that is there already.

    Of several processes one succeeds. Only who writes the file may read it. Its folder is not made:
    a name that stands for something new may be mistyped.

    Yields
    ------
    Path
        Of an empty file in the same folder.

    Raises
    ------
    FileExistsError
        If there is something of this name, before or afterwards.
    WriteError
        If the new file cannot be written.
    """
    with _draft(path, deep=False) as draft:
        if path.exists():
            raise _taken(path)
        _new_file(draft, 0o600)
        yield draft
        _to_disk(draft)
        try:
            os.link(draft, path)  # refuses what rename() would replace
        except FileExistsError:
            raise _taken(path) from None
        except OSError:  # exFAT, and many a network or bucket mount, know no hard links
            _rename_once(draft, path)


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Give the name of a folder to fill, which then takes the place of `path` and all in it.

    Parameters
    ----------
    path : Path
        The folder above it is made if need be.

    Yields
    ------
    Path
        Of an empty folder beside it.

    Raises
    ------
    WriteError
        If the new folder cannot be written, or what is there is read-only or no folder.
    """
    with _draft(path) as draft:
        place = _place(path)
        if place.exists() and not place.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        draft.mkdir()
        yield draft
        for file in draft.rglob("*"):
            if file.is_file():
                _to_disk(file)
        if not place.exists():
            draft.rename(place)
            return
        _like(place, draft)
        if _exchanged(draft, place):  # what was there goes with the draft
            return
        old = _beside(place)
        place.rename(old)
        try:
            draft.rename(place)
        except OSError:
            old.rename(place)
            raise
        shutil.rmtree(old, ignore_errors=True)


def remove_drafts(path: Path) -> None:
    """Remove what killed processes were about to put in the place of `path`.

    Only for who knows that nobody else is writing there.
    """
    place = Path(os.path.realpath(path))
    with contextlib.suppress(OSError):
        for draft in place.parent.glob(f".{glob.escape(place.name[:200])}-" + "[0-9a-f]" * 8):
            shutil.rmtree(draft) if draft.is_dir() else draft.unlink()


def sync_folder(path: Path) -> None:
    """Have the names in a folder on the disk; a power cut could undo a rename.

    Raises
    ------
    OSError
    """
    if os.name == "nt":  # knows nothing of the kind
        return
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextlib.contextmanager
def _draft(path: Path, *, deep: bool = True) -> Iterator[Path]:
    """A hidden name beside `path`, in the same file system; what has it in the end is removed."""
    draft = _beside(Path(os.path.realpath(path)))
    try:
        if deep:
            with contextlib.suppress(FileExistsError):  # by what is no folder, as comes out below
                draft.parent.mkdir(parents=True, exist_ok=True)
        yield draft
    except (FileExistsError, WriteError):
        raise
    except OSError as error:
        raise WriteError(error.errno, reason(error), str(path)) from error
    finally:
        with contextlib.suppress(OSError):
            shutil.rmtree(draft) if draft.is_dir() else draft.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name[:200]}-{secrets.token_hex(4)}")


def _place(path: Path) -> Path:
    """What is to be replaced; a link's target, so that the link stays."""
    place = Path(os.path.realpath(path))
    if place.exists() and not stat.S_IMODE(place.stat().st_mode) & _WRITABLE:
        # The system would not mind, since it is the folder above that is written.
        raise WriteError(errno.EACCES, "it is read-only", str(path))
    return place


def _exchanged(first: Path, second: Path) -> bool:
    """Have two folders swap names in one step, where system and file system can.

    In two steps, whoever is killed between them leaves nothing of that name.
    """
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    rename = getattr(libc, "renameat2", None)
    if rename is None:
        return False
    names = os.fsencode(first), os.fsencode(second)
    done: int = rename(_HERE, names[0], _HERE, names[1], _EXCHANGE)
    return done == 0


def _like(old: Path, new: Path) -> None:
    with contextlib.suppress(OSError):  # not every file system has permissions
        shutil.copymode(old, new)


def _new_file(path: Path, mode: int = 0o666) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))


def _to_disk(path: Path) -> None:
    """Have a file's content on the disk before its name; a power cut would leave it empty."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _taken(path: Path) -> FileExistsError:
    return FileExistsError(f"{path} exists already.")


def _rename_once(draft: Path, path: Path) -> None:
    from filelock import FileLock

    # A lock that goes with its process: what a killed one had claimed would stay claimed for ever.
    with FileLock(path.with_name(f".{path.name}.lock")):
        if path.exists():
            raise _taken(path)
        draft.rename(path)
