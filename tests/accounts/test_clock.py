"""A clock that somebody sets, on or back."""

import pytest

from genregenie.accounts import Accounts
from genregenie.accounts.clock import SETTLE_S
from genregenie.accounts.errors import (
    DemoFullError,
    TooManyAttemptsError,
    WrongCredentialsError,
)
from genregenie.accounts.throttle import FREE_TRIES, MAX_WAIT_S
from genregenie.common.limits import GuestLimits
from tests.accounts.standins import Clock

GOOD = "a calm indigo morning"
OTHER = "seven loud orange evenings"


def guess(accounts: Accounts) -> None:
    with pytest.raises(WrongCredentialsError):
        accounts.people.log_in("Ada", OTHER)


@pytest.fixture
def token(accounts: Accounts) -> str:
    accounts.people.sign_up("Ada", "", GOOD)
    return accounts.people.log_in("Ada", GOOD)[1]


def test_set_back_a_day_one_wrong_password_costs_no_wait(
    accounts: Accounts, clock: Clock, token: str
) -> None:
    guess(accounts)
    clock.set(days=-1)
    accounts.people.log_in("Ada", GOOD)


def test_set_back_a_wait_begins_again_and_is_no_longer_than_it_was(
    accounts: Accounts, clock: Clock, token: str
) -> None:
    for _ in range(FREE_TRIES):
        guess(accounts)
    with pytest.raises(TooManyAttemptsError) as before:
        accounts.people.log_in("Ada", GOOD)
    clock.set(days=-400)
    waits = []
    for _ in range(3):
        with pytest.raises(TooManyAttemptsError) as caught:
            accounts.people.log_in("Ada", GOOD)
        waits.append(caught.value.wait_s)
        clock.move(seconds=1)
    assert max(waits) <= before.value.wait_s < MAX_WAIT_S
    assert waits == sorted(waits, reverse=True)  # and it goes by
    assert waits[0] > waits[-1]
    clock.move(seconds=before.value.wait_s)
    accounts.people.log_in("Ada", GOOD)


def test_set_on_for_a_moment_nothing_is_lost(accounts: Accounts, clock: Clock, token: str) -> None:
    guest, guest_token = accounts.guests.add()
    accounts.tidy()
    clock.set(days=15)
    assert accounts.sessions.user_of(token) is None  # what has run out opens nothing
    accounts.tidy()
    with pytest.raises(DemoFullError):
        accounts.guests.add(GuestLimits(at_once=1))
    clock.set(days=-15)
    accounts.tidy()
    assert accounts.sessions.user_of(token)
    assert accounts.sessions.user_of(guest_token) == guest


def test_a_clock_that_was_wrong_is_believed_after_an_hour(
    accounts: Accounts, clock: Clock, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock.set(days=15)
    for _ in range(SETTLE_S // 600):
        accounts.tidy()
        clock.move(minutes=10)
    clock.set(days=-15)
    assert accounts.sessions.user_of(token)
    clock.set(days=15)
    for _ in range(SETTLE_S // 600 + 1):
        accounts.tidy()
        clock.move(minutes=10)
    accounts.tidy()
    clock.set(days=-15)
    assert accounts.sessions.user_of(token) is None
    assert caplog.text.count("the clock has jumped") == 1  # on and back between looks is none
