"""What the parts of the accounts share: database, hasher, clock, throttles, and who a person is."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.orm import Session

from genregenie.accounts.clock import ClockWatch
from genregenie.accounts.names import name_key
from genregenie.accounts.passwords import Hasher
from genregenie.accounts.tables import ADMIN, FeedbackRow, OpinionRow, Person, ResultRow
from genregenie.accounts.throttle import Throttles
from genregenie.storage.database import Database

Json = dict[str, Any] | list[Any] | str | int | float | bool | None

log = logging.getLogger("genregenie.accounts")

# Where Alembic finds the steps from one release's tables to the next.
MIGRATIONS: Final = "genregenie.accounts:migrations"


@dataclass(frozen=True)
class User:
    """A person, as the rest of the program sees one."""

    id: int
    name: str
    guest: bool = False
    admin: bool = False


@dataclass(frozen=True)
class Core:
    """Handed to each part."""

    db: Database
    hasher: Hasher
    clock: Callable[[], datetime]
    watch: ClockWatch
    throttles: Throttles


def utc_now() -> datetime:
    """The clock of every day; tests bring their own."""
    return datetime.now(UTC)


def in_iso(moment: datetime | None) -> str | None:
    """A moment as people's downloads have it, to the second."""
    return moment.isoformat(timespec="seconds") if moment else None


def find_person(session: Session, name: str, *, lock: bool = False) -> Person | None:
    """The account with this name, however it is spelled. Guests cannot be found by name.

    With `lock` nobody else changes or logs in this person until the transaction ends.
    """
    query = select(Person).where(Person.name_key == name_key(name), Person.guest.is_(False))
    return session.scalars(query.with_for_update() if lock else query).first()


def as_user(person: Person) -> User:
    """The part of a row that others may hold on to."""
    return User(person.id, person.name, person.guest, person.role == ADMIN)


def numbered(person: Person | None) -> str:
    """How the log calls a person: by a number, which ``genregenie users list`` explains.

    A name that is nobody's is not written down: it may well be somebody's password.
    """
    if person is None:
        return "(no such name)"
    return f"{'guest' if person.guest else 'person'} {person.id}"


def take_turns(db: Database, session: Session, key: int) -> None:
    """Have transactions that name the same key come one after the other.

    Any number will do as a key, as long as every GenreGenie asks PostgreSQL for the same one.
    """
    if not db.is_sqlite:  # whose writers wait for each other anyway
        session.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": key})


def keep_newest(
    session: Session,
    table: type[OpinionRow] | type[ResultRow] | type[FeedbackRow],
    mine: ColumnElement[bool],
    most: int,
) -> None:
    """Forget the oldest rows of `table` among `mine`, until `most` are left."""
    count = session.scalar(select(func.count()).select_from(table).where(mine)) or 0
    if count > most:
        oldest = select(table.id).where(mine).order_by(table.id).limit(count - most)
        session.execute(delete(table).where(table.id.in_(oldest)))
