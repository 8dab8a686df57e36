"""All of the accounts behind one name: open it, use its parts, close it."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import URL, delete, false, make_url, select
from sqlalchemy.exc import ArgumentError

from genregenie.accounts import access_tokens, audit, daily, invitations, kept_audio, retention
from genregenie.accounts.access_tokens import PREFIX, AccessTokens
from genregenie.accounts.admin import Administration
from genregenie.accounts.audit import Audit
from genregenie.accounts.clock import ClockWatch
from genregenie.accounts.core import MIGRATIONS, Core, utc_now
from genregenie.accounts.daily import Daily
from genregenie.accounts.feedback import Feedback
from genregenie.accounts.guests import Guests
from genregenie.accounts.invitations import Invitations
from genregenie.accounts.opinions import Opinions
from genregenie.accounts.passwords import HashCost, Hasher
from genregenie.accounts.people import People
from genregenie.accounts.recovery import Recovery, forget_expired
from genregenie.accounts.results import Results
from genregenie.accounts.sessions import Sessions
from genregenie.accounts.shares import Shares
from genregenie.accounts.tables import Base, LoginSession
from genregenie.accounts.throttle import Throttles
from genregenie.common import services, settings
from genregenie.storage.blob_stores import open_blobs
from genregenie.storage.blobs import BlobError, Blobs
from genregenie.storage.database import Database, DatabaseError, sqlite_url
from genregenie.storage.database_blobs import DatabaseBlobs


class Accounts:
    """Everything that can be done with people; `db` and `blobs` is where it is kept.

    `people`, `guests`, `sessions`, `access_tokens` and `recovery`; and what they keep and said:
    `opinions`, `results`, `shares`, `feedback`. `daily` counts what they do, and for those who look
    after the server there are `invitations`, `admin` and `audit`.
    """

    def __init__(
        self,
        db: Database,
        hasher: Hasher,
        clock: Callable[[], datetime] = utc_now,
        ticks: Callable[[], float] = time.monotonic,
        blobs: Blobs | None = None,
    ) -> None:
        self.db = db
        self.blobs = blobs or DatabaseBlobs(db, clock)
        watch, throttles = ClockWatch(clock, ticks), Throttles(db, clock)
        self._core = Core(db, hasher, clock, watch, throttles, self.blobs)
        self._sweeper = kept_audio.Sweeper(self._core, ticks)
        self.sessions = Sessions(self._core)
        self.access_tokens = AccessTokens(self._core)
        self.people = People(self._core, self.sessions)
        self.guests = Guests(self._core, self.sessions)
        self.recovery = Recovery(self._core)
        self.opinions = Opinions(self._core)
        self.results = Results(self._core)
        self.shares = Shares(self._core)
        self.feedback = Feedback(self._core)
        self.daily = Daily(self._core)
        self.invitations = Invitations(self._core)
        self.audit = Audit(self._core)
        self.admin = Administration(self._core)

    def living(self, secrets: Iterable[str]) -> frozenset[str]:
        """Those of these secrets, of browsers and of programs, that still let somebody in."""
        tokens, sessions = set[str](), set[str]()
        for secret in secrets:
            (tokens if secret.startswith(PREFIX) else sessions).add(secret)
        found = self.sessions.living(sessions) if sessions else frozenset()
        return found | (self.access_tokens.living(tokens) if tokens else frozenset())

    def tidy(self, keep_days: int | None = None) -> None:
        """Remove what has run out: sessions, links, failures, guests. Call it now and then.

        What people heard more than `keep_days` ago goes as well.

        Right after the clock has jumped nothing is: what has run out is refused all the same, and
        what has not is there again when the clock is put right.
        """
        if not self._core.watch.settled():
            return
        with self.db.write() as session:
            now = self._core.clock()
            session.execute(delete(LoginSession).where(LoginSession.expires_at <= now))
            forget_expired(session, self._core)
            self._core.throttles.forget_old(session)
            for part in (access_tokens, audit, daily, invitations):
                part.forget_old(session, self._core)
        self.guests.clear()
        if keep_days is not None:
            retention.forget_older(self._core, keep_days)
        self._sweeper.sweep()

    def close(self) -> None:
        """Hand the database connections back."""
        self.db.close()


def open_accounts(
    url: URL | str | None = None,
    cost: HashCost | None = None,
    clock: Callable[[], datetime] = utc_now,
    ticks: Callable[[], float] = time.monotonic,
) -> Accounts:
    """Open the accounts, with the schema brought up to date.

    Parameters
    ----------
    url : URL or str, optional
        The database; by default what the environment says, else SQLite in the data folder.
    cost : HashCost, optional
        Parameters of argon2id; cheaper ones are for tests only.
    clock : callable
        Gives the current time in UTC.
    ticks : callable
        Gives seconds that go on whatever that clock does.

    Raises
    ------
    SettingsError
        If the data folder, the database or the place of blobs cannot be used; the message says why
        in one line.
    """
    place = services.blob_place()
    url = url or settings.database_url()
    variable = "DATABASE_URL" if url else "GENREGENIE_DATA_DIR"
    url = url or sqlite_url(settings.ready_data_dir())
    try:
        db = Database(url)
        try:
            db.upgrade(MIGRATIONS)
            _try_out(db)
            blobs = open_blobs(db, place, clock)
        except (DatabaseError, BlobError):
            db.close()
            raise
    except DatabaseError as error:
        raise settings.SettingsError(_trouble(url, error, variable)) from None
    except BlobError as error:
        message = f"{error} Mend that, or set GENREGENIE_BLOBS to another place."
        raise settings.SettingsError(message) from None
    return Accounts(db, Hasher(cost), clock, ticks, blobs)


def _try_out(db: Database) -> None:
    """See that each table is there, and that it may be written: nothing is, yet."""
    with db.write() as session:
        for table in Base.metadata.sorted_tables:
            session.execute(select(table).where(false()))
            session.execute(delete(table).where(false()))


def _trouble(url: URL | str, error: DatabaseError, variable: str) -> str:
    # People's names are in no statement so far; of what servers say, the first line has the cause.
    said = " ".join(error.detail.partition("\n")[0].split()).rstrip(".")
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        return f"{variable} is no address of a database."
    if password := address.password:
        said = said.replace(password, "...")
    if address.get_backend_name() == "sqlite":
        what, mend = f"The database {address.database}", "Make room or repair it, or set"
    else:
        what, mend = "The database that DATABASE_URL names", "Start or repair it, or set"
    return f"{what} cannot be used: {said}. {mend} {variable} to another."
