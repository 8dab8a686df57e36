"""All of the accounts behind one name: open it, use its parts, close it."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import URL, delete

from genregenie.accounts.core import MIGRATIONS, Core, utc_now
from genregenie.accounts.feedback import Feedback
from genregenie.accounts.guests import Guests
from genregenie.accounts.opinions import Opinions
from genregenie.accounts.passwords import HashCost, Hasher
from genregenie.accounts.people import People
from genregenie.accounts.recovery import Recovery, forget_expired
from genregenie.accounts.results import Results
from genregenie.accounts.sessions import Sessions
from genregenie.accounts.shares import Shares
from genregenie.accounts.tables import LoginSession
from genregenie.accounts.throttle import Throttles
from genregenie.common import settings
from genregenie.storage.database import Database, DatabaseError, sqlite_url


class Accounts:
    """Everything that can be done with people.

    `people`, `guests`, `sessions` and `recovery`; and what they keep and said: `opinions`,
    `results`, `shares`, `feedback`.
    """

    def __init__(
        self, db: Database, hasher: Hasher, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.db = db
        self._core = Core(db, hasher, clock, Throttles(db, clock))
        self.sessions = Sessions(self._core)
        self.people = People(self._core, self.sessions)
        self.guests = Guests(self._core, self.sessions)
        self.recovery = Recovery(self._core)
        self.opinions = Opinions(self._core)
        self.results = Results(self._core)
        self.shares = Shares(self._core)
        self.feedback = Feedback(self._core)

    def tidy(self) -> None:
        """Remove what has run out: sessions, links, failures, guests. Call it now and then."""
        with self.db.write() as session:
            now = self._core.clock()
            session.execute(delete(LoginSession).where(LoginSession.expires_at <= now))
            forget_expired(session, self._core)
            self._core.throttles.forget_old(session)
        self.guests.clear()

    def close(self) -> None:
        """Hand the database connections back."""
        self.db.close()


def open_accounts(
    url: URL | str | None = None,
    cost: HashCost | None = None,
    clock: Callable[[], datetime] = utc_now,
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

    Raises
    ------
    SettingsError
        If the data folder, or the SQLite file in it, cannot be used.
    DatabaseError
        If another database cannot be used.
    """
    url = url or settings.database_url()
    variable = "DATABASE_URL" if url else "GENREGENIE_DATA_DIR"
    db = Database(url or sqlite_url(settings.ready_data_dir()))
    try:
        db.upgrade(MIGRATIONS)
    except DatabaseError as error:
        db.close()
        if not db.is_sqlite:
            raise
        raise settings.SettingsError(
            f"The database {db.url.database} cannot be used: {error.detail}. "
            f"Make room or repair it, or set {variable} to another."
        ) from None
    return Accounts(db, Hasher(cost), clock)
