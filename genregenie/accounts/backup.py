"""The whole database, as of one moment, in one new file."""

import os
from pathlib import Path
from typing import Final

from sqlalchemy import delete, insert, select

from genregenie.accounts.core import MIGRATIONS
from genregenie.accounts.tables import Base, Person
from genregenie.common.files import put_once
from genregenie.storage.database import Database

_COPIED_AT_ONCE: Final = 20


def backup(db: Database, path: Path) -> int:
    """Copy the whole database, as of one moment, into a new SQLite file; returns people copied.

    The file works as ``genregenie.sqlite3`` in a data folder, also when the original is
    PostgreSQL. It appears under its name only when complete.

    Raises
    ------
    FileExistsError
        If there is a file already; a backup never replaces anything.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists already.")
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    copy = Database(f"sqlite:///{unfinished}")
    try:
        copy.upgrade(MIGRATIONS)
        people = _copy_tables(db, copy)
    finally:
        copy.close()
    # Closing the last connection has folded SQLite's log into the file.
    put_once(unfinished, path)
    return people


def _copy_tables(source: Database, target: Database) -> int:
    people = 0
    with source.read() as reading, target.write() as writing:
        if not source.is_sqlite:  # SQLite's readers see one moment anyway
            reading.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        for table in Base.metadata.sorted_tables:
            writing.execute(delete(table))
            # A few at a time, since a row may carry a clip.
            rows = reading.execute(select(table), execution_options={"yield_per": _COPIED_AT_ONCE})
            for chunk in rows.mappings().partitions():
                writing.execute(insert(table), [dict(row) for row in chunk])
                people += len(chunk) if table is Person.__table__ else 0
    return people
