from collections.abc import Callable

import pytest
from sqlalchemy import select

from genregenie.accounts import Accounts
from genregenie.accounts.errors import (
    InvalidEmailError,
    InvalidNameError,
    NameTakenError,
    TooManyAttemptsError,
    WeakPasswordError,
    WrongCredentialsError,
)
from genregenie.accounts.passwords import HashCost, Hasher
from genregenie.accounts.service import Accounts as Service
from genregenie.accounts.tables import Base, LoginSession, Person
from genregenie.accounts.throttle import FREE_TRIES, MAX_WAIT_S, wait_s
from tests.accounts.standins import CHEAP, Clock, rows

GOOD = "a calm indigo morning"
OTHER = "seven loud orange evenings"


def test_sign_up_then_log_in(accounts: Accounts) -> None:
    who, codes = accounts.people.sign_up("Ada", "ada@example.org", GOOD)
    assert len(set(codes)) == 8
    logged_in, token = accounts.people.log_in(
        "ADA ", GOOD, "Mozilla/5.0 (X11; Linux) Firefox/140.0"
    )
    assert logged_in == who == accounts.sessions.user_of(token)
    profile = accounts.people.profile(who.id)
    assert profile is not None
    assert (profile.email, profile.codes_left) == ("ada@example.org", 8)


@pytest.mark.parametrize(
    ("name", "email", "password", "error"),
    [
        ("a", "", GOOD, InvalidNameError),
        ("Ada", "nonsense", GOOD, InvalidEmailError),
        ("Ada", "", "short", WeakPasswordError),
        ("Ada", "", "password1", WeakPasswordError),
        ("ada", "", GOOD, NameTakenError),
    ],
)
def test_a_refused_sign_up_leaves_nothing(
    accounts: Accounts, name: str, email: str, password: str, error: type[Exception]
) -> None:
    if error is NameTakenError:
        accounts.people.sign_up("ADA", "", GOOD)
    before = rows(accounts)
    with pytest.raises(error):
        accounts.people.sign_up(name, email, password)
    assert rows(accounts) == before


def test_no_secret_is_stored_as_it_is(accounts: Accounts) -> None:
    _, codes = accounts.people.sign_up("Ada", "", GOOD)
    _, token = accounts.people.log_in("Ada", GOOD)
    accounts.recovery.admin_code("Ada")
    with accounts.db.read() as session:
        everything = repr([list(session.execute(select(t))) for t in Base.metadata.sorted_tables])
    for secret in [GOOD, token, *codes]:
        assert secret not in everything
        assert secret.encode().hex() not in everything


@pytest.mark.parametrize(("name", "password"), [("Ada", OTHER), ("Nobody", GOOD), ("", "")])
def test_wrong_names_and_wrong_passwords_get_the_same_words(
    accounts: Accounts, name: str, password: str
) -> None:
    accounts.people.sign_up("Ada", "", GOOD)
    with pytest.raises(WrongCredentialsError, match=r"^The user name or the password is wrong\.$"):
        accounts.people.log_in(name, password)


