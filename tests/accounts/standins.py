"""What account tests use: a clock moved by hand, a cheap hash, a count of what is kept."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from genregenie.accounts import Accounts
from genregenie.accounts.passwords import HashCost
from genregenie.accounts.tables import Base

CHEAP = HashCost(memory_kib=16, passes=1)


class Clock:
    """Stands still until moved; `ticks` is a second one, which cannot be set."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self._passed = 0.0

    def __call__(self) -> datetime:
        return self.now

    def ticks(self) -> float:
        return self._passed

    def move(self, **time: float) -> None:
        """Time goes by."""
        self.set(**time)
        self._passed += timedelta(**time).total_seconds()

    def set(self, **time: float) -> None:
        """Somebody sets the clock, on or back."""
        self.now += timedelta(**time)


def rows(accounts: Accounts) -> dict[str, int]:
    """How many rows each table has."""
    with accounts.db.read() as session:
        return {
            t.name: session.scalar(select(func.count()).select_from(t)) or 0
            for t in Base.metadata.sorted_tables
        }
