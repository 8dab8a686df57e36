"""Back-off after failures: free at first, then growing waits, forgotten after an hour of quiet.

Failures are counted by who made them, so that nobody can shut out anybody else: of whoever is
logged in by the session, of a browser that has been in before by that browser, of all others by
name and address. A wide cap on the name alone bounds what many addresses can do together; it stops
strangers only. Names that do not exist are treated alike, and all is kept as digests: people do
type passwords into name fields.

A clock that is set back lengthens no wait beyond what its own rule gives at most.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from genregenie.accounts.errors import TooManyAttemptsError, TooManySignupsError
from genregenie.accounts.names import name_key
from genregenie.accounts.origin import NOWHERE, Origin
from genregenie.accounts.tables import Throttle
from genregenie.storage.database import Database

FREE_TRIES: Final = 5
FREE_TRIES_ON_NAME: Final = 100
"""Failures for one name before strangers wait, wherever they are: NIST's limit."""
FIRST_WAIT_S: Final = 5
MAX_WAIT_S: Final = 15 * 60
FORGET_AFTER: Final = timedelta(hours=1)
_KINDS: Final = ("login", "reset")


@dataclass(frozen=True)
class _Rule:
    """What is counted under a key, and how many failures are free."""

    key: bytes
    free: int


class Throttles:
    """Counts failures of one kind (``login``, ``reset``)."""

    def __init__(self, db: Database, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._clock = clock

    def begin(self, kind: str, name: str, origin: Origin = NOWHERE) -> None:
        """Count a try before it is made, so that a hundred at once do not all go through.

        Raises
        ------
        TooManyAttemptsError
            While the wait is not over; such a refusal does not prolong it.
        """
        now = self._clock()
        with self._db.write() as session:
            rows = [
                (self._row(session, rule.key, now), rule) for rule in _rules(kind, name, origin)
            ]
            left = max(_left(row, now, wait_s(row.failures, rule.free)) for row, rule in rows)
            for row, rule in rows if left <= timedelta() else ():
                row.failures = 1 if now - row.last_at > FORGET_AFTER else row.failures + 1
                row.last_at = now
                row.blocked_until = now + timedelta(seconds=wait_s(row.failures, rule.free))
        if left > timedelta():
            raise TooManyAttemptsError(math.ceil(left.total_seconds()))

    def spend(self, session: Session, kind: str, what: str, most: int) -> None:
        """Count one of `most` that there may be in an hour, in the transaction of what is counted.

        Raises
        ------
        TooManySignupsError
        """
        now = self._clock()
        row = self._row(session, _digest(kind, what), now)
        # The hour ends in an hour at the latest, whatever the clock did meanwhile.
        row.blocked_until = min(row.blocked_until, now + FORGET_AFTER)
        if row.blocked_until <= now:
            row.failures, row.blocked_until = 0, now + FORGET_AFTER
        _expect_room(row, now, most)
        row.failures += 1
        row.last_at = now

    def look(self, kind: str, what: str, most: int) -> None:
        """What `spend` would say, without counting anything.

        Raises
        ------
        TooManySignupsError
        """
        with self._db.read() as session:
            row = session.get(Throttle, _digest(kind, what))
            if row is not None:
                _expect_room(row, self._clock(), most)

    def clear(self, session: Session, name: str, origin: Origin = NOWHERE) -> None:
        """Forget the failures for a name, in the transaction of what succeeded."""
        for kind in _KINDS:
            for who in (origin, Origin(origin.address)):
                for rule in _rules(kind, name, who):  # in the order that `begin` holds them in
                    session.execute(delete(Throttle).where(Throttle.key_hash == rule.key))

    def forget_old(self, session: Session) -> None:
        """Drop what no longer counts."""
        session.execute(delete(Throttle).where(Throttle.last_at < self._clock() - FORGET_AFTER))

    def _row(self, session: Session, key: bytes, now: datetime) -> Throttle:
        """The row of a key, made where there is none, and held until the transaction ends."""
        insert = sqlite.insert if self._db.is_sqlite else postgresql.insert
        fresh = {"key_hash": key, "failures": 0, "last_at": now, "blocked_until": now}
        # Updating the row with itself locks it, where "do nothing" would let a success that is
        # being stored elsewhere delete it under our hands.
        session.execute(
            insert(Throttle)
            .values(**fresh)
            .on_conflict_do_update(
                index_elements=[Throttle.key_hash], set_={"failures": Throttle.failures}
            )
        )
        return session.get_one(Throttle, key)


def _expect_room(row: Throttle, now: datetime, most: int) -> None:
    left = min(row.blocked_until - now, FORGET_AFTER)
    if row.failures >= most and left > timedelta():
        raise TooManySignupsError(math.ceil(left.total_seconds()))


def wait_s(failures: int, free: int = FREE_TRIES) -> int:
    """Seconds to wait after so many failures in a row, of which some are free."""
    if failures < free:
        return 0
    return int(min(FIRST_WAIT_S * 2 ** min(failures - free, 20), MAX_WAIT_S))


def _left(row: Throttle, now: datetime, most_s: int) -> timedelta:
    """How much of a wait is left; never more than its rule gives, whatever the clock says."""
    if now < row.last_at:  # the clock was set back, and the wait begins again
        row.last_at = now
        row.blocked_until = now + timedelta(seconds=most_s)
    return row.blocked_until - now


def _rules(kind: str, name: str, origin: Origin) -> list[_Rule]:
    if origin.session is not None:
        return [_Rule(_digest(kind, "session", origin.session), FREE_TRIES)]
    name = name_key(name)
    if origin.device is not None:
        return [_Rule(_digest(kind, "device", origin.device, name), FREE_TRIES)]
    return [
        _Rule(_digest(kind, "address", origin.address, name), FREE_TRIES),
        _Rule(_digest(kind, "name", name), FREE_TRIES_ON_NAME),
    ]


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()
