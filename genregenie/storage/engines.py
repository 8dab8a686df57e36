"""Engines of SQLAlchemy, set up so that what is acknowledged is stored and nobody waits for long.

A transaction that is begun with the option `WRITES`, in seconds, waits that long for a lock.
"""

import sqlite3
import time
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event

from genregenie.storage.sqlite_file import SqliteFile

BUSY_S: Final = 5
"""How long a lock, a connection or a server is waited for."""
WRITES: Final = "genregenie_write"
_UPGRADE_S: Final = 15


def with_driver(url: URL) -> URL:
    """The address with the driver that is used here.

    Hosting providers hand out ``postgres://`` and ``postgresql://``; SQLAlchemy wants to know more.
    """
    if url.drivername in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    return url.set(drivername="sqlite+pysqlite") if url.drivername == "sqlite" else url


def sqlite_engine(url: URL, file: SqliteFile | None) -> Engine:
    """An engine for a file, or for whatever else an address of SQLite's may mean."""
    # One of its own for who looks and who writes, so that those do not wait for these.
    options: dict[str, Any] = {"pool_size": 8, "max_overflow": 4, "pool_timeout": BUSY_S}
    if file is not None:
        options["creator"] = _opened(file)
    else:
        options["connect_args"] = {"timeout": BUSY_S}
    engine = create_engine(url, **options)

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not guessed by the driver
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        # What people delete is overwritten, not only unlinked.
        connection.execute("PRAGMA secure_delete = ON")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        wait_s = connection.get_execution_options().get(WRITES)
        if wait_s is None:
            connection.exec_driver_sql("BEGIN")
            return
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {round(1000 * wait_s)}")
        # A writer takes the write lock at once: one that read first could not wait for it later.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def postgresql_engine(url: URL) -> Engine:
    """An engine for a server."""
    engine = create_engine(
        url,
        pool_size=5,
        max_overflow=3,
        pool_timeout=BUSY_S,
        pool_pre_ping=True,
        # No prepared statements: hosted databases often stand behind a pooler that mixes them up.
        connect_args={"prepare_threshold": None, "connect_timeout": BUSY_S},
    )

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        wait_s = connection.get_execution_options().get(WRITES, BUSY_S)
        # 0 would be for ever.
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(1, round(1000 * wait_s))}")

    return engine


def switch_to_wal(engine: Engine) -> None:
    """Have writers and readers not wait for each other; it is kept in the file.

    Raises
    ------
    sqlite3.Error
    """
    # SQLite does not wait its time-out for this switch.
    deadline = time.monotonic() + _UPGRADE_S
    while True:
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.Error as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        finally:
            raw.close()


def _opened(file: SqliteFile) -> Callable[[], sqlite3.Connection]:
    return lambda: file.connect(BUSY_S)
