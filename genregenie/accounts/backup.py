"""The whole database, as of one moment, in one new file."""

from pathlib import Path
from typing import Final

from sqlalchemy import delete, insert, select

from genregenie.accounts.core import MIGRATIONS
from genregenie.accounts.tables import Base, Person
from genregenie.common.files import creating
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
    WriteError
        If it cannot be written.
    """
    with creating(path) as draft:
        copy = Database(f"sqlite:///{draft}")
        try:
            copy.upgrade(MIGRATIONS)
            people = _copy_tables(db, copy)
        finally:
            copy.close()  # the last connection, which folds SQLite's log into the file
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
