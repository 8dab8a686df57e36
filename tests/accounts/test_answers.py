import threading
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import select

from genregenie.accounts import Accounts, feedback
from genregenie.accounts.export import export_person
from genregenie.accounts.feedback import Answer, clip_key
from genregenie.accounts.tables import FeedbackRow
from tests.accounts.standins import Clock

GOOD = "a calm indigo morning"
ROCK = Answer("country", "rock", "unsure", "0123456789ab", "Queen", np.arange(183.0).tobytes())
JAZZ = Answer("jazz", None, "not music", "0123456789ab", "", np.full(183, 1 / 3).tobytes())


def newcomer(accounts: Accounts, name: str) -> int:
    return accounts.people.sign_up(name, "", GOOD)[0].id


def said(accounts: Accounts) -> list[tuple[int | None, Answer]]:
    return [(given.person_id, given.answer) for given in accounts.feedback.everything()]


def test_answers_are_kept_to_the_last_bit(accounts: Accounts) -> None:
    ada, bob = newcomer(accounts, "Ada"), newcomer(accounts, "Bob")
    assert accounts.feedback.give(ada, ROCK)
    assert accounts.feedback.give(bob, ROCK)
    assert accounts.feedback.give(None, JAZZ)
    assert said(accounts) == [(ada, ROCK), (bob, ROCK), (None, JAZZ)]
    assert {given.said_at for given in accounts.feedback.everything()} == {accounts._core.clock()}


@pytest.mark.parametrize("anybody", [True, False])
def test_a_change_of_mind_replaces_and_can_be_taken_back(accounts: Accounts, anybody: bool) -> None:
    me = newcomer(accounts, "Ada") if anybody else None
    other = newcomer(accounts, "Bob")
    key = clip_key(ROCK.numbers)
    accounts.feedback.give(other, ROCK)
    accounts.feedback.give(me, ROCK)
    changed = replace(ROCK, genre="rock")
    accounts.feedback.give(me, changed)
    assert said(accounts) == [(other, ROCK), (me, changed)]
    assert accounts.feedback.genre_of(me, key) == "rock"
    assert accounts.feedback.genre_of(other, key) == "country"
    accounts.feedback.take_back(me, key)
    assert accounts.feedback.genre_of(me, key) is None
    assert said(accounts) == [(other, ROCK)]


@pytest.mark.parametrize("anybody", [True, False])
def test_clicks_at_once_leave_one_answer(accounts: Accounts, anybody: bool) -> None:
    me = newcomer(accounts, "Ada") if anybody else None
    clicks = [threading.Thread(target=accounts.feedback.give, args=(me, ROCK)) for _ in range(8)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert said(accounts) == [(me, ROCK)]


@pytest.mark.parametrize("anybody", [True, False])
def test_the_oldest_are_forgotten(
    accounts: Accounts, anybody: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback, "MAX_ANSWERS", 3)
    me = newcomer(accounts, "Ada") if anybody else None
    other = newcomer(accounts, "Bob")
    accounts.feedback.give(other, JAZZ)
    for number in range(5):
        accounts.feedback.give(me, replace(ROCK, numbers=bytes([number] * 8)))
    kept = [answer.numbers[0] for owner, answer in said(accounts) if owner == me]
    assert kept == [2, 3, 4]
    assert accounts.feedback.genre_of(other, clip_key(JAZZ.numbers)) == "jazz"


def test_it_goes_with_the_person_and_is_in_the_download(accounts: Accounts) -> None:
    who, _ = accounts.people.sign_up("Ada", "", GOOD)
    accounts.feedback.give(who.id, ROCK)
    accounts.feedback.give(None, JAZZ)
    (mine,) = export_person(accounts.db, accounts.blobs, who.id)["feedback"]
    assert mine["said"] == "country"
    assert mine["model_said"] == "rock"
    assert mine["numbers"] == list(range(183))
    accounts.people.delete(who)
    assert said(accounts) == [(None, JAZZ)]
    assert not accounts.feedback.give(who.id, ROCK)
    assert said(accounts) == [(None, JAZZ)]


def test_guests_are_marked_and_take_theirs_along(accounts: Accounts, clock: Clock) -> None:
    guest, _ = accounts.guests.add()
    accounts.feedback.give(guest.id, ROCK)
    assert [given.guest for given in accounts.feedback.everything()] == [True]
    clock.move(days=2)
    accounts.tidy()
    assert said(accounts) == []


def test_the_row_holds_nothing_else(accounts: Accounts) -> None:
    accounts.feedback.give(None, ROCK)
    with accounts.db.read() as session:
        row = session.scalars(select(FeedbackRow)).one()
        sizes = {name: len(v) for name, v in vars(row).items() if isinstance(v, bytes)}
    assert sizes == {"clip_key": 32, "numbers": 8 * 183}
