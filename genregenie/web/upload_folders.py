"""The folder that a server keeps uploads and results in until they are swept away."""

import atexit
import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Final

from genregenie.common import settings
from genregenie.common.formatting import reason
from genregenie.common.replicas import Replica

_NAME: Final = "genregenie-uploads"
_OWNER: Final = "owner"


def fresh() -> Path:
    """A folder for this process alone, so that nobody meets files of a time before it."""
    parent = settings.upload_parent()
    for old in parent.glob(f"{_NAME}-*"):
        _remove_of(old, old.name.split("-")[2])
    folder = Path(tempfile.mkdtemp(prefix=f"{_NAME}-{os.getpid()}-", dir=parent))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return _told(folder)


def of_workers() -> Path:
    """A folder for those that this process starts, which goes when it ends, or after its kill."""
    parent = settings.upload_parent()
    for owner in parent.glob(f"genregenie-*/{_OWNER}"):
        with contextlib.suppress(OSError):  # of somebody else
            _remove_of(owner.parent, owner.read_text())
    # Sockets lie there, whose paths have to be short: so who it is of stands inside.
    folder = Path(tempfile.mkdtemp(prefix="genregenie-", dir=parent))
    (folder / _OWNER).write_text(str(os.getpid()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def shared(replica: Replica, key: bytes) -> Path:
    """The folder that has the same path on all servers with the same key.

    Pages name files by their whole path, also when another server answers them. Those of one
    machine have the same files there.

    Raises
    ------
    SettingsError
        If it cannot be made, or somebody else was faster.
    """
    if replica.sockets and not replica.has_machines_beside:
        folder = replica.sockets / "uploads"  # goes with who made the sockets
    else:
        name = hashlib.sha256(b"uploads\0" + key).hexdigest()[:16]
        folder = settings.upload_parent() / f"{_NAME}-shared-{name}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        about = folder.lstat()
    except OSError as error:
        raise settings.SettingsError(
            f"The folder for uploads {folder} cannot be used: {reason(error)}. Set TMPDIR to "
            "another, the same on all servers."
        ) from None
    # In a folder that everybody may write to, a name can be somebody else's.
    ours = os.name == "nt" or (about.st_uid == os.geteuid() and not about.st_mode & 0o077)
    if not stat.S_ISDIR(about.st_mode) or not ours:
        raise settings.SettingsError(
            f"The folder for uploads {folder} is not for this account alone. Remove it, or set "
            "TMPDIR to another folder, the same on all servers."
        )
    return _told(folder)


def _told(folder: Path) -> Path:
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    return folder


def _remove_of(folder: Path, process: str) -> None:
    if process.isdigit() and not _runs(int(process)):
        shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    if os.name == "nt":  # there the call below would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
