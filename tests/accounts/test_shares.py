import re

import pytest
from sqlalchemy import select, text

from genregenie.accounts import Accounts, shares
from genregenie.accounts.errors import NoRoomError
from genregenie.accounts.results import Result
from genregenie.accounts.tables import ResultRow

GOOD = "a calm indigo morning"
KEY = b"k" * 32


def newcomer(accounts: Accounts, name: str = "Ada") -> int:
    return accounts.people.sign_up(name, "", GOOD)[0].id


def keep(accounts: Accounts, person: int) -> int:
    number = accounts.results.keep(person, Result("Song", "jazz", "unsure", 0.5, 30, "{}"))
    assert number is not None
    return number


def make(accounts: Accounts, person: int, number: int) -> str:
    token = accounts.shares.make(person, number, KEY)
    assert token is not None
    return token


def test_nothing_is_shared_until_it_is_asked_for(accounts: Accounts) -> None:
    ada = newcomer(accounts)
    number = keep(accounts, ada)
    assert accounts.shares.token(ada, number, KEY) is None
    assert accounts.results.summaries(ada)[0].shared_at is None
    token = make(accounts, ada, number)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    found = accounts.shares.find(token)
    assert found is not None
    assert found.summary.id == number
    assert found.summary.shared_at is not None


def test_asking_again_gives_the_same_link_and_after_taking_back_a_new_one(
    accounts: Accounts,
) -> None:
    ada = newcomer(accounts)
    number = keep(accounts, ada)
    token = make(accounts, ada, number)
    assert make(accounts, ada, number) == token
    assert accounts.shares.token(ada, number, KEY) == token
    accounts.shares.take_back(ada, number)
    assert accounts.shares.find(token) is None
    assert accounts.results.summaries(ada)[0].shared_at is None
    newer = make(accounts, ada, number)
    assert newer != token
    assert accounts.shares.find(token) is None
    assert accounts.shares.find(newer) is not None


def test_others_see_a_cover_only_while_its_owner_says_so(accounts: Accounts) -> None:
    ada, bea = newcomer(accounts), newcomer(accounts, "Bea")
    number = keep(accounts, ada)
    most = b"c" * shares.MAX_COVER_BYTES
    assert not accounts.shares.show_cover(ada, number, most), "there is no page to show it on"
    token = make(accounts, ada, number)

    def seen() -> bytes | None:
        assert accounts.shares.find(token) is not None
        return accounts.shares.cover(token)

    assert seen() is None
    assert not accounts.shares.show_cover(bea, number, b"another")
    assert seen() is None
    assert accounts.shares.show_cover(ada, number, most)
    assert accounts.shares.shows_cover(ada, number)
    assert not accounts.shares.shows_cover(bea, number)
    assert seen() == most
    with pytest.raises(ValueError, match="40001 bytes"):
        accounts.shares.show_cover(ada, number, most + b"c")
    assert not accounts.shares.show_cover(ada, number, None)
    assert seen() is None
    accounts.shares.show_cover(ada, number, most)
    accounts.shares.take_back(ada, number)
    token = make(accounts, ada, number)
    assert seen() is None, "a new link begins without"


def test_a_link_dies_with_its_result(accounts: Accounts) -> None:
    ada = newcomer(accounts)
    token = make(accounts, ada, number := keep(accounts, ada))
    accounts.results.delete(ada, number)
    assert accounts.shares.find(token) is None


def test_links_differ_and_made_up_ones_find_nothing(accounts: Accounts) -> None:
    ada = newcomer(accounts)
    tokens = {make(accounts, ada, keep(accounts, ada)) for _ in range(5)}
    assert len(tokens) == 5
    for token in ("", "x", "A" * 43, "A" * 5000):
        assert accounts.shares.find(token) is None


def test_the_database_alone_opens_nothing(accounts: Accounts) -> None:
    ada = newcomer(accounts)
    token = make(accounts, ada, keep(accounts, ada))
    with accounts.db.read() as session:
        row = session.scalars(select(ResultRow)).one()
        stolen = [str(v) for v in session.execute(text("SELECT * FROM results")).one()]
        for secret in (row.share_seed, row.share_hash):
            assert secret is not None
            assert accounts.shares.find(secret.hex()) is None
    assert token not in " ".join(stolen)


def test_another_key_cannot_show_the_link_and_replaces_it(accounts: Accounts) -> None:
    ada = newcomer(accounts)
    token = make(accounts, ada, number := keep(accounts, ada))
    assert accounts.shares.token(ada, number, b"another") is None
    assert accounts.shares.find(token) is not None
    newer = accounts.shares.make(ada, number, b"another")
    assert newer not in (None, token)
    assert accounts.shares.find(token) is None


def test_there_is_an_end_to_links(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "MAX_SHARES", 2)
    ada = newcomer(accounts)
    first, second, third = (keep(accounts, ada) for _ in range(3))
    make(accounts, ada, first)
    make(accounts, ada, second)
    with pytest.raises(NoRoomError, match="Take a link back"):
        make(accounts, ada, third)
    accounts.shares.take_back(ada, first)
    make(accounts, ada, third)
