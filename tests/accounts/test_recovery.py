import pytest
from sqlalchemy import select

from genregenie.accounts import Accounts
from genregenie.accounts.errors import (
    TooManyAttemptsError,
    UnknownPersonError,
    WeakPasswordError,
    WrongCodeError,
    WrongCredentialsError,
)
from genregenie.accounts.passwords import Hasher
from genregenie.accounts.tables import ResetToken
from genregenie.accounts.throttle import FREE_TRIES
from tests.accounts.standins import Clock

GOOD = "a calm indigo morning"
NEW = "seven loud orange evenings"


@pytest.fixture
def codes(accounts: Accounts) -> list[str]:
    return accounts.people.sign_up("Ada", "ada@example.org", GOOD)[1]


@pytest.mark.parametrize("spelling", ["{}", " {} ", "lower", "spaces", "lookalikes"])
def test_a_code_sets_a_new_password(accounts: Accounts, codes: list[str], spelling: str) -> None:
    _, token = accounts.people.log_in("Ada", GOOD)
    code = {
        "lower": codes[0].lower(),
        "spaces": codes[0].replace("-", " "),
        "lookalikes": codes[0].replace("0", "o").replace("1", "l"),
    }.get(spelling, spelling.format(codes[0]))
    accounts.recovery.reset_with_code("ada", code, NEW)
    assert accounts.sessions.user_of(token) is None
    with pytest.raises(WrongCredentialsError):
        accounts.people.log_in("Ada", GOOD)
    who, _ = accounts.people.log_in("Ada", NEW)
    profile = accounts.people.profile(who.id)
    assert profile is not None
    assert profile.codes_left == 7
    assert len(accounts.sessions.of(who.id)) == 1  # the reset itself logged nobody in


def test_a_code_works_once(accounts: Accounts, codes: list[str]) -> None:
    accounts.recovery.reset_with_code("Ada", codes[0], NEW)
    with pytest.raises(WrongCodeError):
        accounts.recovery.reset_with_code("Ada", codes[0], GOOD)
    accounts.recovery.reset_with_code("Ada", codes[1], GOOD)


def test_a_code_is_for_its_owner_only(accounts: Accounts, codes: list[str]) -> None:
    accounts.people.sign_up("Eve", "", GOOD)
    with pytest.raises(WrongCodeError):
        accounts.recovery.reset_with_code("Eve", codes[0], NEW)
    accounts.recovery.reset_with_code("Ada", codes[0], NEW)


def test_a_weak_password_does_not_spend_the_code(accounts: Accounts, codes: list[str]) -> None:
    with pytest.raises(WeakPasswordError):
        accounts.recovery.reset_with_code("Ada", codes[0], "password1")
    accounts.recovery.reset_with_code("Ada", codes[0], NEW)


