"""The backup: all accounts in one file that works."""

import sqlite3
import stat
from pathlib import Path

import pytest

from genregenie.accounts import Accounts, open_accounts
from genregenie.accounts.backup import backup
from genregenie.accounts.tables import Person
from tests.accounts.standins import CHEAP

GOOD = "a calm indigo morning"


@pytest.mark.slow
def test_a_backup_is_a_database_one_can_go_on_with(accounts: Accounts, tmp_path: Path) -> None:
    who, codes = accounts.people.sign_up("Ada", "ada@example.org", GOOD)
    _, token = accounts.people.log_in("Ada", GOOD)
    for number in range(600):
        with accounts.db.write() as session:
            name = f"person{number}"
            now = accounts._core.clock()
            session.add(Person(name=name, name_key=name, created_at=now))
    target = tmp_path / "backup.sqlite3"
    assert backup(accounts.db, target) == 601
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir() if "backup" in p.name] == ["backup.sqlite3"]
    copy = open_accounts(f"sqlite:///{target}", CHEAP, accounts._core.clock)
    assert copy.sessions.user_of(token) == who
    copy.recovery.reset_with_code("Ada", codes[0], "seven loud orange evenings")
    copy.people.log_in("Ada", "seven loud orange evenings")
    copy.close()
    with sqlite3.connect(target) as check:
        assert check.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    check.close()


def test_a_backup_never_replaces_a_file(accounts: Accounts, tmp_path: Path) -> None:
    target = tmp_path / "backup.sqlite3"
    target.write_text("something dear")
    with pytest.raises(FileExistsError):
        backup(accounts.db, target)
    assert target.read_text() == "something dear"
