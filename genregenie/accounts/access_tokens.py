"""Access tokens: how a person's own programs are let in.

A token has 256 random bits. It is shown once and kept as a digest, it says what it is for (its
scopes), and it ends: on a day that was chosen, when it is revoked, when its person sets a new
password without knowing the old one, and with the account. Guests have none.
"""

import contextlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from genregenie.accounts import audit
from genregenie.accounts.core import Core, Json, User, as_user, in_iso, living, log
from genregenie.accounts.errors import (
    AccountError,
    AccountNeededError,
    InvalidScopesError,
    InvalidTokenNameError,
)
from genregenie.accounts.tables import AccessTokenRow, Person
from genregenie.accounts.tokens import new_token, token_digest
from genregenie.storage.database import DatabaseError

PREFIX: Final = "ggt_"
"""By this a token is known where it does not belong: in a log, or in a repository."""
CLASSIFY: Final = "classify"
HISTORY: Final = "history"
FEEDBACK: Final = "feedback"
SCOPES: Final = (CLASSIFY, HISTORY, FEEDBACK)
DAYS: Final = (7, 30, 90, 365)
"""How long a token may be chosen to work."""
USUAL_DAYS: Final = 90
MAX_TOKENS: Final = 20
"""Tokens of one person, those that have ended and are still listed among them."""
MAX_NAME_LENGTH: Final = 60
LISTED: Final = timedelta(days=30)
"""So long a token that has expired is still listed."""
# "Last used" is written at most this often, so that not every request is a write to the disk.
TOUCH_EVERY: Final = timedelta(minutes=5)

_SHAPE: Final = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")


@dataclass(frozen=True)
class AccessToken:
    """One line of a person's list."""

    id: int
    name: str
    scopes: tuple[str, ...]
    made_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    expired: bool


@dataclass(frozen=True)
class Bearer:
    """Whose token was shown, and what it is for."""

    user: User
    scopes: frozenset[str]
    token: str = field(repr=False)


class AccessTokens:
    """Makes, recognises and revokes them."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def make(self, user: User, name: str, scopes: Collection[str], days: int) -> str:
        """A new token, to be shown once.

        Parameters
        ----------
        user : User
        name : str
            What its person calls it.
        scopes : collection of str
            Some of `SCOPES`.
        days : int
            One of `DAYS`.

        Raises
        ------
        AccountNeededError
            For a guest, and for somebody who is gone.
        InvalidTokenNameError
            If the name is empty or too long.
        InvalidScopesError
            If it is for nothing, or for what there is not.
        AccountError
            If it is for longer than a token may be, or one too many.
        """
        name = _checked(name)
        wanted = [scope for scope in SCOPES if scope in scopes]
        if not wanted or len(wanted) < len(set(scopes)):
            raise InvalidScopesError
        if days not in DAYS:
            raise AccountError("Choose how long the token works.")
        token, now = PREFIX + new_token(), self._core.clock()
        with self._core.db.write() as session:
            # Holding the person makes two at once one after the other.
            person = session.get(Person, user.id, with_for_update=True)
            if person is None or person.guest:
                raise AccountNeededError("A token needs an account.")
            count = select(func.count()).where(AccessTokenRow.person_id == user.id)
            if (session.scalar(count) or 0) >= MAX_TOKENS:
                raise AccountError(f"You have {MAX_TOKENS} tokens. Remove one first.")
            row = AccessTokenRow(
                person_id=user.id,
                token_hash=token_digest(token),
                name=name,
                scopes=" ".join(wanted),
                made_at=now,
                expires_at=now + timedelta(days=days),
            )
            session.add(row)
            session.flush()
            told = f"number {row.id}: {', '.join(wanted)}; days: {days}"
            audit.note(session, self._core, person.name, "made a token", person.name, told)
        log.info("made a token: person %d", user.id)
        return token

    def revoke(self, user: User, number: int) -> bool:
        """Have one work no more; whether it was this person's, and there."""
        gone = delete(AccessTokenRow).where(
            AccessTokenRow.id == number, AccessTokenRow.person_id == user.id
        )
        with self._core.db.write() as session:
            if session.scalar(gone.returning(AccessTokenRow.id)) is None:
                return False
            told = f"number {number}"
            audit.note(session, self._core, user.name, "revoked a token", user.name, told)
        log.info("revoked a token: person %d", user.id)
        return True

    def bearer_of(self, token: str) -> Bearer | None:
        """Whose token this is and what it is for; None if it is none, or works no more."""
        if not has_shape(token):
            return None
        now = self._core.clock()
        query = (
            select(AccessTokenRow, Person)
            .join(Person, Person.id == AccessTokenRow.person_id)
            .where(AccessTokenRow.token_hash == token_digest(token))
        )
        with self._core.db.read() as session:
            found = session.execute(query).first()
            if found is None or now >= found[0].expires_at:
                return None
            row, person = found
            bearer = Bearer(as_user(person), frozenset(row.scopes.split()), token)
            number, used = row.id, row.last_used_at
        if used is None or now - used > TOUCH_EVERY:
            # Looking waits for nobody who writes: what cannot be noted now is noted next time.
            with contextlib.suppress(DatabaseError), self._core.db.write(wait_s=0) as session:
                session.execute(
                    update(AccessTokenRow)
                    .where(AccessTokenRow.id == number)
                    .values(last_used_at=now)
                )
        return bearer

    def living(self, tokens: Iterable[str]) -> frozenset[str]:
        """Those of these tokens that still work. None of them counts as used by this."""
        return living(self._core, AccessTokenRow, tokens)

    def of(self, person_id: int) -> list[AccessToken]:
        """A person's tokens, the newest first."""
        now = self._core.clock()
        query = select(AccessTokenRow).where(AccessTokenRow.person_id == person_id)
        with self._core.db.read() as session:
            return [
                AccessToken(
                    row.id,
                    row.name,
                    tuple(row.scopes.split()),
                    row.made_at,
                    row.expires_at,
                    row.last_used_at,
                    now >= row.expires_at,
                )
                for row in session.scalars(query.order_by(AccessTokenRow.id.desc()))
            ]


def has_shape(token: str) -> bool:
    """Whether this could be a token at all."""
    return _SHAPE.fullmatch(token) is not None


def end_tokens(session: Session, person_id: int) -> None:
    """Revoke every token of a person within the caller's transaction."""
    session.execute(delete(AccessTokenRow).where(AccessTokenRow.person_id == person_id))


def forget_old(session: Session, core: Core) -> None:
    """Drop those that expired a month ago."""
    session.execute(delete(AccessTokenRow).where(AccessTokenRow.expires_at < core.clock() - LISTED))


def section(session: Session, person_id: int) -> Json:
    """A person's section of their download."""
    query = select(AccessTokenRow).where(AccessTokenRow.person_id == person_id)
    return [
        {
            "name": row.name,
            "scopes": row.scopes.split(),
            "made_at": in_iso(row.made_at),
            "expires_at": in_iso(row.expires_at),
            "last_used_at": in_iso(row.last_used_at),
        }
        for row in session.scalars(query.order_by(AccessTokenRow.id))
    ]


def _checked(name: str) -> str:
    name = " ".join(name.replace("\0", "").split())
    if not name:
        raise InvalidTokenNameError("Give the token a name, such as what it is for.")
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidTokenNameError(f"A name has up to {MAX_NAME_LENGTH} characters.")
    return name