@pytest.mark.parametrize("name", ["Ada", "Nobody"])
def test_wrong_codes_get_the_same_words_and_work_for_any_name(
    accounts: Accounts, codes: list[str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    real = Hasher.hash
    monkeypatch.setattr(Hasher, "hash", lambda s, p: hashed.append(p) or real(s, p))
    for code in ("", "AAAA-BBBB-CCCC-DDDD"):
        with pytest.raises(WrongCodeError, match="User name or code is wrong"):
            accounts.recovery.reset_with_code(name, code, NEW)
    assert hashed == [NEW, NEW]


@pytest.mark.parametrize("name", ["Ada", "Nobody"])
def test_guessing_codes_is_slowed_down_and_locks_nobody_out(
    accounts: Accounts, codes: list[str], name: str, clock: Clock
) -> None:
    for _ in range(FREE_TRIES):
        with pytest.raises(WrongCodeError):
            accounts.recovery.reset_with_code(name, "AAAA-BBBB-CCCC-DDDD", NEW)
    with pytest.raises(TooManyAttemptsError):
        accounts.recovery.reset_with_code(name, codes[0], NEW)
    accounts.people.log_in("Ada", GOOD)
    clock.move(minutes=1)
    accounts.recovery.reset_with_code("Ada", codes[0], NEW)


def test_guessing_passwords_does_not_block_the_way_back(
    accounts: Accounts, codes: list[str]
) -> None:
    for _ in range(FREE_TRIES):
        with pytest.raises(WrongCredentialsError):
            accounts.people.log_in("Ada", NEW)
    with pytest.raises(TooManyAttemptsError):
        accounts.people.log_in("Ada", GOOD)
    accounts.recovery.reset_with_code("Ada", codes[0], NEW)
    accounts.people.log_in("Ada", NEW)


def test_new_codes_replace_the_old_ones(accounts: Accounts, codes: list[str]) -> None:
    who, _ = accounts.people.log_in("Ada", GOOD)
    fresh = accounts.recovery.new_codes(who)
    assert not set(fresh) & set(codes)
    with pytest.raises(WrongCodeError):
        accounts.recovery.reset_with_code("Ada", codes[0], NEW)
    accounts.recovery.reset_with_code("Ada", fresh[0], NEW)


@pytest.mark.parametrize("account", ["ada", "ADA@example.org"])
def test_a_link_works_once_and_ends_all_sessions(
    accounts: Accounts, codes: list[str], account: str
) -> None:
    _, token = accounts.people.log_in("Ada", GOOD)
    (link,) = accounts.recovery.make_links(account)
    assert (link.email, link.name) == ("ada@example.org", "Ada")
    assert accounts.recovery.link_works(link.token)
    assert accounts.recovery.link_works(link.token)
    accounts.recovery.reset_with_link(link.token, NEW)
    assert accounts.sessions.user_of(token) is None
    assert not accounts.recovery.link_works(link.token)
    with pytest.raises(WrongCodeError):
        accounts.recovery.reset_with_link(link.token, GOOD)
    accounts.people.log_in("Ada", NEW)


def test_a_link_lives_twenty_minutes(accounts: Accounts, codes: list[str], clock: Clock) -> None:
    (link,) = accounts.recovery.make_links("Ada")
    clock.move(minutes=19, seconds=59)
    assert accounts.recovery.link_works(link.token)
    clock.move(seconds=1)
    assert not accounts.recovery.link_works(link.token)
    with pytest.raises(WrongCodeError):
        accounts.recovery.reset_with_link(link.token, NEW)
    accounts.tidy()
    with accounts.db.read() as session:
        assert session.scalars(select(ResetToken)).all() == []


def test_using_one_link_ends_the_others(accounts: Accounts, codes: list[str]) -> None:
    (one,) = accounts.recovery.make_links("Ada")
    (two,) = accounts.recovery.make_links("Ada")
    accounts.recovery.reset_with_link(one.token, NEW)
    assert not accounts.recovery.link_works(two.token)


def test_a_weak_password_does_not_spend_the_link(accounts: Accounts, codes: list[str]) -> None:
    (link,) = accounts.recovery.make_links("Ada")
    with pytest.raises(WeakPasswordError):
        accounts.recovery.reset_with_link(link.token, "password1")
    accounts.recovery.reset_with_link(link.token, NEW)


def test_nobodys_inbox_is_flooded(accounts: Accounts, codes: list[str], clock: Clock) -> None:
    assert sum(len(accounts.recovery.make_links("Ada")) for _ in range(10)) == 3
    clock.move(minutes=21)
    assert len(accounts.recovery.make_links("Ada")) == 1


def test_no_link_without_an_account_or_an_address(accounts: Accounts) -> None:
    accounts.people.sign_up("Bea", "", GOOD)
    guest, _ = accounts.guests.add()
    for name in ("Bea", "Nobody", "nobody@example.org", "", guest.name):
        assert accounts.recovery.make_links(name) == []


def test_everybody_with_the_address_gets_a_link(accounts: Accounts, codes: list[str]) -> None:
    accounts.people.sign_up("Ada2", "Ada@Example.org", GOOD)
    assert {link.name for link in accounts.recovery.make_links("ada@example.org")} == {
        "Ada",
        "Ada2",
    }


def test_the_administrators_code_works_once_for_twenty_minutes(
    accounts: Accounts, codes: list[str], clock: Clock
) -> None:
    code = accounts.recovery.admin_code("ADA")
    accounts.recovery.reset_with_code("Ada", code.lower(), NEW)
    with pytest.raises(WrongCodeError):
        accounts.recovery.reset_with_code("Ada", code, GOOD)
    late = accounts.recovery.admin_code("Ada")
    clock.move(minutes=20)
    with pytest.raises(WrongCodeError):
        accounts.recovery.reset_with_code("Ada", late, GOOD)
    with pytest.raises(UnknownPersonError):
        accounts.recovery.admin_code("Nobody")


def test_a_race_for_one_code_has_one_winner(accounts: Accounts, codes: list[str]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def use(number: int) -> bool:
        try:
            accounts.recovery.reset_with_code("Ada", codes[0], f"{NEW} {number}")
        except (WrongCodeError, TooManyAttemptsError):
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(use, range(4))) == 1
