"""What those who look after the server see and do, and what is written down of it."""

import pytest

from genregenie.accounts import Accounts
from genregenie.accounts.audit import COMMAND_LINE, KEPT
from genregenie.accounts.core import User
from genregenie.accounts.errors import (
    NotAllowedError,
    UnknownPersonError,
    UploadQuotaError,
    WrongCredentialsError,
)
from genregenie.accounts.export import export_person
from genregenie.accounts.feedback import Answer
from genregenie.accounts.results import Audio, Result
from tests.accounts.standins import Clock, rows

GOOD = "a calm indigo morning"
OTHER = "seven loud orange evenings"


@pytest.fixture
def ada(accounts: Accounts) -> User:
    return accounts.people.sign_up("Ada", "ada@example.org", GOOD)[0]


@pytest.fixture
def bea(accounts: Accounts) -> User:
    return accounts.people.sign_up("Bea", "", GOOD)[0]


def log(accounts: Accounts) -> list[tuple[str, str, str]]:
    return [(e.actor, e.action, e.subject) for e in reversed(accounts.audit.last(100))]


def test_a_role_counts_from_the_next_request_on(accounts: Accounts, ada: User) -> None:
    _, token = accounts.people.log_in("Ada", GOOD)

    def is_admin() -> bool:
        user = accounts.sessions.user_of(token)
        return user is not None and user.admin

    assert not is_admin()
    accounts.admin.promote("ADA")
    accounts.admin.promote("Ada")  # which changes nothing, so nothing is written down
    assert is_admin()
    accounts.admin.demote("Ada")
    assert not is_admin()
    assert log(accounts) == [(COMMAND_LINE, "promoted", "Ada"), (COMMAND_LINE, "demoted", "Ada")]
    for change in (accounts.admin.promote, accounts.admin.demote, accounts.admin.delete_by_name):
        with pytest.raises(UnknownPersonError, match="no account called 'Nobody'"):
            change("Nobody")


def test_people_are_found_by_a_part_of_name_or_address(
    accounts: Accounts, ada: User, bea: User
) -> None:
    accounts.guests.add()
    for name in ("Ada2", "100%", "a_b"):
        try:
            accounts.people.sign_up(name, "", GOOD)
        except Exception:  # noqa: BLE001, S112 (a sign that names may not have)
            continue

    def found(search: str) -> list[str]:
        assert accounts.admin.count(search) == len(accounts.admin.people(search))
        return [p.name for p in accounts.admin.people(search)]

    assert found("") == ["a_b", "Ada", "Ada2", "Bea"]
    assert found("DA") == ["Ada", "Ada2"]
    assert found("example.org") == ["Ada"]
    assert found("%") == []
    assert found("_") == ["a_b"]
    assert [p.name for p in accounts.admin.people("", 1, 2)] == ["Ada", "Ada2"]


def test_what_somebody_takes_up(accounts: Accounts, ada: User, bea: User, clock: Clock) -> None:
    number = accounts.results.keep(ada.id, Result("a", "jazz", "unsure", 0.5, 9.0, "{}"))
    assert number
    accounts.results.keep(ada.id, Result("b", "jazz", "unsure", 0.5, 9.0, "{}"))
    accounts.results.keep_audio(ada.id, number, Audio(b"x" * 1000, ".mp3"))
    accounts.daily.count_upload(ada.id, 300, 1000)
    for _ in range(2):
        accounts.people.log_in("Ada", GOOD)
    seen = accounts.admin.person(ada.id)
    assert seen
    assert (seen.results, seen.kept_bytes, seen.uploaded_bytes, seen.sessions) == (2, 1000, 300, 2)
    assert accounts.admin.people("Ada") == [seen]
    other = accounts.admin.person(bea.id)
    assert other
    assert (other.results, other.kept_bytes, other.sessions, other.last_seen_at) == (0, 0, 0, None)
    guest = accounts.guests.add()[0]
    for number in (guest.id, 999, 2**40):
        assert accounts.admin.person(number) is None
    accounts.feedback.give(ada.id, Answer("jazz", "jazz", "confident", "v1", "", b"1" * 8))
    accounts.feedback.give(None, Answer("jazz", "rock", "confident", "v1", "", b"2" * 8))
    totals = accounts.admin.totals()
    assert (totals.people, totals.guests, totals.kept_bytes) == (2, 1, 1000)
    assert (totals.answers, totals.agreed) == (2, 1)