def test_unknown_names_cost_the_same_work(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    import argon2

    accounts.people.sign_up("Ada", "", GOOD)
    checked: list[str] = []
    real = argon2.PasswordHasher.verify

    def verify(self: argon2.PasswordHasher, stored: str, password: str) -> bool:
        checked.append(stored.rpartition("$")[0].rpartition("$")[0])
        return bool(real(self, stored, password))

    monkeypatch.setattr(argon2.PasswordHasher, "verify", verify)
    for name in ("Ada", "Nobody"):
        with pytest.raises(WrongCredentialsError):
            accounts.people.log_in(name, OTHER)
    assert len(checked) == 2
    assert checked[0] == checked[1]  # the same parameters, so the same work


def test_the_hash_is_renewed_when_the_parameters_change(accounts: Accounts, clock: Clock) -> None:
    accounts.people.sign_up("Ada", "", GOOD)
    stronger = HashCost(memory_kib=64, passes=2)
    Service(accounts.db, Hasher(stronger), clock).people.log_in("Ada", GOOD)
    with accounts.db.read() as session:
        stored = session.scalar(select(Person.password_hash)) or ""
    assert "m=64,t=2" in stored
    assert stronger != CHEAP
    accounts.people.log_in("Ada", GOOD)


def test_every_log_in_is_a_new_session_and_ends_the_browsers_old_one(accounts: Accounts) -> None:
    accounts.people.sign_up("Ada", "", GOOD)
    _, first = accounts.people.log_in("Ada", GOOD)
    _, second = accounts.people.log_in("Ada", GOOD, old_token=first)
    assert first != second
    assert accounts.sessions.user_of(first) is None
    assert accounts.sessions.user_of(second) is not None


@pytest.mark.parametrize("name", ["Ada", "Nobody"])
def test_back_off_grows_refuses_even_the_right_password_and_forgets(
    accounts: Accounts, clock: Clock, name: str
) -> None:
    accounts.people.sign_up("Ada", "", GOOD)
    for _ in range(FREE_TRIES):
        with pytest.raises(WrongCredentialsError):
            accounts.people.log_in(name, OTHER)
    waits = []
    for _ in range(10):
        with pytest.raises(TooManyAttemptsError, match="Please wait") as caught:
            accounts.people.log_in(name, GOOD)
        waits.append(caught.value.wait_s)
        clock.move(seconds=caught.value.wait_s)
        with pytest.raises(WrongCredentialsError):
            accounts.people.log_in(name, OTHER)
    assert waits == sorted(waits)
    assert waits[0] < waits[3] < waits[-1] == MAX_WAIT_S
    clock.move(hours=2)
    for _ in range(FREE_TRIES):
        with pytest.raises(WrongCredentialsError):
            accounts.people.log_in(name, OTHER)


def test_success_forgets_the_failures(accounts: Accounts) -> None:
    accounts.people.sign_up("Ada", "", GOOD)
    for _ in range(3):
        for _ in range(FREE_TRIES - 1):
            with pytest.raises(WrongCredentialsError):
                accounts.people.log_in("Ada", OTHER)
        accounts.people.log_in("Ada", GOOD)


def test_one_accounts_failures_are_not_anothers(accounts: Accounts) -> None:
    for name in ("Ada", "Bea"):
        accounts.people.sign_up(name, "", GOOD)
    for _ in range(FREE_TRIES):
        with pytest.raises(WrongCredentialsError):
            accounts.people.log_in("Ada", OTHER)
    accounts.people.log_in("Bea", GOOD)


def test_waits_are_bounded() -> None:
    assert [wait_s(n) for n in (0, 4, 5, 6, 7)] == [0, 0, 5, 10, 20]
    assert wait_s(10_000) == MAX_WAIT_S


def test_a_hundred_guesses_at_once_do_not_slip_through(accounts: Accounts) -> None:
    from concurrent.futures import ThreadPoolExecutor

    accounts.people.sign_up("Ada", "", GOOD)

    def guess(number: int) -> str:
        try:
            accounts.people.log_in("Ada", f"{OTHER} {number}")
        except (WrongCredentialsError, TooManyAttemptsError) as error:
            return type(error).__name__
        return "in"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(guess, range(100)))
    assert outcomes.count("WrongCredentialsError") == FREE_TRIES


