"""Getting back in: recovery codes written down at sign-up, links by e-mail, codes by the admin.

Every way is random, single-use and kept as a digest; it ends all sessions and logs nobody in.
What is said, and what work is done, is the same whether or not the account exists.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from genregenie.accounts import audit
from genregenie.accounts.access_tokens import end_tokens
from genregenie.accounts.core import Core, User, find_person, log, numbered
from genregenie.accounts.errors import UnknownPersonError, WrongCodeError
from genregenie.accounts.names import email_key, name_key
from genregenie.accounts.origin import NOWHERE, Origin
from genregenie.accounts.passwords import check_password
from genregenie.accounts.sessions import end_sessions
from genregenie.accounts.tables import Person, RecoveryCode, ResetToken
from genregenie.accounts.tokens import (
    CODES_EACH,
    code_digest,
    new_code,
    new_token,
    token_digest,
)

LIFETIME: Final = timedelta(minutes=20)
MAX_LINKS: Final = 3


@dataclass(frozen=True)
class ResetLink:
    """A link to be mailed. `token` exists here and in the mail only."""

    email: str
    name: str
    token: str


class Recovery:
    """Makes and takes codes and links."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def new_codes(self, user: User) -> list[str]:
        """Fresh recovery codes, to be shown once; the old ones stop working."""
        with self._core.db.write() as session:
            codes = replace_codes(session, user.id)
        log.info("made new recovery codes: person %d", user.id)
        return codes

    def reset_with_code(
        self, name: str, code: str, password: str, origin: Origin = NOWHERE
    ) -> None:
        """Set a new password with a recovery code or the administrator's code.

        Raises
        ------
        WeakPasswordError
            Before the code is looked at, so that it is not spent.
        WrongCodeError
            If the name does not exist or the code is not (or no longer) one of its codes.
        TooManyAttemptsError
            After too many failures from there, or for the name. Log-in is not affected by these.
        """
        check_password(password, name)
        self._core.throttles.begin("reset", name, origin)
        new_hash = self._core.hasher.hash(password)
        with self._core.db.write() as session:
            person = find_person(session, name, lock=True)
            if not _spend(session, person, code, self._core):
                log.warning("reset failed: %s", numbered(person))
                raise WrongCodeError("User name or code is wrong, or the code was used.")
            assert person is not None  # noqa: S101 (nobody has codes to spend)
            self._set_password(session, person, new_hash, origin)
        log.info("reset the password with a code: %s", numbered(person))

    def make_links(self, name_or_email: str) -> list[ResetLink]:
        """Tokens for every account with this name or address that has an address, 20 minutes.

        At most three are under way for an account, so that nobody's inbox can be flooded.
        """
        now = self._core.clock()
        links = []
        query = (
            select(Person)
            .where(
                or_(
                    Person.name_key == name_key(name_or_email),
                    Person.email_key == email_key(name_or_email),
                )
            )
            .where(Person.email.is_not(None), Person.guest.is_(False))
            .order_by(Person.id)
            .limit(10)
            .with_for_update()
        )
        with self._core.db.write() as session:
            for person in session.scalars(query).all():
                count = select(func.count()).where(
                    ResetToken.person_id == person.id, ResetToken.expires_at > now
                )
                if person.email and (session.scalar(count) or 0) < MAX_LINKS:
                    token = new_token()
                    _keep(session, person, token_digest(token), self._core)
                    links.append(ResetLink(person.email, person.name, token))
        return links

    def link_works(self, token: str) -> bool:
        """Whether a link could still be used; looking does not use it (mail filters look)."""
        query = select(ResetToken.id).where(
            ResetToken.token_hash == token_digest(token),
            ResetToken.expires_at > self._core.clock(),
        )
        with self._core.db.read() as session:
            return session.scalar(query) is not None

    def reset_with_link(self, token: str, password: str, origin: Origin = NOWHERE) -> None:
        """Set a new password with a mailed link.

        Raises
        ------
        WeakPasswordError
            Before the link is used, so that it is not spent.
        WrongCodeError
            If the link was used before or is older than 20 minutes.
        """
        digest = token_digest(token)
        now = self._core.clock()
        owner = select(Person.name).join(ResetToken).where(ResetToken.token_hash == digest)
        with self._core.db.read() as session:
            name = session.scalar(owner.where(ResetToken.expires_at > now)) or ""
        check_password(password, name)
        new_hash = self._core.hasher.hash(password)
        with self._core.db.write() as session:
            person = find_person(session, name, lock=True)
            spent = session.execute(
                delete(ResetToken)
                .where(ResetToken.token_hash == digest, ResetToken.expires_at > now)
                .returning(ResetToken.person_id)
            ).scalar()
            if person is None or spent != person.id:
                raise WrongCodeError("This link was used before, or it is older than 20 minutes.")
            self._set_password(session, person, new_hash, origin)
        log.info("reset the password with a link: %s", numbered(person))

    def admin_code(self, name: str, by: str = audit.COMMAND_LINE) -> str:
        """A code for somebody who has lost all of theirs; works once, for 20 minutes.

        Raises
        ------
        UnknownPersonError
            If nobody has the name.
        """
        with self._core.db.write() as session:
            person = find_person(session, name, lock=True)
            if person is None:
                raise UnknownPersonError(f"There is no account called {name!r}.")
            code = new_code()
            _keep(session, person, code_digest(code), self._core)
            audit.note(session, self._core, by, "made a reset code for", person.name)
        return code

    def _set_password(
        self, session: Session, person: Person, new_hash: str, origin: Origin
    ) -> None:
        person.password_hash = new_hash
        person.password_changed_at = self._core.clock()
        end_sessions(session, person.id)
        end_tokens(session, person.id)  # whoever knew the old password may have made some
        session.execute(delete(ResetToken).where(ResetToken.person_id == person.id))
        self._core.throttles.clear(session, person.name, origin)


def replace_codes(session: Session, person_id: int) -> list[str]:
    """Give a person new recovery codes within the caller's transaction."""
    codes = [new_code() for _ in range(CODES_EACH)]
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    session.add_all(RecoveryCode(person_id=person_id, code_hash=code_digest(c)) for c in codes)
    return codes


def forget_expired(session: Session, core: Core) -> None:
    """Drop links and codes whose 20 minutes are over."""
    session.execute(delete(ResetToken).where(ResetToken.expires_at <= core.clock()))


def _spend(session: Session, person: Person | None, code: str, core: Core) -> bool:
    """Use a code up; always asks both tables, also for nobody, so that it takes as long."""
    digest = code_digest(code)
    owner = person.id if person else None  # which no code has
    own = session.execute(
        delete(RecoveryCode)
        .where(RecoveryCode.person_id == owner, RecoveryCode.code_hash == digest)
        .returning(RecoveryCode.id)
    ).all()
    given = session.execute(
        delete(ResetToken)
        .where(ResetToken.person_id == owner, ResetToken.token_hash == digest)
        .where(ResetToken.expires_at > core.clock())
        .returning(ResetToken.id)
    ).all()
    return bool(own or given)


def _keep(session: Session, person: Person, digest: bytes, core: Core) -> None:
    session.add(
        ResetToken(person_id=person.id, token_hash=digest, expires_at=core.clock() + LIFETIME)
    )
