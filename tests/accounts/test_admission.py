"""Who may make an account: everybody within limits, who was invited, or nobody."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from genregenie.accounts import Accounts
from genregenie.accounts.admission import Admission
from genregenie.accounts.errors import (
    InvitationError,
    NameTakenError,
    NotAllowedError,
    SignupClosedError,
    TooManySignupsError,
)
from genregenie.accounts.origin import Origin
from genregenie.accounts.passwords import Hasher
from genregenie.common.limits import SignupRules
from tests.accounts.standins import Clock, rows

GOOD = "a calm indigo morning"
FEW = SignupRules("open", 3)


def join(
    accounts: Accounts, name: str, rules: SignupRules, address: str = "", code: str = ""
) -> None:
    admission = Admission(rules, Origin(address), code)
    accounts.people.join(name, "", GOOD, admission=admission)


@pytest.mark.slow
def test_so_many_from_one_address_and_so_many_overall(accounts: Accounts, clock: Clock) -> None:
    for number in range(3):
        join(accounts, f"a-{number}", FEW, "192.0.2.1")
    with pytest.raises(TooManySignupsError, match="Please wait an hour and try again") as caught:
        join(accounts, "a-4", FEW, "192.0.2.1")
    assert caught.value.wait_s == 3600
    for number in range(27):
        join(accounts, f"b-{number}", FEW, f"198.51.100.{number}")
    with pytest.raises(TooManySignupsError):
        join(accounts, "c-1", FEW, "203.0.113.1")
    clock.move(minutes=61)
    join(accounts, "c-1", FEW, "203.0.113.1")


def test_what_is_refused_for_another_reason_is_not_counted(accounts: Accounts) -> None:
    join(accounts, "taken", FEW)
    for _ in range(10):
        with pytest.raises(NameTakenError):
            join(accounts, "taken", FEW)
    join(accounts, "another", FEW)


def test_who_is_refused_costs_no_hash(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        join(accounts, f"a-{number}", FEW)

    def hash_(self: Hasher, password: str) -> str:
        raise AssertionError("a hash was made")

    monkeypatch.setattr(Hasher, "hash", hash_)
    with pytest.raises(TooManySignupsError):
        join(accounts, "late", FEW)
    with pytest.raises(InvitationError):
        join(accounts, "late", SignupRules("invite"))
    with pytest.raises(SignupClosedError):
        join(accounts, "late", SignupRules("closed"))


def test_the_clock_lengthens_no_wait(accounts: Accounts, clock: Clock) -> None:
    for number in range(3):
        join(accounts, f"a-{number}", FEW)
    clock.set(days=-400)
    with pytest.raises(TooManySignupsError) as caught:
        join(accounts, "late", FEW)
    assert caught.value.wait_s <= 3600


def test_an_invitation_works_as_often_as_it_is_for(accounts: Accounts) -> None:
    rules = SignupRules("invite", 1)
    code = accounts.invitations.make(uses=2)
    join(accounts, "a-1", rules, code=code)
    join(accounts, "a-2", rules, code=f" {code.lower().replace('-', ' ')} ")
    before = rows(accounts)
    for wrong in (code, "", "0000-0000-0000-0000", "é" * 500):
        with pytest.raises(InvitationError, match="wrong, or it was used before, or it is too old"):
            join(accounts, "a-3", rules, code=wrong)
    assert rows(accounts) == before


def test_an_invitation_expires_and_can_be_revoked(accounts: Accounts, clock: Clock) -> None:
    rules = SignupRules("invite")
    old, other = accounts.invitations.make(days=2), accounts.invitations.make(days=9, note="\n b ")
    (newest, _) = accounts.invitations.open()
    assert (newest.note, newest.uses, newest.used) == ("b", 1, 0)
    clock.move(days=2)
    with pytest.raises(InvitationError):
        join(accounts, "a-1", rules, code=old)
    assert accounts.invitations.revoke(newest.id, "Chief")
    assert not accounts.invitations.revoke(newest.id, "Chief")
    with pytest.raises(InvitationError):
        join(accounts, "a-1", rules, code=other)
    assert accounts.invitations.open() == []
    accounts.tidy()
    assert rows(accounts)["invitations"] == 0


def test_one_use_is_one_however_many_come_at_once(accounts: Accounts) -> None:
    code = accounts.invitations.make(uses=2)

    def come(number: int) -> bool:
        try:
            join(accounts, f"a-{number}", SignupRules("invite"), code=code)
        except InvitationError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(come, range(16))) == 2
    assert len(accounts.people.living()) == 2


@pytest.mark.parametrize(("uses", "days"), [(0, 1), (1, 0), (10_001, 1), (1, 367), (-1, 1)])
def test_no_invitation_is_without_end(accounts: Accounts, uses: int, days: int) -> None:
    with pytest.raises(NotAllowedError, match="1 to 10000 accounts, and for 1 to 366 days"):
        accounts.invitations.make(uses, days)


def test_codes_are_kept_as_digests(accounts: Accounts) -> None:
    from sqlalchemy import select

    from genregenie.accounts.tables import InvitationRow

    code = accounts.invitations.make()
    with accounts.db.read() as session:
        stored = session.execute(select(InvitationRow.__table__)).one()
    assert code not in repr(stored)
    assert code.replace("-", "").encode() not in stored.code_hash
