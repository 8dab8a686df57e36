"""From the tables of every release to today's, with something in them."""

import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Table, inspect, select

from genregenie.accounts import Accounts, open_accounts
from genregenie.accounts.results import Audio, Result
from genregenie.accounts.tables import Base
from genregenie.storage.database import Database
from tests.accounts.earlier import CLIP, COVER, LINK, REVISIONS, ROWS, TOKEN, fill
from tests.accounts.standins import CHEAP, Clock


def content(accounts: Accounts, table: Table, known: set[str]) -> list[dict[str, object]]:
    """The rows of a table, with the columns that are known to both."""
    names = [c for c in table.columns if c.name in known]
    with accounts.db.read() as session:
        order = list(table.primary_key)
        return [dict(row) for row in session.execute(select(*names).order_by(*order)).mappings()]


@pytest.mark.parametrize("revision", REVISIONS)
def test_of_every_release_all_is_taken_over(database_url: str, revision: str) -> None:
    db = Database(database_url)
    tables = fill(db, revision)
    db.close()
    accounts = open_accounts(database_url, CHEAP, Clock())
    # Every row with every value, but for what moved.
    for name in tables:
        table = Base.metadata.tables[name]
        expected = [row for row in ROWS[name] if (name, row.get("id")) != ("results", 9)]
        known = set.intersection(*(set(row) for row in expected)) & set(table.columns.keys())
        if revision < "0007":
            known -= {"role"}
        if revision < "0006":
            known -= {"share_cover"}
        if revision < "0005":
            known -= {"guest_clips"}
        assert content(accounts, table, known) == [
            {key: value for key, value in row.items() if key in known} for row in expected
        ]
    user = accounts.sessions.user_of(TOKEN)
    assert user is not None
    assert (user.id, user.name) == (3, "Ada")
    if "results" in tables:
        assert accounts.results.audio(3, 5) == Audio(CLIP, ".mp3")
        assert accounts.results.audio(3, 6) is None
        assert accounts.results.audio(3, 7) == Audio(b"\0", ".mp3")
        assert accounts.shares.cover(LINK) == (COVER if revision >= "0006" else None)
        held = sorted(blob.bytes for blob in accounts.blobs.each("audio/"))
        assert held == [1, len(CLIP)]
        number = accounts.results.keep(3, Result("new", None, "unsure", 0.5, 1.0, "{}"))
        assert number == 10  # no number is given twice
    with accounts.db.engine.connect() as connection:
        assert "audio" not in [c["name"] for c in inspect(connection).get_columns("results")]
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    accounts.close()


_START = """
import sys
from genregenie.accounts import open_accounts
from genregenie.accounts.passwords import HashCost
sys.stdin.readline()
accounts = open_accounts(sys.argv[1], HashCost(16, 1))
for number in range(5):
    accounts.people.sign_up(f"{sys.argv[2]}-{number}", "", "a calm indigo morning")
"""


@pytest.mark.slow
@pytest.mark.parametrize("revision", [None, "0007"])
def test_processes_starting_at_once_migrate_once(database_url: str, revision: str | None) -> None:
    if revision is not None:
        db = Database(database_url)
        fill(db, revision)
        db.close()
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", _START, database_url, f"process{n}"],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in range(3)
    ]
    for process in starts:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in starts:
        _, errors = process.communicate(timeout=60)
        assert errors == ""
        assert process.returncode == 0
    accounts = open_accounts(database_url, CHEAP)
    assert len(accounts.people.living()) == 15 + (0 if revision is None else 2)
    if revision is not None:
        assert accounts.results.audio(3, 5) == Audio(CLIP, ".mp3")
        assert len(list(accounts.blobs.each())) == 2
    accounts.close()
