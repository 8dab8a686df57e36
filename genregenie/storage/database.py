"""The database: SQLite in the data folder by default, PostgreSQL by address.

`Database.write` gives a transaction that is on disk when it returns and undone when it does not.
Whatever fails in the database leaves here as a `DatabaseError`, so that those above need not know
what it is made of.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from genregenie.common.errors import GenreGenieError

BUSY_S: Final = 15
SQLITE_NAME: Final = "genregenie.sqlite3"
# Any number will do, as long as every GenreGenie asks PostgreSQL for the same lock.
_UPGRADE_LOCK: Final = 0x67656E7265
_OTHER_RELEASE: Final = "it was written by another release of GenreGenie"


class DatabaseError(GenreGenieError):
    """The database cannot be used, or did not do what it was asked.

    Attributes
    ----------
    kind : str
        The name of what went wrong, which may be shown and logged.
    detail : str
        What the database said of it; may repeat what was asked, people's names among it.
    """

    def __init__(self, cause: Exception, detail: str | None = None) -> None:
        self.kind = type(cause).__name__
        self.detail = detail or str(getattr(cause, "orig", cause))
        super().__init__(f"The database cannot be used: {self.kind}")


class ConstraintError(DatabaseError):
    """What was to be stored breaks a rule of the tables: a name is there already, say."""


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise ConstraintError(error) from error
    except (SQLAlchemyError, sqlite3.Error) as error:  # the second where no connection comes about
        raise DatabaseError(error) from error


class Database:
    """An engine, and the two ways to use it.

    Parameters
    ----------
    url : URL or str
        As SQLAlchemy writes addresses; PostgreSQL's need not name the driver.

    Raises
    ------
    DatabaseError
        Here and from every method, also while a session is used.
    """

    def __init__(self, url: URL | str) -> None:
        with _failures():
            self.url = _with_driver(make_url(url))
            self.engine = _engine(self.url)

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        """A session for looking; nothing done in it is kept."""
        with _failures(), Session(self.engine) as session:
            yield session

    @contextlib.contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: all of it is stored when the block ends, none of it if it fails."""
        engine = self.engine.execution_options(genregenie_write=True)
        with _failures(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def upgrade(self, scripts: str) -> None:
        """Bring the schema to this version's. Several processes may do it at once: one works.

        Parameters
        ----------
        scripts : where Alembic's scripts lie, as ``package:folder``
        """
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", scripts)
        engine = self.engine.execution_options(genregenie_write=True)
        with _failures():
            if self.is_sqlite:
                _switch_to_wal(self.engine)
            with engine.begin() as connection:
                if not self.is_sqlite:
                    lock = {"n": _UPGRADE_LOCK}
                    connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), lock)
                config.attributes["connection"] = connection
                try:
                    command.upgrade(config, "head")
                except CommandError as error:  # its schema is none that the scripts know
                    raise DatabaseError(error, _OTHER_RELEASE) from error

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a file of ours rather than a server."""
        return self.url.get_backend_name() == "sqlite"

    def close(self) -> None:
        """Hand all connections back."""
        self.engine.dispose()


def sqlite_url(folder: Path) -> URL:
    """Address of the SQLite file in a data folder, which is made private to this account."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / SQLITE_NAME
    # SQLite would make it readable by everyone; its -wal and -shm files copy the mode of this one.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return URL.create("sqlite+pysqlite", database=str(path))


def _with_driver(url: URL) -> URL:
    # Hosting providers hand out postgres:// and postgresql://; SQLAlchemy wants to know the driver.
    if url.drivername in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    return url.set(drivername="sqlite+pysqlite") if url.drivername == "sqlite" else url


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        # No prepared statements: hosted databases often stand behind a pooler that mixes them up.
        return create_engine(
            url,
            pool_size=8,
            max_overflow=4,
            pool_pre_ping=True,
            connect_args={"prepare_threshold": None, "connect_timeout": BUSY_S},
        )
    engine = create_engine(url, connect_args={"timeout": BUSY_S}, pool_size=8, max_overflow=4)

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not guessed by the driver
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        # What people delete is overwritten, not only unlinked.
        connection.execute("PRAGMA secure_delete = ON")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        # A writer takes the write lock at once: one that read first could not wait for it later.
        writes = connection.get_execution_options().get("genregenie_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _switch_to_wal(engine: Engine) -> None:
    # Kept in the file, so once is enough. SQLite does not wait its time-out for this switch.
    deadline = time.monotonic() + BUSY_S
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
