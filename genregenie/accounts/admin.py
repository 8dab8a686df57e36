"""What those who look after the server see and do. Whatever they do is in the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Row, Select, func, or_, select
from sqlalchemy.orm import Session

from genregenie.accounts import audit, daily
from genregenie.accounts.access_tokens import end_tokens
from genregenie.accounts.core import Core, delete_person, find_person
from genregenie.accounts.errors import NotAllowedError, UnknownPersonError
from genregenie.accounts.names import name_key
from genregenie.accounts.sessions import end_sessions
from genregenie.accounts.tables import (
    ADMIN,
    MAX_NUMBER,
    FeedbackRow,
    LoginSession,
    Person,
    ResultRow,
)

PAGE: Final = 50
"""People that are listed at once."""


@dataclass(frozen=True)
class Listed:
    """Somebody with an account.

    Attributes
    ----------
    id : int
    name : str
    email : str or None
    admin : bool
    created_at, last_seen_at : datetime
        The second is None for who has no session.
    sessions : int
        Browsers that are logged in.
    results, kept_bytes : int
        What is in the history, and the audio kept with it.
    uploaded_bytes : int
        Today.
    """

    id: int
    name: str
    email: str | None
    admin: bool
    created_at: datetime
    last_seen_at: datetime | None
    sessions: int
    results: int = 0
    kept_bytes: int = 0
    uploaded_bytes: int = 0


@dataclass(frozen=True)
class Totals:
    """The server in a few numbers; `agreed` of the `answers` are what the model had said."""

    people: int
    guests: int
    kept_bytes: int
    answers: int
    agreed: int


class Administration:
    """Looks at everybody, and acts in the name of whoever is given as `by`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def people(self, search: str = "", skip: int = 0, most: int | None = None) -> list[Listed]:
        """Who has an account, by name; guests are left out.

        Parameters
        ----------
        search : str
            A part of names or addresses.
        skip, most : int
        """
        query = _people().where(*_are_meant(search)).order_by(Person.name_key).offset(skip)
        with self._core.db.read() as session:
            found = session.execute(query if most is None else query.limit(most)).all()
            return self._listed(session, found)

    def count(self, search: str = "") -> int:
        """How many `people` finds."""
        query = select(func.count()).select_from(Person).where(*_are_meant(search))
        with self._core.db.read() as session:
            return session.scalar(query) or 0

    def person(self, number: int) -> Listed | None:
        """One of them."""
        if number > MAX_NUMBER:
            return None
        with self._core.db.read() as session:
            found = session.execute(_people().where(*_are_meant(""), Person.id == number)).all()
            return next(iter(self._listed(session, found)), None)

    def totals(self) -> Totals:
        """The server in a few numbers."""
        people = select(func.count()).select_from(Person)
        answers = select(func.count()).select_from(FeedbackRow)
        kept = select(func.coalesce(func.sum(ResultRow.audio_bytes), 0))
        with self._core.db.read() as session:
            return Totals(
                session.scalar(people.where(Person.guest.is_(False))) or 0,
                session.scalar(people.where(Person.guest)) or 0,
                int(session.scalar(kept) or 0),
                session.scalar(answers) or 0,
                session.scalar(answers.where(FeedbackRow.genre == FeedbackRow.model_genre)) or 0,
            )

    def promote(self, name: str, by: str = audit.COMMAND_LINE) -> None:
        """Have somebody look after the server.

        Raises
        ------
        UnknownPersonError
            If nobody has the name.
        """
        self._set_role(name, ADMIN, by, "promoted")

    def demote(self, name: str, by: str = audit.COMMAND_LINE) -> None:
        """Have somebody do so no more.

        Raises
        ------
        UnknownPersonError
            If nobody has the name.
        """
        self._set_role(name, "", by, "demoted")

    def end_sessions(self, number: int, by: str) -> None:
        """Log somebody out everywhere, and revoke their tokens.

        Raises
        ------
        UnknownPersonError
            If that account is gone.
        """
        with self._core.db.write() as session:
            person = _account(session, number)
            end_sessions(session, person.id)
            end_tokens(session, person.id)
            audit.note(session, self._core, by, "ended all sessions of", person.name)

    def delete(self, number: int, by: str) -> None:
        """Remove an account, and everything of theirs.

        Raises
        ------
        UnknownPersonError
            If that account is gone.
        NotAllowedError
            If it is one that looks after the server: that role has to be taken away first.
        """
        with self._core.write() as session:
            person = _account(session, number)
            if person.role == ADMIN:
                raise NotAllowedError(
                    f"{person.name} looks after this server. "
                    f"“genregenie users demote {person.name}” ends that."
                )
            self._delete(session, person, by)

    def delete_by_name(self, name: str, by: str = audit.COMMAND_LINE) -> None:
        """Remove an account by name, whatever its role.

        Raises
        ------
        UnknownPersonError
            If nobody has the name.
        """
        with self._core.write() as session:
            self._delete(session, _named(session, name), by)

    def note(self, action: str, subject: str = "", by: str = audit.COMMAND_LINE) -> None:
        """Write down what was done elsewhere."""
        with self._core.db.write() as session:
            audit.note(session, self._core, by, action, subject)

    def _delete(self, session: Session, person: Person, by: str) -> None:
        name = person.name
        delete_person(session, person.id)
        self._core.throttles.clear(session, name)
        audit.note(session, self._core, by, "deleted", name)

    def _set_role(self, name: str, role: str, by: str, action: str) -> None:
        with self._core.db.write() as session:
            person = _named(session, name)
            if person.role != role:
                person.role = role
                audit.note(session, self._core, by, action, person.name)

    def _listed(self, session: Session, rows: Sequence[Row[Person, datetime, int]]) -> list[Listed]:
        numbers = [person.id for person, *_ in rows]
        kept = select(
            ResultRow.person_id, func.count(), func.coalesce(func.sum(ResultRow.audio_bytes), 0)
        ).where(ResultRow.person_id.in_(numbers))
        results = {
            number: (int(count), int(size))
            for number, count, size in session.execute(kept.group_by(ResultRow.person_id))
        }
        uploaded = daily.today(session, self._core, daily.UPLOADED)
        return [
            Listed(
                person.id,
                person.name,
                person.email,
                person.role == ADMIN,
                person.created_at,
                seen,
                sessions,
                *results.get(person.id, (0, 0)),
                uploaded.get(person.id, 0),
            )
            for person, seen, sessions in rows
        ]


def _people() -> Select[Person, datetime, int]:
    seen, sessions = func.max(LoginSession.last_seen_at), func.count(LoginSession.id)
    query = select(Person, seen, sessions)
    return query.outerjoin(LoginSession, LoginSession.person_id == Person.id).group_by(Person.id)


def _are_meant(search: str) -> list[ColumnElement[bool]]:
    meant: list[ColumnElement[bool]] = [Person.guest.is_(False)]
    if key := name_key(search):
        parts = (Person.name_key, Person.email_key)
        meant.append(or_(*(part.contains(key, autoescape=True) for part in parts)))
    return meant


def _account(session: Session, number: int) -> Person:
    person = session.get(Person, min(number, MAX_NUMBER), with_for_update=True)
    if person is None or person.guest:
        raise UnknownPersonError("This account is gone.")
    return person


def _named(session: Session, name: str) -> Person:
    person = find_person(session, name, lock=True)
    if person is None:
        raise UnknownPersonError(f"There is no account called {name!r}.")
    return person