def test_ending_sessions_and_deleting(accounts: Accounts, ada: User, bea: User) -> None:
    _, token = accounts.people.log_in("Ada", GOOD)
    _, other = accounts.people.log_in("Bea", GOOD)
    accounts.admin.end_sessions(ada.id, "Chief")
    assert accounts.sessions.user_of(token) is None
    assert accounts.sessions.user_of(other)
    accounts.admin.promote("Bea")
    with pytest.raises(NotAllowedError, match="users demote Bea"):
        accounts.admin.delete(bea.id, "Chief")
    accounts.admin.delete(ada.id, "Chief")
    assert accounts.people.living() == {bea.id}
    for act in (accounts.admin.delete, accounts.admin.end_sessions):
        with pytest.raises(UnknownPersonError):
            act(ada.id, "Chief")
    assert log(accounts) == [
        ("Chief", "ended all sessions of", "Ada"),
        (COMMAND_LINE, "promoted", "Bea"),
        ("Chief", "deleted", "Ada"),
    ]


def test_nothing_is_done_that_is_not_written_down(
    accounts: Accounts, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("in between")

    before = rows(accounts)
    monkeypatch.setattr("genregenie.accounts.audit.note", fail)
    for act in (
        lambda: accounts.admin.delete(ada.id, "Chief"),
        lambda: accounts.admin.promote("Ada"),
        lambda: accounts.recovery.admin_code("Ada"),
        lambda: accounts.invitations.make(),
    ):
        with pytest.raises(RuntimeError):
            act()
    assert rows(accounts) == before
    assert not accounts.admin.people()[0].admin


def test_codes_are_written_down_without_the_code(accounts: Accounts, ada: User) -> None:
    secrets = [accounts.recovery.admin_code("Ada"), accounts.invitations.make(3, 7, "the choir")]
    assert log(accounts) == [
        (COMMAND_LINE, "made a reset code for", "Ada"),
        (COMMAND_LINE, "invited", "the choir"),
    ]
    for secret in secrets:
        assert secret not in repr(accounts.audit.last(9))


def test_lines_are_kept_for_a_year(accounts: Accounts, ada: User, clock: Clock) -> None:
    accounts.admin.promote("Ada")
    clock.move(days=KEPT.days - 1)
    accounts.tidy()
    assert len(log(accounts)) == 1
    clock.move(days=2)
    accounts.tidy()
    assert log(accounts) == []


# --- what is counted by the day --------------------------------------------------------------


def test_uploads_have_a_quota_that_comes_back_at_midnight(
    accounts: Accounts, ada: User, bea: User, clock: Clock
) -> None:
    accounts.daily.count_upload(ada.id, 700, 1000)
    with pytest.raises(UploadQuotaError, match=r"Please come back in 12 hours\.") as caught:
        accounts.daily.count_upload(ada.id, 301, 1000)
    assert caught.value.wait_s == 12 * 3600
    accounts.daily.count_upload(ada.id, 300, 1000)
    accounts.daily.count_upload(bea.id, 1000, 1000)
    assert accounts.daily.uploaded_today(ada.id) == 1000
    clock.move(hours=12)
    assert accounts.daily.uploaded_today(ada.id) == 0
    accounts.daily.count_upload(ada.id, 1000, 1000)
    accounts.daily.count_upload(999, 10**15, 10)  # nobody
    section = export_person(accounts.db, accounts.blobs, ada.id)["daily"]
    assert section == [
        {"day": "2026-03-01", "what": "uploaded bytes", "amount": 1000},
        {"day": "2026-03-02", "what": "uploaded bytes", "amount": 1000},
    ]


def test_a_hundred_uploads_at_once_do_not_slip_through(accounts: Accounts, ada: User) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def upload(_number: int) -> bool:
        try:
            accounts.daily.count_upload(ada.id, 100, 1000)
        except UploadQuotaError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(upload, range(40))) == 10


def test_failed_log_ins_are_counted_by_day(accounts: Accounts, ada: User, clock: Clock) -> None:
    for name in ("Ada", "ADA", "nobody", "my secret", "nobody else"):
        with pytest.raises(WrongCredentialsError):
            accounts.people.log_in(name, OTHER)
    day = clock.now.date()
    counted = [(f.name, f.times) for f in accounts.daily.failures(day)]
    assert counted == [(None, 3), ("Ada", 2)]
    clock.move(days=40)
    accounts.tidy()
    assert accounts.daily.failures(day) == []
