"""Back-off per name: free at first, then growing waits, forgotten after an hour of quiet.

By name and not by address, since behind a proxy everybody shares one address. Names that do not
exist are treated alike, and kept only as digests: people do type passwords into name fields.
"""

import hashlib
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from genregenie.accounts.errors import TooManyAttemptsError
from genregenie.accounts.names import name_key
from genregenie.accounts.tables import Throttle
from genregenie.storage.database import Database

FREE_TRIES: Final = 5
FIRST_WAIT_S: Final = 5
MAX_WAIT_S: Final = 15 * 60
FORGET_AFTER: Final = timedelta(hours=1)


class Throttles:
    """Counts failures of one kind (``login``, ``reset``) per name."""

    def __init__(self, db: Database, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._clock = clock

    def begin(self, kind: str, name: str) -> None:
        """Count a try before it is made, so that a hundred at once do not all go through.

        Raises
        ------
        TooManyAttemptsError
            While the wait for this name is not over; such a refusal does not prolong it.
        """
        now = self._clock()
        key = _digest(kind, name)
        with self._db.write() as session:
            insert = sqlite.insert if self._db.is_sqlite else postgresql.insert
            fresh = {"key_hash": key, "failures": 0, "last_at": now, "blocked_until": now}
            # Updating the row with itself locks it, where "do nothing" would let a success that
            # is being stored elsewhere delete it under our hands.
            session.execute(
                insert(Throttle)
                .values(**fresh)
                .on_conflict_do_update(
                    index_elements=[Throttle.key_hash], set_={"failures": Throttle.failures}
                )
            )
            row = session.get_one(Throttle, key)
            if now < row.blocked_until:
                raise TooManyAttemptsError(math.ceil((row.blocked_until - now).total_seconds()))
            row.failures = 1 if now - row.last_at > FORGET_AFTER else row.failures + 1
            row.last_at = now
            row.blocked_until = now + timedelta(seconds=wait_s(row.failures))

    def clear(self, session: Session, name: str) -> None:
        """Forget all failures of a name, in the transaction of what succeeded."""
        keys = [_digest(kind, name) for kind in ("login", "reset")]
        session.execute(delete(Throttle).where(Throttle.key_hash.in_(keys)))

    def forget_old(self, session: Session) -> None:
        """Drop what no longer counts."""
        session.execute(delete(Throttle).where(Throttle.last_at < self._clock() - FORGET_AFTER))


def wait_s(failures: int) -> int:
    """Seconds to wait after so many failures in a row."""
    if failures < FREE_TRIES:
        return 0
    return int(min(FIRST_WAIT_S * 2 ** min(failures - FREE_TRIES, 20), MAX_WAIT_S))


def _digest(kind: str, name: str) -> bytes:
    return hashlib.sha256(f"{kind}\0{name_key(name)}".encode()).digest()
