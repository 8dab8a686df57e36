"""Sessions: 256 random bits in a cookie, their digest here, 14 days sliding, 90 at most."""

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from genregenie.accounts.core import Core, Json, User, as_user, in_iso, living, log
from genregenie.accounts.tables import LoginSession, Person
from genregenie.accounts.tokens import new_token, token_digest
from genregenie.storage.database import DatabaseError

SLIDING: Final = timedelta(days=14)
MAX_AGE: Final = timedelta(days=90)
# "Last seen" is written at most this often, so that looking at a page is not a write to the disk.
TOUCH_EVERY: Final = timedelta(hours=1)
TOUCH_GUEST_EVERY: Final = timedelta(minutes=1)


_BROWSERS: Final = (
    ("Edge", r"Edg(e|A|iOS)?/"),
    ("Opera", r"OPR/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/"),
    ("Safari", r"Safari/"),
)
_SYSTEMS: Final = (
    ("Android", r"Android"),
    ("iPhone or iPad", r"iPhone|iPad"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("Linux", r"Linux|X11"),
)


@dataclass(frozen=True)
class SessionInfo:
    """One line of the list of sessions."""

    id: int
    browser: str
    created_at: datetime
    last_seen_at: datetime
    current: bool


class Sessions:
    """Starts, recognises and ends sessions."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def start(
        self, session: Session, person: Person, user_agent: str, lasts: timedelta = SLIDING
    ) -> str:
        """Begin a session within the caller's transaction; returns its token, kept nowhere."""
        now = self._core.clock()
        token = new_token()
        session.add(
            LoginSession(
                person_id=person.id,
                token_hash=token_digest(token),
                browser=describe_browser(user_agent),
                created_at=now,
                last_seen_at=now,
                expires_at=now + lasts,
            )
        )
        return token

    def user_of(self, token: str) -> User | None:
        """Whose session this is, or None. Being seen moves its end, to 90 days at most.

        A guest's end stays where it is.
        """
        now = self._core.clock()
        query = (
            select(LoginSession, Person)
            .join(Person, Person.id == LoginSession.person_id)
            .where(LoginSession.token_hash == token_digest(token))
        )
        with self._core.db.read() as session:
            found = session.execute(query).first()
            if found is None:
                return None
            login, person = found
            if now >= login.expires_at:
                return None
            user = as_user(person)
            ends = (
                login.expires_at if user.guest else min(now + SLIDING, login.created_at + MAX_AGE)
            )
            login_id, seen = login.id, login.last_seen_at
        if now - seen > (TOUCH_GUEST_EVERY if user.guest else TOUCH_EVERY):
            # Looking waits for nobody who writes: what cannot be noted now is noted next time.
            with contextlib.suppress(DatabaseError), self._core.db.write(wait_s=0) as session:
                session.execute(
                    update(LoginSession)
                    .where(LoginSession.id == login_id)
                    .values(last_seen_at=now, expires_at=ends)
                )
        return user

    def living(self, tokens: Iterable[str]) -> frozenset[str]:
        """Those of these tokens whose session is not over. None of them counts as seen by this."""
        return living(self._core, LoginSession, tokens)

    def of(self, person_id: int, token: str | None = None) -> list[SessionInfo]:
        """The live sessions of a person, newest first; `token` marks the current one."""
        digest = token_digest(token) if token else b""
        query = (
            select(LoginSession)
            .where(LoginSession.person_id == person_id)
            .where(LoginSession.expires_at > self._core.clock())
            .order_by(LoginSession.last_seen_at.desc(), LoginSession.id.desc())
        )
        with self._core.db.read() as session:
            return [
                SessionInfo(s.id, s.browser, s.created_at, s.last_seen_at, s.token_hash == digest)
                for s in session.scalars(query)
            ]

    def end(self, token: str) -> None:
        """Log this browser out."""
        with self._core.db.write() as session:
            end_session(session, token)

    def end_one(self, person_id: int, session_id: int) -> None:
        """Log one browser of this person out; someone else's session is left alone."""
        with self._core.db.write() as session:
            session.execute(
                delete(LoginSession)
                .where(LoginSession.id == session_id)
                .where(LoginSession.person_id == person_id)
            )

    def end_all(self, user: User) -> None:
        """Log this person out everywhere."""
        with self._core.db.write() as session:
            end_sessions(session, user.id)
        log.info("signed out everywhere: person %d", user.id)


def end_session(session: Session, token: str) -> None:
    """Delete the session of a token within the caller's transaction."""
    session.execute(delete(LoginSession).where(LoginSession.token_hash == token_digest(token)))


def end_sessions(session: Session, person_id: int) -> None:
    """Delete every session of a person within the caller's transaction."""
    session.execute(delete(LoginSession).where(LoginSession.person_id == person_id))


def describe_browser(user_agent: str) -> str:
    """What a person calls their browser, from the User-Agent header: ``Firefox on Linux``."""
    browser = next((n for n, p in _BROWSERS if re.search(p, user_agent)), "A browser")
    system = next((n for n, p in _SYSTEMS if re.search(p, user_agent)), "")
    return f"{browser} on {system}" if system else browser


def section(session: Session, person_id: int) -> Json:
    """A person's section of their download."""
    query = select(LoginSession).where(LoginSession.person_id == person_id)
    return [
        {
            "browser": login.browser,
            "created_at": in_iso(login.created_at),
            "last_seen_at": in_iso(login.last_seen_at),
            "expires_at": in_iso(login.expires_at),
        }
        for login in session.scalars(query.order_by(LoginSession.id))
    ]
