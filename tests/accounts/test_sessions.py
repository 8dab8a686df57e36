import pytest
from sqlalchemy import select

from genregenie.accounts import Accounts
from genregenie.accounts.sessions import describe_browser
from genregenie.accounts.tables import LoginSession
from tests.accounts.standins import Clock

GOOD = "a calm indigo morning"


@pytest.fixture
def token(accounts: Accounts) -> str:
    accounts.people.sign_up("Ada", "", GOOD)
    return accounts.people.log_in("Ada", GOOD)[1]


def test_tokens_are_256_bits_and_stored_as_a_digest(accounts: Accounts, token: str) -> None:
    assert len(token) == 43
    with accounts.db.read() as session:
        stored = session.scalar(select(LoginSession.token_hash))
    assert stored is not None
    assert len(stored) == 32
    assert token.encode() not in stored


def test_fourteen_days_without_a_visit_end_it(accounts: Accounts, clock: Clock, token: str) -> None:
    clock.move(days=13, hours=23)
    assert accounts.sessions.user_of(token)
    clock.move(days=13, hours=23)
    assert accounts.sessions.user_of(token)
    clock.move(days=14)
    assert accounts.sessions.user_of(token) is None


def test_ninety_days_end_it_however_often_one_comes(
    accounts: Accounts, clock: Clock, token: str
) -> None:
    for _ in range(89):
        clock.move(days=1)
        assert accounts.sessions.user_of(token)
    clock.move(days=1)
    assert accounts.sessions.user_of(token) is None


def test_looking_often_does_not_write_often(accounts: Accounts, clock: Clock, token: str) -> None:
    def seen() -> object:
        with accounts.db.read() as session:
            return session.scalar(select(LoginSession.last_seen_at))

    before = seen()
    clock.move(minutes=59)
    accounts.sessions.user_of(token)
    assert seen() == before
    clock.move(minutes=2)
    accounts.sessions.user_of(token)
    assert seen() == clock.now


@pytest.mark.parametrize("token", ["", "nonsense", "x" * 43, "é" * 43])
def test_other_tokens_are_nobody(accounts: Accounts, token: str) -> None:
    assert accounts.sessions.user_of(token) is None


def test_sessions_are_listed_and_ended_one_by_one(accounts: Accounts, clock: Clock) -> None:
    who, _ = accounts.people.sign_up("Ada", "", GOOD)
    eve, _ = accounts.people.sign_up("Eve", "", GOOD)
    _, phone = accounts.people.log_in("Ada", GOOD, "Mozilla/5.0 (iPhone) Safari/605")
    clock.move(minutes=5)
    _, laptop = accounts.people.log_in("Ada", GOOD, "Mozilla/5.0 (Windows NT 10.0) Edg/140.0")
    first, second = accounts.sessions.of(who.id, laptop)
    assert (first.browser, first.current) == ("Edge on Windows", True)
    assert (second.browser, second.current) == ("Safari on iPhone or iPad", False)
    accounts.sessions.end_one(eve.id, second.id)
    assert accounts.sessions.user_of(phone) == who
    accounts.sessions.end_one(who.id, second.id)
    assert accounts.sessions.user_of(phone) is None
    accounts.sessions.end(laptop)
    assert accounts.sessions.of(who.id) == []


def test_sign_out_everywhere_is_for_oneself_only(accounts: Accounts, token: str) -> None:
    accounts.people.sign_up("Eve", "", GOOD)
    _, hers = accounts.people.log_in("Eve", GOOD)
    who = accounts.sessions.user_of(token)
    assert who
    accounts.sessions.end_all(who)
    assert accounts.sessions.user_of(token) is None
    assert accounts.sessions.user_of(hers)


def test_tidying_removes_what_has_run_out(accounts: Accounts, clock: Clock, token: str) -> None:
    clock.move(days=15)
    _, fresh = accounts.people.log_in("Ada", GOOD)
    accounts.tidy()
    with accounts.db.read() as session:
        assert len(session.scalars(select(LoginSession)).all()) == 1
    assert accounts.sessions.user_of(fresh)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("", "A browser"),
        ("curl/8", "A browser"),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537 Chrome/150 Safari/537",
            "Chrome on Linux",
        ),
        ("Mozilla/5.0 (Android 16; Mobile) Firefox/150.0", "Firefox on Android"),
    ],
)
def test_browsers_are_called_what_people_call_them(agent: str, words: str) -> None:
    assert describe_browser(agent) == words
