"""Guests: how many, for how long, and what becomes of what they have."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from genregenie.accounts import Accounts
from genregenie.accounts.core import User
from genregenie.accounts.errors import (
    AccountNeededError,
    DemoFullError,
    GuestLimitError,
    NameTakenError,
    WrongCredentialsError,
)
from genregenie.accounts.export import export_person
from genregenie.accounts.feedback import Answer, clip_key
from genregenie.accounts.opinions import StoredOpinion
from genregenie.accounts.results import Audio, Result
from genregenie.common.limits import GuestLimits
from tests.accounts.standins import Clock, rows

GOOD = "a calm indigo morning"
FEW = GuestLimits(at_once=2, uploads=3, minutes=60)


def result(name: str) -> Result:
    return Result(name, "jazz", "confident", 0.75, 30.5, json.dumps({"of": name}))


def opinion(key: str, *, liked: bool = True) -> StoredOpinion:
    return StoredOpinion(key, "Nina", "jazz", liked)


def answer(genre: str, numbers: bytes = b"\0" * 8) -> Answer:
    return Answer(genre, "blues", "unsure", "v1", "Nina", numbers)


def busy_guest(accounts: Accounts, name: str = "heard as a guest") -> tuple[User, str]:
    """A guest of whom something is kept in each table."""
    guest, token = accounts.guests.add()
    assert accounts.results.keep(guest.id, result(name))
    accounts.opinions.say(guest.id, opinion("both"))
    accounts.feedback.give(guest.id, answer("jazz"))
    return guest, token


def names(accounts: Accounts, person_id: int) -> list[str]:
    return [line.name for line in accounts.results.summaries(person_id)]


def test_a_guest_comes_without_a_password_and_goes_after_an_hour(
    accounts: Accounts, clock: Clock
) -> None:
    accounts.people.sign_up("Ada", "", GOOD)
    alone = rows(accounts)
    guest, token = busy_guest(accounts)
    assert guest.guest
    with pytest.raises(WrongCredentialsError):
        accounts.people.log_in(guest.name, "")
    for _ in range(59):  # however busy
        clock.move(minutes=1)
        assert accounts.sessions.user_of(token) == guest
    accounts.tidy()
    assert names(accounts, guest.id) == ["heard as a guest"]
    clock.move(minutes=1)
    assert accounts.sessions.user_of(token) is None
    accounts.tidy()
    kept = rows(accounts)
    counted = {"throttles": 0, "daily": 0}
    assert {**kept, **counted} == {**alone, **counted}


def test_how_long_a_guest_stays_can_be_said(accounts: Accounts, clock: Clock) -> None:
    guest, token = accounts.guests.add(GuestLimits(minutes=3 * 60))
    clock.move(hours=2.9)
    assert accounts.sessions.user_of(token) == guest
    clock.move(hours=0.2)
    assert accounts.sessions.user_of(token) is None


def test_all_guests_can_be_asked_to_leave(accounts: Accounts) -> None:
    who, _ = accounts.people.sign_up("Ada", "", GOOD)
    busy_guest(accounts)
    accounts.guests.clear(everybody=True)
    assert accounts.people.living() == {who.id}
    assert rows(accounts)["results"] == 0


def test_the_house_can_be_full_and_the_idle_make_room(accounts: Accounts, clock: Clock) -> None:
    (_, idle), (busy, token) = accounts.guests.add(FEW), accounts.guests.add(FEW)
    with pytest.raises(DemoFullError, match="Many people are trying it just now"):
        accounts.guests.add(FEW)
    clock.move(minutes=9)
    assert accounts.sessions.user_of(token) == busy
    with pytest.raises(DemoFullError):
        accounts.guests.add(FEW)
    clock.move(minutes=2)
    newcomer, _ = accounts.guests.add(FEW)
    assert accounts.sessions.user_of(idle) is None
    assert accounts.people.living() == {busy.id, newcomer.id}
    # Who has an account comes in however full it is, and whom nobody waits for may be idle.
    accounts.people.sign_up("Ada", "", GOOD)
    clock.move(minutes=30)
    assert accounts.sessions.user_of(token) == busy


def test_no_more_come_in_at_once_than_there_is_room_for(accounts: Accounts) -> None:
    def come(_: int) -> bool:
        try:
            accounts.guests.add(FEW)
        except DemoFullError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(come, range(16))) == 2


def test_a_guest_has_so_many_clips_and_no_more_at_once(accounts: Accounts) -> None:
    guest, other = accounts.guests.add()[0], accounts.guests.add()[0]

    def hear(_: int) -> bool:
        try:
            accounts.guests.count_clip(guest.id, FEW)
        except GuestLimitError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(hear, range(16))) == 3
    with pytest.raises(GuestLimitError, match="may listen to 3 clips"):
        accounts.guests.count_clip(guest.id, FEW)
    accounts.guests.count_clip(other.id, FEW)


def test_audio_and_links_take_an_account(accounts: Accounts) -> None:
    guest, token = busy_guest(accounts)
    (line,) = accounts.results.summaries(guest.id)
    with pytest.raises(AccountNeededError, match="needs an account"):
        accounts.results.keep_audio(guest.id, line.id, Audio(b"sound", ".mp3"))
    with pytest.raises(AccountNeededError, match="needs an account"):
        accounts.shares.make(guest.id, line.id, b"key")
    who, _, _ = accounts.people.join("Ada", "", GOOD, old_token=token)
    assert accounts.results.keep_audio(who.id, line.id, Audio(b"sound", ".mp3"))
    assert accounts.shares.make(who.id, line.id, b"key")


# --- what comes along -------------------------------------------------------------------------


def test_who_signs_up_takes_along_what_was_heard(accounts: Accounts) -> None:
    guest, old = busy_guest(accounts)
    other, _ = busy_guest(accounts, "somebody else's")
    who, codes, token = accounts.people.join("Ada", "", GOOD, "Firefox/140.0 Linux", old)
    assert len(codes) == 8
    assert accounts.sessions.user_of(token) == who
    assert [s.browser for s in accounts.sessions.of(who.id)] == ["Firefox on Linux"]
    assert accounts.sessions.user_of(old) is None
    assert accounts.people.living() == {who.id, other.id}
    assert names(accounts, who.id) == ["heard as a guest"]
    assert names(accounts, other.id) == ["somebody else's"]
    assert accounts.opinions.of(who.id) == [opinion("both")]
    assert accounts.feedback.genre_of(who.id, clip_key(b"\0" * 8)) == "jazz"
    data = export_person(accounts.db, accounts.blobs, who.id)
    assert [len(data[n]) for n in ("results", "opinions", "feedback")] == [1, 1, 1]  # type: ignore[arg-type]
    assert names(accounts, guest.id) == []
    accounts.people.delete(who)
    assert rows(accounts)["results"] == 1


def test_who_logs_in_takes_it_along_to_what_is_there(accounts: Accounts) -> None:
    who, _ = accounts.people.sign_up("Ada", "", GOOD)
    accounts.results.keep(who.id, result("long ago"))
    for key in ("both", "only mine"):
        accounts.opinions.say(who.id, opinion(key, liked=False))
    accounts.feedback.give(who.id, answer("rock"))
    accounts.feedback.give(who.id, answer("pop", b"\1" * 8))
    _, old = busy_guest(accounts)
    accounts.people.log_in("Ada", GOOD, old_token=old)
    assert names(accounts, who.id) == ["heard as a guest", "long ago"]
    # What was said last counts.
    assert {o.key: o.liked for o in accounts.opinions.of(who.id)} == {
        "both": True,
        "only mine": False,
    }
    given = [(r.guest, r.answer.genre) for r in accounts.feedback.everything()]
    assert sorted(given) == [(False, "jazz"), (False, "pop")]


def test_no_more_is_kept_than_for_anybody(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genregenie.accounts.guests.MAX_RESULTS", 2)
    who, _ = accounts.people.sign_up("Ada", "", GOOD)
    for name in ("one", "two"):
        accounts.results.keep(who.id, result(name))
    accounts.people.log_in("Ada", GOOD, old_token=busy_guest(accounts)[1])
    assert names(accounts, who.id) == ["heard as a guest", "two"]


def test_a_refused_way_in_takes_nothing_along(accounts: Accounts) -> None:
    accounts.people.sign_up("Ada", "", GOOD)
    guest, old = busy_guest(accounts)
    with pytest.raises(NameTakenError):
        accounts.people.join("ADA", "", GOOD, old_token=old)
    with pytest.raises(WrongCredentialsError):
        accounts.people.log_in("Ada", "seven loud orange evenings", old_token=old)
    assert accounts.sessions.user_of(old) == guest
    assert names(accounts, guest.id) == ["heard as a guest"]


def test_what_fails_on_the_way_leaves_all_as_it_was(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it is one transaction: no account without what was heard, nothing heard twice."""

    def fail(*_: object) -> None:
        raise RuntimeError("the power goes")

    guest, old = busy_guest(accounts)
    before = rows(accounts)
    monkeypatch.setattr(accounts.people._sessions, "start", fail)
    with pytest.raises(RuntimeError):
        accounts.people.join("Ada", "", GOOD, old_token=old)
    assert rows(accounts) == before
    assert names(accounts, guest.id) == ["heard as a guest"]


def test_only_a_guest_that_is_here_comes_along(accounts: Accounts, clock: Clock) -> None:
    eve, _, hers = accounts.people.join("Eve", "", GOOD)
    accounts.results.keep(eve.id, result("Eve's"))
    _, late = busy_guest(accounts)
    clock.move(minutes=60)
    for n, token in enumerate((hers, late, "made up")):
        who, _, _ = accounts.people.join(f"Ada{n}", "", GOOD, old_token=token)
        assert names(accounts, who.id) == []
    assert names(accounts, eve.id) == ["Eve's"]
    assert accounts.sessions.user_of(hers) is None  # but no session outlives a log-in


def test_two_who_sign_up_at_once_from_one_guest(accounts: Accounts) -> None:
    _, old = busy_guest(accounts)
    with ThreadPoolExecutor(2) as pool:
        joined = pool.map(
            lambda n: accounts.people.join(n, "", GOOD, old_token=old), ["Ada", "Bea"]
        )
        people = [user.id for user, _, _ in joined]
    assert sorted(len(names(accounts, person)) for person in people) == [0, 1]
