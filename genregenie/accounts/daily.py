"""What is counted by the day: uploads, which have a quota, and log-ins that fail.

Days are those of UTC. A month is kept.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from genregenie.accounts.core import Core, Json, take_turns
from genregenie.accounts.errors import UploadQuotaError
from genregenie.accounts.tables import DailyRow, Person

FAILED: Final = "failed log-ins"
UPLOADED: Final = "uploaded bytes"
KEPT: Final = timedelta(days=31)
_NOBODYS_TURN: Final = 0x6461696C79


@dataclass(frozen=True)
class FailedLogins:
    """How often a log-in failed on a day. `name` is None for names that are no account."""

    name: str | None
    times: int


class Daily:
    """Counts, and says what was counted."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def count_upload(self, person_id: int, size: int, most: int) -> None:
        """Count an upload of so many bytes before it is read.

        Raises
        ------
        UploadQuotaError
            If that would be more than `most` bytes in a day.
        """
        with self._core.db.write() as session:
            if not self._add(session, UPLOADED, person_id, size, most):
                now = self._core.clock()
                midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
                raise UploadQuotaError(most, round((midnight - now).total_seconds()))

    def uncount_upload(self, person_id: int, size: int) -> None:
        """Count an upload that ended early by so many bytes less."""
        with self._core.db.write() as session:
            self._add(session, UPLOADED, person_id, -size)

    def uploaded_today(self, person_id: int) -> int:
        """Bytes that a person has uploaded today."""
        with self._core.db.read() as session:
            return today(session, self._core, UPLOADED).get(person_id, 0)

    def count_failure(self, person_id: int | None) -> None:
        """Count a log-in that has failed; of nobody, if no account has the name."""
        with self._core.db.write() as session:
            self._add(session, FAILED, person_id, 1)

    def failures(self, day: date) -> list[FailedLogins]:
        """Log-ins that failed on a day, the most first."""
        query = (
            select(Person.name, DailyRow.amount)
            .outerjoin(Person, Person.id == DailyRow.person_id)
            .where(DailyRow.day == day, DailyRow.kind == FAILED)
            .order_by(DailyRow.amount.desc(), Person.name)
        )
        with self._core.db.read() as session:
            return [FailedLogins(name, amount) for name, amount in session.execute(query)]

    def _add(
        self,
        session: Session,
        kind: str,
        person_id: int | None,
        amount: int,
        most: int | None = None,
    ) -> bool:
        if person_id is None:
            take_turns(self._core.db, session, _NOBODYS_TURN)
        elif session.get(Person, person_id, with_for_update=True) is None:
            return True  # whoever it was is gone
        owner = DailyRow.person_id
        day = self._core.clock().date()
        row = session.scalars(
            select(DailyRow)
            .where(owner.is_(None) if person_id is None else owner == person_id)
            .where(DailyRow.day == day, DailyRow.kind == kind)
        ).first()
        if row is None:
            row = DailyRow(person_id=person_id, day=day, kind=kind, amount=0)
            session.add(row)
        if most is not None and row.amount + amount > most:
            return False
        row.amount = max(row.amount + amount, 0)  # a new day may have begun meanwhile
        return True


def today(session: Session, core: Core, kind: str) -> dict[int, int]:
    """What was counted today, by person."""
    query = select(DailyRow.person_id, func.sum(DailyRow.amount)).where(
        DailyRow.day == core.clock().date(), DailyRow.kind == kind, DailyRow.person_id.is_not(None)
    )
    found = session.execute(query.group_by(DailyRow.person_id))
    return {person_id: int(amount) for person_id, amount in found if person_id is not None}


def forget_old(session: Session, core: Core) -> None:
    """Drop what is older than a month."""
    session.execute(delete(DailyRow).where(DailyRow.day < (core.clock() - KEPT).date()))


def section(session: Session, person_id: int) -> Json:
    """A person's section of their download."""
    query = select(DailyRow).where(DailyRow.person_id == person_id).order_by(DailyRow.id)
    return [
        {"day": row.day.isoformat(), "what": row.kind, "amount": row.amount}
        for row in session.scalars(query)
    ]
