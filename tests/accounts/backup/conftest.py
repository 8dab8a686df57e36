"""A server with something in every table, a backup of it, and an empty one."""

import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from genregenie.accounts import Accounts
from genregenie.accounts.feedback import Answer
from genregenie.accounts.opinions import StoredOpinion
from genregenie.accounts.results import Audio, Result
from genregenie.accounts.tables import DailyRow
from tests.accounts.backup.copies import GOOD, ODD, everything, made, opened
from tests.accounts.standins import Clock


@pytest.fixture
def full(accounts: Accounts, clock: Clock) -> Accounts:
    """With something in every table, of which the newest person and result are gone."""
    ada, _ = accounts.people.sign_up("Ada", "ada@example.org", GOOD)
    bob, _ = accounts.people.sign_up("Bob", "", GOOD)
    accounts.people.log_in("Ada", GOOD, "Firefox")
    accounts.guests.add()
    accounts.recovery.admin_code("Ada")
    accounts.opinions.say(ada.id, StoredOpinion("queen/radiogaga", "Queen", "rock", True))
    for person, genre in ((ada.id, "jazz"), (None, None)):
        numbers = bytes(range(256))
        accounts.feedback.give(person, Answer("rock", genre, "unsure", "v1", "Nina", numbers))
    for number in range(4):
        details = json.dumps({"name": ODD, "vector": [0.1 + 0.2, -1e300]}, ensure_ascii=False)
        kept = accounts.results.keep(ada.id, Result(ODD, None, "unsure", 1 / 3, 1e-9, details))
        assert kept is not None
        accounts.results.keep_audio(ada.id, kept, Audio(os.urandom(1000 * number + 1), ".mp3"))
    accounts.results.drop_audio(ada.id, 1)
    accounts.shares.make(ada.id, 2, b"key")
    accounts.shares.show_cover(ada.id, 2, b"\x89PNG\0")
    accounts.results.delete(ada.id, 4)
    accounts.invitations.make(25, 30, "Class 7b")
    accounts.access_tokens.bearer_of(
        accounts.access_tokens.make(ada, "a „script“", ("classify",), 30)
    )
    accounts.admin.promote("Ada")
    with accounts.db.write() as session:
        day = date(2026, 2, 28)
        session.add(DailyRow(person_id=bob.id, day=day, kind="uploaded", amount=2**40 + 1))
    accounts.people.sign_up("Cleo", "", GOOD)
    accounts.admin.delete_by_name("Cleo")
    clock.move(minutes=3, microseconds=7)
    with pytest.raises(Exception, match="wrong"):
        accounts.people.log_in("Ada", "no such password")
    filled = everything(accounts)
    assert all(filled.values())
    return accounts


@pytest.fixture
def sound_backup(full: Accounts, tmp_path: Path) -> Path:
    return made(full, tmp_path / "backups").path


@pytest.fixture
def empty(third_database_url: str, clock: Clock) -> Iterator[Accounts]:
    accounts = opened(third_database_url, clock)
    yield accounts
    accounts.close()