def test_a_log_in_under_way_does_not_survive_a_reset(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, codes = accounts.people.sign_up("Ada", "", GOOD)
    real = Hasher.verify

    def verify(self: Hasher, stored: str | None, password: str) -> bool:
        answer = real(self, stored, password)
        monkeypatch.setattr(Hasher, "verify", real)
        accounts.recovery.reset_with_code("Ada", codes[0], OTHER)
        return answer

    monkeypatch.setattr(Hasher, "verify", verify)
    with pytest.raises(WrongCredentialsError):
        accounts.people.log_in("Ada", GOOD)
    assert rows(accounts)["sessions"] == 0


def test_a_new_password_ends_all_other_sessions(accounts: Accounts) -> None:
    who, _ = accounts.people.sign_up("Ada", "", GOOD)
    olds = [accounts.people.log_in("Ada", GOOD)[1] for _ in range(3)]
    token = accounts.people.change_password(who, GOOD, OTHER)
    assert [accounts.sessions.user_of(t) for t in olds] == [None] * 3
    assert accounts.sessions.user_of(token) == who
    with pytest.raises(WrongCredentialsError):
        accounts.people.log_in("Ada", GOOD)
    accounts.people.log_in("Ada", OTHER)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [(OTHER, OTHER, WrongCredentialsError), (GOOD, "password1", WeakPasswordError)],
)
def test_a_refused_change_changes_nothing(
    accounts: Accounts, old: str, new: str, error: type[Exception]
) -> None:
    who, _ = accounts.people.sign_up("Ada", "", GOOD)
    _, token = accounts.people.log_in("Ada", GOOD)
    with pytest.raises(error):
        accounts.people.change_password(who, old, new)
    assert accounts.sessions.user_of(token) == who
    accounts.people.log_in("Ada", GOOD)


def test_the_address_can_be_changed_and_removed(accounts: Accounts) -> None:
    who, _ = accounts.people.sign_up("Ada", "ada@example.org", GOOD)
    with pytest.raises(WrongCredentialsError):
        accounts.people.change_email(who, "eve@example.org", OTHER)
    accounts.people.change_email(who, "", GOOD)
    profile = accounts.people.profile(who.id)
    assert profile is not None
    assert profile.email is None


def test_deleting_removes_everything_of_theirs_and_nothing_else(accounts: Accounts) -> None:
    accounts.people.sign_up("Bea", "", GOOD)
    accounts.people.log_in("Bea", GOOD)
    alone = rows(accounts)
    who, _ = accounts.people.sign_up("Ada", "ada@example.org", GOOD)
    _, token = accounts.people.log_in("Ada", GOOD)
    accounts.recovery.make_links("Ada")
    accounts.people.delete(who)
    assert rows(accounts) == alone
    assert accounts.sessions.user_of(token) is None
    assert accounts.people.profile(who.id) is None
    again, _ = accounts.people.sign_up("Ada", "", GOOD)
    assert again.id != who.id


def test_logs_number_people_and_hold_no_names_and_no_secrets(
    accounts: Accounts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    ada, codes = accounts.people.sign_up("Ada", "ada@example.org", GOOD)
    _, token = accounts.people.log_in("Ada", GOOD)
    tries: list[Callable[[], object]] = [
        lambda: accounts.people.log_in("Ada", OTHER),
        lambda: accounts.people.log_in("my secret typed into the wrong field", OTHER),
        lambda: accounts.recovery.reset_with_code("Ada", codes[1][:-1], OTHER),
    ]
    for attempt in tries:
        with pytest.raises(Exception, match="wrong"):
            attempt()
    links = accounts.recovery.make_links("Ada")
    accounts.recovery.reset_with_code("Ada", codes[0], OTHER)
    assert f"logged in: person {ada.id}" in caplog.text
    assert f"log-in failed: person {ada.id}" in caplog.text
    assert "log-in failed: (no such name)" in caplog.text
    assert f"reset failed: person {ada.id}" in caplog.text
    for secret in [
        "Ada",
        GOOD,
        OTHER,
        token,
        "wrong field",
        links[0].token,
        "ada@example.org",
        *codes,
    ]:
        assert secret not in caplog.text


def test_session_rows_carry_no_more_than_the_browsers_kind(accounts: Accounts) -> None:
    accounts.people.sign_up("Ada", "", GOOD)
    accounts.people.log_in("Ada", GOOD, "<script>" * 1000)
    with accounts.db.read() as session:
        assert session.scalar(select(LoginSession.browser)) == "A browser"
