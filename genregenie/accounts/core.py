"""What the parts of the accounts share: database, hasher, clock, throttles, and who a person is."""

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.orm import Session

from genregenie.accounts.clock import ClockWatch
from genregenie.accounts.names import name_key
from genregenie.accounts.passwords import Hasher
from genregenie.accounts.tables import (
    ADMIN,
    AccessTokenRow,
    FeedbackRow,
    LoginSession,
    OpinionRow,
    Person,
    ResultRow,
)
from genregenie.accounts.throttle import Throttles
from genregenie.accounts.tokens import token_digest
from genregenie.storage.blobs import BlobError, Blobs
from genregenie.storage.database import Database, DatabaseError

Json = dict[str, Any] | list[Any] | str | int | float | bool | None

log = logging.getLogger("genregenie.accounts")

# Where Alembic finds the steps from one release's tables to the next.
MIGRATIONS: Final = "genregenie.accounts:migrations"
_LET_GO: Final = "blobs_let_go"
_ASKED_AT_ONCE: Final = 500


@dataclass(frozen=True)
class User:
    """A person, as the rest of the program sees one."""

    id: int
    name: str
    guest: bool = False
    admin: bool = False


@dataclass(frozen=True)
class BlobOf:
    """In a section of people's downloads: the content of the blob under this key."""

    key: str


@dataclass(frozen=True)
class Core:
    """Handed to each part."""

    db: Database
    hasher: Hasher
    clock: Callable[[], datetime]
    watch: ClockWatch
    throttles: Throttles
    blobs: Blobs

    @contextlib.contextmanager
    def write(self) -> Iterator[Session]:
        """As `Database.write`; blobs that were let go of in it are deleted once it is stored.

        In this order nothing is named that is not there. What is interrupted in between, or cannot
        be deleted now, is a blob that no row names, which `kept_audio.sweep` finds.
        """
        with self.db.write() as session:
            yield session
        self.delete_blobs(session.info.pop(_LET_GO, ()))

    def delete_blobs(self, keys: Iterable[str]) -> None:
        """Delete blobs that no row names; what cannot be deleted is noted, and left to be swept."""
        for key in keys:
            try:
                self.blobs.delete(key)
            except (BlobError, DatabaseError) as error:
                log.warning("a file that nobody keeps is not deleted yet: %s", error.kind)


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


def delete_person(session: Session, person_id: int) -> None:
    """Remove a person within `Core.write` and, by the foreign keys, everything of theirs."""
    session.get(Person, person_id, with_for_update=True)  # who is about to keep something waits
    let_audio_go(session, ResultRow.person_id == person_id)
    session.execute(delete(Person).where(Person.id == person_id))


def take_turns(db: Database, session: Session, key: int) -> None:
    """Have transactions that name the same key come one after the other.

    Any number will do as a key, as long as every GenreGenie asks PostgreSQL for the same one.
    """
    if not db.is_sqlite:  # whose writers wait for each other anyway
        session.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": key})


def living(
    core: Core, rows: type[LoginSession] | type[AccessTokenRow], tokens: Iterable[str]
) -> frozenset[str]:
    """Those of these tokens whose rows have not run out. None of them counts as used by this."""
    by_digest = {token_digest(token): token for token in tokens}
    digests, now = list(by_digest), core.clock()
    found: set[str] = set()
    with core.db.read() as session:
        for i in range(0, len(digests), _ASKED_AT_ONCE):
            query = (
                select(rows.token_hash)
                .where(rows.token_hash.in_(digests[i : i + _ASKED_AT_ONCE]))
                .where(rows.expires_at > now)
            )
            found |= {by_digest[digest] for digest in session.scalars(query)}
    return frozenset(found)


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
        if table is ResultRow:
            let_audio_go(session, ResultRow.id.in_(oldest))
        session.execute(delete(table).where(table.id.in_(oldest)))


def let_audio_go(session: Session, *of: ColumnElement[bool]) -> None:
    """Have the audio of these results deleted after `Core.write`, in which they name it no more."""
    # Held, so that nobody gives them other audio meanwhile.
    keys = session.scalars(select(ResultRow.audio_key).where(*of).with_for_update())
    session.info.setdefault(_LET_GO, []).extend(key for key in keys if key is not None)
