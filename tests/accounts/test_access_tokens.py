"""Access tokens: made, shown once, recognised, and ended in every way there is."""

import itertools
import json
import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from genregenie.accounts import Accounts
from genregenie.accounts.access_tokens import (
    DAYS,
    LISTED,
    MAX_NAME_LENGTH,
    MAX_TOKENS,
    PREFIX,
    SCOPES,
    TOUCH_EVERY,
    has_shape,
)
from genregenie.accounts.core import User
from genregenie.accounts.errors import AccountError, AccountNeededError, InvalidTokenNameError
from genregenie.accounts.export import export_person
from genregenie.accounts.tokens import new_token
from genregenie.common.limits import GuestLimits
from tests.accounts.standins import Clock

GOOD = "a calm indigo morning"
NEW = "seven loud orange evenings"


@pytest.fixture
def ada(accounts: Accounts) -> User:
    return accounts.people.sign_up("Ada", "", GOOD)[0]


@pytest.mark.parametrize(
    "scopes", [c for n in (1, 2, 3) for c in itertools.combinations(SCOPES, n)], ids=" ".join
)
def test_a_token_is_for_what_was_chosen(
    accounts: Accounts, ada: User, scopes: tuple[str, ...]
) -> None:
    token = accounts.access_tokens.make(ada, "a script", scopes, 30)
    bearer = accounts.access_tokens.bearer_of(token)
    assert bearer is not None
    assert (bearer.user, bearer.scopes) == (ada, frozenset(scopes))
    assert [line.scopes for line in accounts.access_tokens.of(ada.id)] == [scopes]


def test_it_is_kept_as_a_digest_alone(accounts: Accounts, ada: User) -> None:
    token = accounts.access_tokens.make(ada, "a script", SCOPES, 30)
    assert re.fullmatch(r"ggt_[A-Za-z0-9_-]{43}", token)
    assert token not in repr(accounts.access_tokens.bearer_of(token))
    with accounts.db.read() as session:
        for table in ("access_tokens", "audit"):
            rows = [tuple(row) for row in session.execute(text(f"SELECT * FROM {table}"))]  # noqa: S608
            assert rows
            assert token not in repr(rows)
            assert token.removeprefix(PREFIX) not in repr(rows)


@pytest.mark.parametrize("days", DAYS)
def test_it_ends_on_its_day(accounts: Accounts, ada: User, clock: Clock, days: int) -> None:
    token = accounts.access_tokens.make(ada, "a script", SCOPES, days)
    clock.move(days=days, seconds=-1)
    assert accounts.access_tokens.bearer_of(token) is not None
    assert accounts.living([token]) == {token}
    clock.move(seconds=1)
    assert accounts.access_tokens.bearer_of(token) is None
    assert accounts.living([token]) == frozenset()
    assert [line.expired for line in accounts.access_tokens.of(ada.id)] == [True]


def test_what_has_expired_is_listed_for_a_while(
    accounts: Accounts, ada: User, clock: Clock
) -> None:
    accounts.access_tokens.make(ada, "a script", SCOPES, 7)
    clock.move(seconds=(timedelta(days=7) + LISTED).total_seconds())
    accounts.tidy()
    assert len(accounts.access_tokens.of(ada.id)) == 1
    clock.move(seconds=1)
    accounts.tidy()
    assert accounts.access_tokens.of(ada.id) == []


def test_only_its_person_can_revoke_it(accounts: Accounts, ada: User) -> None:
    bea, _ = accounts.people.sign_up("Bea", "", GOOD)
    token = accounts.access_tokens.make(ada, "a script", SCOPES, 30)
    (line,) = accounts.access_tokens.of(ada.id)
    assert not accounts.access_tokens.revoke(bea, line.id)
    assert accounts.access_tokens.bearer_of(token) is not None
    assert accounts.access_tokens.revoke(ada, line.id)
    assert accounts.access_tokens.bearer_of(token) is None
    assert not accounts.access_tokens.revoke(ada, line.id)
    told = [(e.actor, e.action, e.subject, e.detail) for e in accounts.audit.last(10)]
    assert told == [
        ("Ada", "revoked a token", "Ada", f"number {line.id}"),
        ("Ada", "made a token", "Ada", f"number {line.id}: classify, history, feedback; days: 30"),
    ]


def test_a_new_password_ends_it_where_the_old_one_was_not_known(accounts: Accounts) -> None:
    ada, codes = accounts.people.sign_up("Ada", "", GOOD)
    token = accounts.access_tokens.make(ada, "a script", SCOPES, 30)
    accounts.people.change_password(ada, GOOD, NEW)
    accounts.sessions.end_all(ada)
    assert accounts.access_tokens.bearer_of(token) is not None
    accounts.recovery.reset_with_code("Ada", codes[0], GOOD)
    assert accounts.access_tokens.bearer_of(token) is None


