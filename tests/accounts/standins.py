"""What account tests use in place of the real thing: a clock moved by hand, a cheap hash."""

from datetime import UTC, datetime, timedelta

from genregenie.accounts.passwords import HashCost

CHEAP = HashCost(memory_kib=16, passes=1)


class Clock:
    """Stands still until moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **time: float) -> None:
        self.now += timedelta(**time)
