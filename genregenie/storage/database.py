"""The database: SQLite in the data folder by default, PostgreSQL by address.

`Database.write` gives a transaction that is on disk when it returns and undone when it does not.
Whatever fails in the database leaves here as a `DatabaseError`, so that those above need not know
what it is made of.
"""

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Engine, make_url, select, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.orm import Session

from genregenie.common.errors import GenreGenieError
from genregenie.storage.engines import (
    BUSY_S,
    WRITES,
    postgresql_engine,
    sqlite_engine,
    switch_to_wal,
    with_driver,
)
from genregenie.storage.sqlite_file import SqliteFile

SQLITE_NAME: Final = "genregenie.sqlite3"
# Any number will do, as long as every GenreGenie asks PostgreSQL for the same lock.
_UPGRADE_LOCK: Final = 0x67656E7265
_OTHER_RELEASE: Final = "it was written by another release of GenreGenie"
_CHECKED_BYTES: Final = 256 << 20
"""A file of up to this size is read as a whole at the start, which takes a second then."""
_HURRY_S: Final = 0.2
"""How long a lock is waited for where somebody has just waited for it in vain."""
# What PostgreSQL calls a lock that was not to be had.
_LOCKED: Final = "55P03"

log = logging.getLogger("genregenie.storage")


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


class DatabaseBusyError(DatabaseError):
    """Somebody else, another program perhaps, has held the database for too long."""


class DatabaseLostError(DatabaseError):
    """What is written would not last: the file is another one, or none, since it was opened."""


@contextlib.contextmanager
def _failures(*others: type[Exception]) -> Iterator[None]:
    # The second is what is raised where no connection comes about.
    caught: tuple[type[Exception], ...] = (SQLAlchemyError, sqlite3.Error, *others)
    try:
        yield
    except IntegrityError as error:
        raise ConstraintError(error) from error
    except caught as error:
        kind = DatabaseBusyError if _is_busy(error) else DatabaseError
        raise kind(error) from error


def _is_busy(error: Exception) -> bool:
    cause = getattr(error, "orig", error)
    if isinstance(error, NoConnectionError) or getattr(cause, "sqlstate", None) == _LOCKED:
        return True
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # the rest of it says why
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class Database:
    """Two engines, for who looks and who writes.

    Parameters
    ----------
    url : URL or str
        As SQLAlchemy writes addresses; PostgreSQL's need not name the driver. A file of SQLite's
        is made where there is none.

    Raises
    ------
    DatabaseError
        Here and from every method, also while a session is used.
    """

    def __init__(self, url: URL | str) -> None:
        with _failures(OSError, ImportError, TypeError, ValueError):
            self.url = with_driver(make_url(url))
            if self.url.get_backend_name() not in ("sqlite", "postgresql"):
                raise ValueError("only SQLite and PostgreSQL are known here")
            self._file = _file_of(self.url)
            self.engine, self._looking = self._new_engine(), self._new_engine()
        self._vain_until = 0.0
        self._lost = False

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        """A session for looking; nothing done in it is kept. It waits for nobody who writes.

        Of a file that has gone what is open can still be read.
        """
        try:
            with _failures(), Session(self._looking) as session:
                yield session
        except DatabaseError as error:
            if (fault := self.fault()) is not None:
                raise DatabaseLostError(error, fault) from error
            raise

    @contextlib.contextmanager
    def write(self, wait_s: float = BUSY_S) -> Iterator[Session]:
        """One transaction: all of it is stored when the block ends, none of it if it fails.

        Parameters
        ----------
        wait_s : float
            How long to wait for who else is writing; 0 for what may as well be done later.

        Raises
        ------
        DatabaseBusyError
            If that was not enough. Who comes right after waits less.
        DatabaseLostError
            If what is written would not last.
        """
        self._expect_to_last()
        hurry = time.monotonic() < self._vain_until
        wait_s = min(wait_s, _HURRY_S) if hurry else wait_s
        # Who does not wait does not queue for a connection either, behind those who do.
        engine = (self.engine if wait_s else self._looking).execution_options(**{WRITES: wait_s})
        try:
            with _failures(), Session(engine, expire_on_commit=False) as session, session.begin():
                yield session
        except DatabaseBusyError:
            if wait_s >= BUSY_S:
                self._vain_until = time.monotonic() + BUSY_S
            raise
        self._vain_until = 0.0
        self._expect_to_last()

    def ask(self) -> None:
        """Have it answer something that takes no time.

        Raises
        ------
        DatabaseError
        """
        with self.read() as session:
            session.execute(select(1))

    def fault(self) -> str | None:
        """Why what is written does not last, in half a sentence; None as long as it does."""
        fault = self._file.fault() if self._file else None
        if fault is not None and not self._lost:
            log.error(
                "the database %s: %s while it was in use. Nothing more is saved. Put it back or "
                "start again, after what can be copied is copied.",
                self.url.database,
                fault,
            )
        self._lost = fault is not None
        return fault

    def _expect_to_last(self) -> None:
        if (fault := self.fault()) is not None:
            raise DatabaseLostError(FileNotFoundError(fault), fault)

    def upgrade(self, scripts: str, to: str = "head") -> None:
        """Bring the schema to this version's. Several processes may do it at once: one works.

        Parameters
        ----------
        scripts : str
            Where Alembic's scripts lie, as ``package:folder``.
        to : str
            Which schema it is to be; by default the last there is.
        """
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", scripts)
        engine = self.engine.execution_options(**{WRITES: 3 * BUSY_S})
        with _failures(OSError):
            if self.is_sqlite:
                self._check_pages()
                switch_to_wal(self.engine)
            with engine.begin() as connection:
                if not self.is_sqlite:
                    lock = {"n": _UPGRADE_LOCK}
                    connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), lock)
                config.attributes["connection"] = connection
                try:
                    command.upgrade(config, to)
                except CommandError as error:  # its schema is none that the scripts know
                    raise DatabaseError(error, _OTHER_RELEASE) from error

    def _check_pages(self) -> None:
        if self._file is None or self._file.path.stat().st_size > _CHECKED_BYTES:
            return
        with self.engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if found != "ok":
            raise sqlite3.DatabaseError("database disk image is malformed")

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a file of ours rather than a server."""
        return self.url.get_backend_name() == "sqlite"

    def _new_engine(self) -> Engine:
        return (
            sqlite_engine(self.url, self._file) if self.is_sqlite else postgresql_engine(self.url)
        )

    def close(self) -> None:
        """Hand all connections back; what SQLite has in its log is in the file then."""
        self._looking.dispose()
        if self.is_sqlite:  # the last one does so by itself, but there may be another program's
            with contextlib.suppress(SQLAlchemyError), self.engine.connect() as connection:
                connection.connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
        self.engine.dispose()


def sqlite_url(folder: Path) -> URL:
    """Address of the SQLite file in a data folder, which is made private to this account."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return URL.create("sqlite+pysqlite", database=str(folder / SQLITE_NAME))


def _file_of(url: URL) -> SqliteFile | None:
    name = url.database or ""
    if url.get_backend_name() != "sqlite" or url.query or name in ("", ":memory:"):
        return None
    return SqliteFile(Path(name))
