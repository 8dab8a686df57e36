"""What the administrator's command line looks up and does beyond what people do themselves."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from genregenie.accounts.core import as_user, find_person
from genregenie.accounts.errors import UnknownPersonError
from genregenie.accounts.service import Accounts
from genregenie.accounts.tables import LoginSession, Person


@dataclass(frozen=True)
class Listed:
    """One line of ``genregenie users list``."""

    name: str
    email: str | None
    created_at: datetime
    last_seen_at: datetime | None
    sessions: int


def list_people(accounts: Accounts) -> list[Listed]:
    """Everybody with an account, by name; guests are left out."""
    query = (
        select(Person, func.max(LoginSession.last_seen_at), func.count(LoginSession.id))
        .outerjoin(LoginSession, LoginSession.person_id == Person.id)
        .where(Person.guest.is_(False))
        .group_by(Person.id)
        .order_by(Person.name_key)
    )
    with accounts.db.read() as session:
        return [
            Listed(person.name, person.email, person.created_at, seen, sessions)
            for person, seen, sessions in session.execute(query)
        ]


def delete_person(accounts: Accounts, name: str) -> None:
    """Remove an account by name.

    Raises
    ------
    UnknownPersonError
        If nobody has the name.
    """
    with accounts.db.read() as session:
        person = find_person(session, name)
        if person is None:
            raise UnknownPersonError(f"There is no account called {name!r}.")
        user = as_user(person)
    accounts.people.delete(user)
