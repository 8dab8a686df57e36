"""Everything of one person: the JSON they may download, and the backup of all of it.

A later feature registers what it keeps with `exporter`; the download then contains it.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from genregenie.accounts.core import MIGRATIONS
from genregenie.accounts.tables import Base, LoginSession, Person, RecoveryCode
from genregenie.common.files import creating
from genregenie.storage.database import Database

Json = dict[str, Any] | list[Any] | str | int | float | bool | None
Exporter = Callable[[Session, int], Json]

_COPIED_AT_ONCE: Final = 20

_EXPORTERS: dict[str, Exporter] = {}


def exporter(section: str) -> Callable[[Exporter], Exporter]:
    """Register what goes under `section` in a person's download.

    The function gets a database session and the person's number, and returns what JSON can hold.
    Secrets, also hashed ones, have no place in it.
    """

    def register(function: Exporter) -> Exporter:
        _EXPORTERS[section] = function
        return function

    return register


def export_person(db: Database, person_id: int) -> dict[str, Json]:
    """All sections for one person, in the order they were registered."""
    with db.read() as session:
        return {section: export(session, person_id) for section, export in _EXPORTERS.items()}


@exporter("account")
def _account(session: Session, person_id: int) -> Json:
    person = session.get_one(Person, person_id)
    codes = session.scalars(select(RecoveryCode.id).where(RecoveryCode.person_id == person_id))
    return {
        "user_name": person.name,
        "email": person.email,
        "guest": person.guest,
        "created_at": _moment(person.created_at),
        "password_changed_at": _moment(person.password_changed_at),
        "recovery_codes_left": len(codes.all()),
    }


@exporter("sessions")
def _sessions(session: Session, person_id: int) -> Json:
    query = select(LoginSession).where(LoginSession.person_id == person_id)
    return [
        {
            "browser": login.browser,
            "created_at": _moment(login.created_at),
            "last_seen_at": _moment(login.last_seen_at),
            "expires_at": _moment(login.expires_at),
        }
        for login in session.scalars(query.order_by(LoginSession.id))
    ]


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


def _moment(value: datetime | None) -> str | None:
    return value.isoformat(timespec="seconds") if value else None
