"""Guests: people without a password, here for a while, and what they leave to an account.

A guest is a person like any other, with a session that is not prolonged, and goes with it; by the
foreign keys so does all that was kept for the guest. Who signs up or logs in from a guest's browser
takes it along.
"""

import secrets
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from genregenie.accounts.core import Core, User, as_user, keep_newest, log, numbered, take_turns
from genregenie.accounts.errors import DemoFullError, GuestLimitError
from genregenie.accounts.feedback import MAX_ANSWERS
from genregenie.accounts.names import GUEST_PREFIX
from genregenie.accounts.opinions import MAX_OPINIONS
from genregenie.accounts.results import MAX_RESULTS
from genregenie.accounts.sessions import Sessions
from genregenie.accounts.tables import FeedbackRow, LoginSession, OpinionRow, Person, ResultRow
from genregenie.accounts.tokens import token_digest
from genregenie.common.limits import GuestLimits

IDLE: Final = timedelta(minutes=10)
"""Who has done nothing for so long makes room for others, where there is no more."""
_TURN: Final = 0x6775657374


class Guests:
    """Lets guests in, counts what they do, and clears up after them."""

    def __init__(self, core: Core, sessions: Sessions) -> None:
        self._core = core
        self._sessions = sessions

    def add(self, limits: GuestLimits | None = None, user_agent: str = "") -> tuple[User, str]:
        """A new guest, logged in.

        Raises
        ------
        DemoFullError
            With as many guests in the house as there may be, none of them idle.
        """
        limits = limits or GuestLimits()
        name = f"{GUEST_PREFIX}{secrets.token_hex(5)}"
        with self._core.db.write() as session:
            take_turns(self._core.db, session, _TURN)
            if _count(session) >= limits.at_once and self._core.watch.settled():
                self._clear(session, idle=True)
            if _count(session) >= limits.at_once:
                raise DemoFullError
            person = Person(name=name, name_key=name, guest=True, created_at=self._core.clock())
            session.add(person)
            session.flush()
            stay = timedelta(minutes=limits.minutes)
            token = self._sessions.start(session, person, user_agent, stay)
        log.info("came in: %s", numbered(person))
        return as_user(person), token

    def count_clip(self, person_id: int, limits: GuestLimits) -> None:
        """Count a clip that a guest is about to have listened to.

        Raises
        ------
        GuestLimitError
            If that would be one more than a guest may have, or the guest is gone.
        """
        with self._core.db.write() as session:
            counted = session.execute(
                update(Person)
                .where(Person.id == person_id, Person.guest_clips < limits.uploads)
                .values(guest_clips=Person.guest_clips + 1)
                .returning(Person.id)
            )
            if counted.first() is None:
                clips = "1 clip" if limits.uploads == 1 else f"{limits.uploads} clips"
                raise GuestLimitError(
                    f"Guests may listen to {clips}. Create an account to go on: what you heard so "
                    "far comes along."
                )

    def clear(self, *, everybody: bool = False) -> None:
        """Remove guests whose session is over, or all of them, with what was kept for them."""
        with self._core.db.write() as session:
            if everybody:
                session.execute(delete(Person).where(Person.guest))
            else:
                self._clear(session)

    def _clear(self, session: Session, *, idle: bool = False) -> None:
        now = self._core.clock()
        staying = select(LoginSession.person_id).where(LoginSession.expires_at > now)
        if idle:
            staying = staying.where(LoginSession.last_seen_at > now - IDLE)
        session.execute(delete(Person).where(Person.guest, Person.id.not_in(staying)))


def _count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Person).where(Person.guest)) or 0


def take_over(session: Session, person: Person, token: str, core: Core) -> None:
    """Make what a guest has this person's, within the caller's transaction; the guest is gone then.

    Parameters
    ----------
    session : Session
    person : Person
        With an account.
    token : str
        Of a session; if it is no guest's, or over, nothing happens.
    core : Core
    """
    found = session.scalars(
        select(Person)
        .join(LoginSession, LoginSession.person_id == Person.id)
        .where(LoginSession.token_hash == token_digest(token))
        .where(LoginSession.expires_at > core.clock(), Person.guest)
        .with_for_update(of=Person)
    ).first()
    if found is None:
        return
    guest_id = found.id
    # Of what was said twice, the later word counts, as everywhere.
    for table, key in ((OpinionRow, OpinionRow.item_key), (FeedbackRow, FeedbackRow.clip_key)):
        said = select(key).where(table.person_id == guest_id)
        session.execute(delete(table).where(table.person_id == person.id, key.in_(said)))
    kept = ((ResultRow, MAX_RESULTS), (OpinionRow, MAX_OPINIONS), (FeedbackRow, MAX_ANSWERS))
    for rows, most in kept:
        theirs = update(rows).where(rows.person_id == guest_id)
        session.execute(theirs.values(person_id=person.id))
        keep_newest(session, rows, rows.person_id == person.id, most)
    session.execute(delete(Person).where(Person.id == guest_id))
    log.info("%s takes along what guest %d has", numbered(person), guest_id)
