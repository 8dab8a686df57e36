import threading

import pytest

from genregenie.accounts import Accounts, opinions
from genregenie.accounts.export import export_person
from genregenie.accounts.opinions import StoredOpinion

GOOD = "a calm indigo morning"
QUEEN = StoredOpinion("queen/radiogaga", "Queen", "rock", liked=True)
CHER = StoredOpinion("6f807x0ima9a1j3VPbc7VN", "Cher", "pop", liked=False)


def newcomer(accounts: Accounts, name: str) -> int:
    return accounts.people.sign_up(name, "", GOOD)[0].id


def test_opinions_are_kept_for_each_person(accounts: Accounts) -> None:
    ada, bob = newcomer(accounts, "Ada"), newcomer(accounts, "Bob")
    accounts.opinions.say(ada, QUEEN)
    accounts.opinions.say(ada, CHER)
    accounts.opinions.say(bob, CHER)
    assert accounts.opinions.of(ada) == [QUEEN, CHER]
    assert accounts.opinions.of(bob) == [CHER]


def test_a_later_opinion_replaces_an_earlier_one(accounts: Accounts) -> None:
    ada = newcomer(accounts, "Ada")
    accounts.opinions.say(ada, QUEEN)
    accounts.opinions.say(ada, CHER)
    changed = StoredOpinion(QUEEN.key, "Queen", "rock", liked=False)
    accounts.opinions.say(ada, changed)
    assert accounts.opinions.of(ada) == [CHER, changed]
    accounts.opinions.take_back(ada, CHER.key)
    assert accounts.opinions.of(ada) == [changed]


def test_clicks_at_once_leave_one_opinion(accounts: Accounts) -> None:
    ada = newcomer(accounts, "Ada")
    clicks = [threading.Thread(target=accounts.opinions.say, args=(ada, QUEEN)) for _ in range(8)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert accounts.opinions.of(ada) == [QUEEN]


def test_the_oldest_are_forgotten(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opinions, "MAX_OPINIONS", 3)
    ada = newcomer(accounts, "Ada")
    for number in range(5):
        accounts.opinions.say(ada, StoredOpinion(str(number), "a", "rock", liked=True))
    assert [said.key for said in accounts.opinions.of(ada)] == ["2", "3", "4"]


def test_they_go_with_the_person_and_are_in_the_download(accounts: Accounts) -> None:
    who, _ = accounts.people.sign_up("Ada", "", GOOD)
    accounts.opinions.say(who.id, QUEEN)
    (mine,) = export_person(accounts.db, accounts.blobs, who.id)["opinions"]  # type: ignore[misc, union-attr]
    assert mine["track"] == "queen/radiogaga"  # type: ignore[call-overload, index]
    assert mine["liked"] is True  # type: ignore[call-overload, index]
    accounts.people.delete(who)
    assert accounts.opinions.of(who.id) == []
    accounts.opinions.say(who.id, QUEEN)
    assert accounts.opinions.of(who.id) == []
