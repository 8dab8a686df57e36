"""Whose failures are counted with whose: nobody shuts out anybody else."""

import pytest

from genregenie.accounts import Accounts
from genregenie.accounts.errors import (
    TooManyAttemptsError,
    WrongCodeError,
    WrongCredentialsError,
)
from genregenie.accounts.origin import Origin
from genregenie.accounts.throttle import FREE_TRIES, FREE_TRIES_ON_NAME, MAX_WAIT_S, wait_s
from tests.accounts.standins import Clock

GOOD = "a calm indigo morning"
OTHER = "seven loud orange evenings"
HERE, THERE = Origin("198.51.100.1"), Origin("203.0.113.9")


def guesses(accounts: Accounts, origin: Origin, times: int = FREE_TRIES, name: str = "Ada") -> None:
    for _ in range(times):
        with pytest.raises(WrongCredentialsError):
            accounts.people.log_in(name, OTHER, origin=origin)


def is_shut(accounts: Accounts, origin: Origin, name: str = "Ada") -> bool:
    try:
        accounts.people.log_in(name, OTHER, origin=origin)
    except TooManyAttemptsError:
        return True
    except WrongCredentialsError:
        return False
    raise AssertionError("let in with a wrong password")


@pytest.mark.parametrize("name", ["Ada", "Nobody"])
def test_failures_elsewhere_shut_nobody_out_here(accounts: Accounts, name: str) -> None:
    accounts.people.sign_up("Ada", "", GOOD)
    guesses(accounts, THERE, name=name)
    assert is_shut(accounts, THERE, name)
    assert not is_shut(accounts, HERE, name)


def test_the_same_of_codes(accounts: Accounts) -> None:
    _, codes = accounts.people.sign_up("Ada", "", GOOD)
    for _ in range(FREE_TRIES):
        with pytest.raises(WrongCodeError):
            accounts.recovery.reset_with_code("Ada", "0000", OTHER, THERE)
    with pytest.raises(TooManyAttemptsError):
        accounts.recovery.reset_with_code("Ada", codes[0], OTHER, THERE)
    accounts.recovery.reset_with_code("Ada", codes[0], OTHER, HERE)


def test_many_addresses_together_meet_a_cap_that_stops_strangers_only(
    accounts: Accounts, clock: Clock
) -> None:
    ada, _ = accounts.people.sign_up("Ada", "", GOOD)
    for number in range(FREE_TRIES_ON_NAME // 4):
        guesses(accounts, Origin(f"192.0.2.{number}"), 4)
    assert is_shut(accounts, HERE)
    accounts.people.log_in("Ada", GOOD, origin=Origin(HERE.address, device="her own"))
    for number in range(FREE_TRIES_ON_NAME // 4):
        guesses(accounts, Origin(f"203.0.113.{number}"), 4)
    assert is_shut(accounts, HERE)
    accounts.people.confirm(ada, GOOD, Origin(HERE.address, session="hers"))
    clock.move(seconds=MAX_WAIT_S)
    assert not is_shut(accounts, HERE)


def test_guesses_from_a_known_device_are_bounded_too(accounts: Accounts) -> None:
    accounts.people.sign_up("Ada", "", GOOD)
    accounts.people.sign_up("Bea", "", GOOD)
    known = Origin(HERE.address, device="borrowed")
    guesses(accounts, known)
    assert is_shut(accounts, known)
    assert not is_shut(accounts, HERE)
    assert not is_shut(accounts, known, "Bea")


def test_who_is_logged_in_is_stopped_by_own_guesses_alone(accounts: Accounts) -> None:
    ada, _ = accounts.people.sign_up("Ada", "", GOOD)
    guesses(accounts, THERE)
    guesses(accounts, HERE)
    inside, stolen = Origin(HERE.address, session="hers"), Origin(HERE.address, session="stolen")
    for _ in range(FREE_TRIES):
        with pytest.raises(WrongCredentialsError):
            accounts.people.confirm(ada, OTHER, stolen)
    for change in (
        lambda: accounts.people.confirm(ada, GOOD, stolen),
        lambda: accounts.people.change_email(ada, "", GOOD, stolen),
        lambda: accounts.people.change_password(ada, GOOD, OTHER, "", stolen),
    ):
        with pytest.raises(TooManyAttemptsError):
            change()
    accounts.people.change_email(ada, "ada@example.org", GOOD, inside)
    accounts.people.change_password(ada, GOOD, OTHER, "", inside)


def test_what_succeeds_forgets_what_failed_there(accounts: Accounts) -> None:
    accounts.people.sign_up("Ada", "", GOOD)
    for _ in range(3):
        guesses(accounts, HERE, FREE_TRIES - 1)
        accounts.people.log_in("Ada", GOOD, origin=HERE)


def test_a_refused_try_is_counted_nowhere(accounts: Accounts, clock: Clock) -> None:
    accounts.people.sign_up("Ada", "", GOOD)
    guesses(accounts, THERE)
    for _ in range(2 * FREE_TRIES_ON_NAME):
        assert is_shut(accounts, THERE)
    assert not is_shut(accounts, HERE)


def test_waits_are_bounded_whatever_is_free() -> None:
    assert [wait_s(n, 100) for n in (5, 99, 100, 101)] == [0, 0, 5, 10]
    assert wait_s(10_000, 100) == MAX_WAIT_S
