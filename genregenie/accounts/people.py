"""Signing up, logging in, changing a password, and leaving for good."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from genregenie.accounts.admission import EVERYBODY, Admission
from genregenie.accounts.core import (
    Core,
    Json,
    User,
    as_user,
    delete_person,
    find_person,
    in_iso,
    log,
    numbered,
)
from genregenie.accounts.daily import Daily
from genregenie.accounts.errors import NameTakenError, WrongCredentialsError
from genregenie.accounts.guests import take_over
from genregenie.accounts.names import check_email, check_name, email_key, name_key
from genregenie.accounts.origin import NOWHERE, Origin
from genregenie.accounts.passwords import check_password
from genregenie.accounts.recovery import replace_codes
from genregenie.accounts.sessions import Sessions, end_session, end_sessions
from genregenie.accounts.tables import Person, RecoveryCode
from genregenie.storage.database import ConstraintError

T = TypeVar("T")


@dataclass(frozen=True)
class Profile:
    """What the account page shows."""

    user: User
    email: str | None
    created_at: datetime
    password_changed_at: datetime | None
    codes_left: int


class People:
    """Accounts, from first to last day."""

    def __init__(self, core: Core, sessions: Sessions) -> None:
        self._core = core
        self._sessions = sessions
        self._daily = Daily(core)

    def sign_up(self, name: str, email: str, password: str) -> tuple[User, list[str]]:
        """Make an account with its recovery codes, which are shown now and never again.

        Raises
        ------
        InvalidNameError, InvalidEmailError, WeakPasswordError, NameTakenError
            With a text for the person.
        """
        user, codes, _ = self._make(name, email, password, lambda _session, _person: None)
        return user, codes

    def join(
        self,
        name: str,
        email: str,
        password: str,
        user_agent: str = "",
        old_token: str | None = None,
        admission: Admission = EVERYBODY,
    ) -> tuple[User, list[str], str]:
        """`sign_up` and `log_in` in one: the codes, and the token of a session.

        Raises
        ------
        InvalidNameError, InvalidEmailError, WeakPasswordError, NameTakenError
            With a text for the person.
        SignupClosedError, InvitationError, TooManySignupsError
            If there is no account for whoever asks, or none just now.
        """
        admission.look(self._core)  # before the work of a hash

        def enter(session: Session, person: Person) -> str:
            admission.use(self._core, session)
            return self._enter(session, person, user_agent, old_token)

        return self._make(name, email, password, enter)

    def log_in(
        self,
        name: str,
        password: str,
        user_agent: str = "",
        old_token: str | None = None,
        origin: Origin = NOWHERE,
    ) -> tuple[User, str]:
        """Check a password and start a session, ending the one this browser had.

        If that was a guest's, what the guest has comes along.

        Raises
        ------
        WrongCredentialsError
            If nobody has the name or the password is wrong: same words, same work.
        TooManyAttemptsError
            After too many failures from there, or for the name.
        """
        stored = self._verify(name, password, origin)
        outdated = self._core.hasher.outdated(stored)
        renewed = self._core.hasher.hash(password) if outdated else stored
        with self._core.write() as session:
            person = find_person(session, name, lock=True)
            # Between the check and now the password may have been reset, or the account deleted.
            if person is None or person.password_hash != stored:
                raise _wrong()
            person.password_hash = renewed
            self._core.throttles.clear(session, name, origin)
            token = self._enter(session, person, user_agent, old_token)
        log.info("logged in: %s", numbered(person))
        return as_user(person), token

    def confirm(self, user: User, password: str, origin: Origin = NOWHERE) -> None:
        """Ask a logged-in person for the password again, before something that matters.

        Raises
        ------
        WrongCredentialsError, TooManyAttemptsError
            As in `log_in`.
        """
        self._verify(user.name, password, origin)
        with self._core.db.write() as session:
            self._core.throttles.clear(session, user.name, origin)

    def change_password(
        self, user: User, old: str, new: str, user_agent: str = "", origin: Origin = NOWHERE
    ) -> str:
        """Replace the password, log every browser out, and this one in again: a new token.

        Raises
        ------
        WeakPasswordError, WrongCredentialsError, TooManyAttemptsError
            With a text for the person.
        """
        check_password(new, user.name)
        stored = self._verify(user.name, old, origin)
        new_hash = self._core.hasher.hash(new)
        with self._core.db.write() as session:
            person = find_person(session, user.name, lock=True)
            if person is None or person.id != user.id or person.password_hash != stored:
                raise _wrong()
            person.password_hash = new_hash
            person.password_changed_at = self._core.clock()
            self._core.throttles.clear(session, user.name, origin)
            end_sessions(session, person.id)
            token = self._sessions.start(session, person, user_agent)
        log.info("changed the password: person %d", user.id)
        return token

    def change_email(self, user: User, email: str, password: str, origin: Origin = NOWHERE) -> None:
        """Set or (when empty) remove the address that reset links go to.

        Raises
        ------
        InvalidEmailError, WrongCredentialsError, TooManyAttemptsError
            With a text for the person.
        """
        address = check_email(email)
        self.confirm(user, password, origin)
        with self._core.db.write() as session:
            person = session.get(Person, user.id)
            if person is not None:
                person.email = address
                person.email_key = email_key(address) if address else None
        log.info("changed the e-mail address: person %d", user.id)

    def delete(self, user: User) -> None:
        """Remove a person and, by the foreign keys, everything of theirs."""
        with self._core.write() as session:
            delete_person(session, user.id)
            self._core.throttles.clear(session, user.name)
        log.info("deleted: person %d", user.id)

    def profile(self, person_id: int) -> Profile | None:
        """What the account page shows, or None when the account is gone."""
        count = select(func.count()).where(RecoveryCode.person_id == person_id)
        with self._core.db.read() as session:
            person = session.get(Person, person_id)
            if person is None:
                return None
            return Profile(
                as_user(person),
                person.email,
                person.created_at,
                person.password_changed_at,
                session.scalar(count) or 0,
            )

    def living(self) -> set[int]:
        """The numbers of all people there are."""
        with self._core.db.read() as session:
            return set(session.scalars(select(Person.id)))

    def _make(
        self, name: str, email: str, password: str, then: Callable[[Session, Person], T]
    ) -> tuple[User, list[str], T]:
        """An account with its codes, and what comes of `then` in the same transaction."""
        name = check_name(name)
        address = check_email(email)
        check_password(password, name)
        person = Person(
            name=name,
            name_key=name_key(name),
            email=address,
            email_key=email_key(address) if address else None,
            password_hash=self._core.hasher.hash(password),
            created_at=self._core.clock(),
        )
        try:
            with self._core.write() as session:
                session.add(person)
                session.flush()
                codes = replace_codes(session, person.id)
                more = then(session, person)
        except ConstraintError:
            raise NameTakenError("This user name is taken. Please choose another.") from None
        log.info("signed up: %s", numbered(person))
        return as_user(person), codes, more

    def _enter(
        self, session: Session, person: Person, user_agent: str, old_token: str | None
    ) -> str:
        """Begin a session in the place of the one this browser had."""
        if old_token:
            take_over(session, person, old_token, self._core)
            end_session(session, old_token)
        return self._sessions.start(session, person, user_agent)

    def _verify(self, name: str, password: str, origin: Origin) -> str:
        """The stored hash, if the password belongs to it; counts the try before making it."""
        self._core.throttles.begin("login", name, origin)
        with self._core.db.read() as session:
            person = find_person(session, name)
            stored = person.password_hash if person else None
        if not self._core.hasher.verify(stored, password):
            log.warning("log-in failed: %s", numbered(person))
            self._daily.count_failure(person.id if person else None)
            raise _wrong()
        assert stored is not None  # noqa: S101 (verify says no without one)
        return stored


def _wrong() -> WrongCredentialsError:
    return WrongCredentialsError("The user name or the password is wrong.")


def section(session: Session, person_id: int) -> Json:
    """A person's section of their download."""
    person = session.get_one(Person, person_id)
    codes = session.scalars(select(RecoveryCode.id).where(RecoveryCode.person_id == person_id))
    return {
        "user_name": person.name,
        "email": person.email,
        "guest": person.guest,
        "created_at": in_iso(person.created_at),
        "password_changed_at": in_iso(person.password_changed_at),
        "recovery_codes_left": len(codes.all()),
    }