def test_an_administrator_ends_it_with_the_sessions(accounts: Accounts, ada: User) -> None:
    token = accounts.access_tokens.make(ada, "a script", SCOPES, 30)
    accounts.admin.end_sessions(ada.id, "the administrator")
    assert accounts.access_tokens.bearer_of(token) is None


def test_it_goes_with_the_account(accounts: Accounts, ada: User) -> None:
    token = accounts.access_tokens.make(ada, "a script", SCOPES, 30)
    accounts.people.delete(ada)
    assert accounts.access_tokens.bearer_of(token) is None
    with pytest.raises(AccountNeededError):
        accounts.access_tokens.make(ada, "another", SCOPES, 30)


def test_guests_have_none(accounts: Accounts) -> None:
    guest, _ = accounts.guests.add(GuestLimits())
    with pytest.raises(AccountNeededError):
        accounts.access_tokens.make(guest, "a script", SCOPES, 30)


@pytest.mark.parametrize(
    ("name", "scopes", "days", "error"),
    [
        ("", SCOPES, 30, InvalidTokenNameError),
        (" \0\n", SCOPES, 30, InvalidTokenNameError),
        ("x" * (MAX_NAME_LENGTH + 1), SCOPES, 30, InvalidTokenNameError),
        ("x", (), 30, AccountError),
        ("x", ("classify", "everything"), 30, AccountError),
        ("x", SCOPES, 31, AccountError),
        ("x", SCOPES, 0, AccountError),
        ("x", SCOPES, -7, AccountError),
    ],
)
def test_what_is_no_token_is_said(
    accounts: Accounts,
    ada: User,
    name: str,
    scopes: tuple[str, ...],
    days: int,
    error: type[AccountError],
) -> None:
    with pytest.raises(error) as told:
        accounts.access_tokens.make(ada, name, scopes, days)
    assert str(told.value).endswith(".")
    assert accounts.access_tokens.of(ada.id) == []


def test_there_are_only_so_many(accounts: Accounts, ada: User) -> None:
    for number in range(MAX_TOKENS):
        accounts.access_tokens.make(ada, f"script {number}", SCOPES, 30)
    with pytest.raises(AccountError, match="Remove one first"):
        accounts.access_tokens.make(ada, "one more", SCOPES, 30)
    newest = accounts.access_tokens.of(ada.id)[0]
    assert newest.name == f"script {MAX_TOKENS - 1}"
    accounts.access_tokens.revoke(ada, newest.id)
    accounts.access_tokens.make(ada, "one more", SCOPES, 30)


def test_last_use_is_noted_now_and_then(accounts: Accounts, ada: User, clock: Clock) -> None:
    token = accounts.access_tokens.make(ada, "a script", SCOPES, 30)

    def used() -> object:
        return accounts.access_tokens.of(ada.id)[0].last_used_at

    assert used() is None
    accounts.access_tokens.bearer_of(token)
    first = used()
    assert first == clock()
    clock.move(seconds=TOUCH_EVERY.total_seconds())
    accounts.access_tokens.bearer_of(token)
    assert used() == first
    clock.move(seconds=1)
    accounts.access_tokens.bearer_of(token)
    assert used() == clock()


def test_it_is_in_its_persons_download_without_the_secret(
    accounts: Accounts, ada: User, clock: Clock
) -> None:
    token = accounts.access_tokens.make(ada, "a script", ("history",), 7)
    told = export_person(accounts.db, accounts.blobs, ada.id)["access_tokens"]
    (line,) = told  # type: ignore[misc]
    assert line["name"] == "a script"
    assert line["scopes"] == ["history"]
    assert line["last_used_at"] is None
    assert token not in json.dumps(told)


def test_secrets_of_browsers_and_programs_live_side_by_side(accounts: Accounts, ada: User) -> None:
    token = accounts.access_tokens.make(ada, "a script", SCOPES, 30)
    _, session = accounts.people.log_in("Ada", GOOD)
    unknown = {PREFIX + new_token(), new_token()}
    assert accounts.living({token, session, *unknown}) == {token, session}


@given(st.text())
def test_nothing_but_a_token_has_its_shape(anything: str) -> None:
    rest = anything.removeprefix(PREFIX)
    fits = anything.startswith(PREFIX) and len(rest) == 43
    assert has_shape(anything) <= (fits and rest.isascii())
    assert has_shape(PREFIX + new_token())
    assert not has_shape(PREFIX + new_token() + "\n")
