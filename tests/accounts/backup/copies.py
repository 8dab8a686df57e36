"""Backups that tests make, and what is compared."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from genregenie.accounts import Accounts, open_accounts
from genregenie.accounts.backup.check import Checked, Checker, find
from genregenie.accounts.backup.write import Written, backup, lasting_tables
from tests.accounts.standins import CHEAP, Clock

GOOD = "a calm indigo morning"
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
ODD = "Sigur Rós \u2028 \N{FIRE}\n\t\"quoted\" \\ 'x'"


def made(accounts: Accounts, folder: Path, minutes: int = 0, **options: Any) -> Written:
    now = NOW + timedelta(minutes=minutes)
    return backup(accounts.db, accounts.blobs, folder, now, **options)


def checked(folder: Path) -> list[Checked]:
    checker = Checker()
    return [checker.check(path) for path in find(folder)]


def everything(accounts: Accounts) -> dict[str, list[dict[str, Any]]]:
    """All rows with all values, and what is kept as blobs."""
    with accounts.db.read() as session:
        rows = {
            table.name: [
                dict(row)
                for row in session.execute(
                    select(table).order_by(*table.primary_key.columns)
                ).mappings()
            ]
            for table in lasting_tables()
        }
    rows["blobs"] = [
        {"key": blob.key, "content": accounts.blobs.get(blob.key)}
        for blob in sorted(accounts.blobs.each("audio/"), key=lambda b: b.key)
    ]
    return rows


def opened(url: str, clock: Clock) -> Accounts:
    return open_accounts(url, CHEAP, clock, clock.ticks)
