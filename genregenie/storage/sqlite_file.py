"""The file that SQLite keeps everything in: made private, and watched.

Whoever has a file open goes on reading and writing it when its name is deleted or given to another
file, and all that is written from then on is lost at the end. So the name is looked at before and
after each transaction that writes.
"""

import contextlib
import os
import sqlite3
from pathlib import Path


class SqliteFile:
    """The file behind a path, as it was when this was made.

    Parameters
    ----------
    path : Path
        Made, for this account alone to read, where there is none.

    Raises
    ------
    OSError
        If it can neither be found nor made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # SQLite would make it readable by everyone; its -wal and -shm files copy the mode of this
        # one.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self._known = self._identity()

    def fault(self) -> str | None:
        """What has happened to the file since, None if nothing has."""
        now = self._identity()
        if now == self._known:
            return None
        return "it was deleted" if now is None else "another file has taken its place"

    def connect(self, wait_s: float) -> sqlite3.Connection:
        """Open it; it is never made anew.

        Raises
        ------
        sqlite3.OperationalError
            If it cannot be opened, or is not the file that it was.
        """
        if (fault := self.fault()) is not None:
            raise sqlite3.OperationalError(fault)
        address = f"{self.path.absolute().as_uri()}?mode=rw"
        # Connections wander between threads, one at a time.
        return sqlite3.connect(address, uri=True, timeout=wait_s, check_same_thread=False)

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino
