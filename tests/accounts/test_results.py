import base64
import json
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genregenie.accounts import Accounts, results
from genregenie.accounts.errors import NoRoomError
from genregenie.accounts.export import export_person
from genregenie.accounts.results import Audio, Filter, Result
from tests.accounts.standins import Clock

GOOD = "a calm indigo morning"
DETAILS = json.dumps({"vector": [0.1, -2.5], "who": "Sigur Rós"})


def newcomer(accounts: Accounts, name: str) -> int:
    return accounts.people.sign_up(name, "", GOOD)[0].id


def result(name: str = "Song", genre: str | None = "jazz", verdict: str = "confident") -> Result:
    return Result(name, genre, verdict, 0.75, 30.5, DETAILS)


def keep(accounts: Accounts, person: int, *args: str) -> int:
    number = accounts.results.keep(person, result(*args))
    assert number is not None
    return number


def test_a_result_comes_back_as_it_was_kept(accounts: Accounts, clock: Clock) -> None:
    ada = newcomer(accounts, "Ada")
    number = keep(accounts, ada)
    kept = accounts.results.open(ada, number)
    assert kept is not None
    assert kept.details == DETAILS
    line = kept.summary
    assert (line.name, line.genre, line.verdict) == ("Song", "jazz", "confident")
    assert (line.confidence, line.duration_s) == (0.75, 30.5)
    assert (line.made_at, line.audio_bytes, line.shared_at) == (clock.now, 0, None)


# Each example adds to the same account, which harms nothing.
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400),
    confidence=st.floats(0, 1),
    duration=st.floats(0, 1e6),
    details=st.dictionaries(st.text(st.characters(codec="ascii")), st.floats(allow_nan=False)),
)
def test_whatever_is_kept_comes_back(
    accounts: Accounts, name: str, confidence: float, duration: float, details: dict[str, float]
) -> None:
    people = accounts.people.living() or {newcomer(accounts, "Ada")}
    (ada,) = people
    text = json.dumps(details)
    given = Result(name, None, "unsure", confidence, duration, text)
    number = accounts.results.keep(ada, given)
    assert number is not None
    kept = accounts.results.open(ada, number)
    assert kept is not None
    assert kept.summary.name == name.replace("\0", "")[:300]
    assert (kept.summary.confidence, kept.summary.duration_s) == (confidence, duration)
    assert json.loads(kept.details) == details


def test_the_list_is_newest_first_and_can_be_filtered(accounts: Accounts) -> None:
    ada, bob = newcomer(accounts, "Ada"), newcomer(accounts, "Bob")
    keep(accounts, ada, "one", "jazz")
    keep(accounts, ada, "two", "rock", "unsure")
    keep(accounts, ada, "three", "jazz", "unsure")
    keep(accounts, bob, "his", "jazz")

    def names(wanted: Filter = results.EVERYTHING, **page: int) -> list[str]:
        return [line.name for line in accounts.results.summaries(ada, wanted, **page)]

    assert names() == ["three", "two", "one"]
    assert names(skip=1, most=1) == ["two"]
    assert names(Filter("jazz")) == ["three", "one"]
    assert names(Filter(None, "unsure")) == ["three", "two"]
    assert names(Filter("jazz", "unsure")) == ["three"]
    assert names(Filter("polka")) == []
    newest, _, oldest = accounts.results.summaries(ada)
    accounts.shares.make(ada, newest.id, b"key")
    accounts.results.keep_audio(ada, oldest.id, Audio(b"sound", ".mp3"))
    assert names(Filter(only="shared")) == ["three"]
    assert names(Filter(only="audio")) == ["one"]
    assert names(Filter("rock", only="audio")) == []
    assert accounts.results.count(ada, Filter("jazz")) == 2
    assert [k.summary.name for k in accounts.results.each(ada, Filter("rock"))] == ["two"]


def test_nobody_reaches_what_is_somebody_elses(accounts: Accounts) -> None:
    ada, bob = newcomer(accounts, "Ada"), newcomer(accounts, "Bob")
    number = keep(accounts, ada)
    accounts.results.keep_audio(ada, number, Audio(b"sound", ".mp3"))
    token = accounts.shares.make(ada, number, b"key")
    for other in (bob, 0, 999):
        assert accounts.results.open(other, number) is None
        assert accounts.results.audio(other, number) is None
        assert not accounts.results.delete(other, number)
        assert accounts.results.delete_all(other) == 0
        assert not accounts.results.keep_audio(other, number, Audio(b"noise", ".wav"))
        accounts.results.drop_audio(other, number)
        assert accounts.shares.make(other, number, b"key") is None
        assert accounts.shares.token(other, number, b"key") is None
        accounts.shares.take_back(other, number)
    assert accounts.results.audio(ada, number) == Audio(b"sound", ".mp3")
    assert token is not None
    assert accounts.shares.find(token) is not None


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**70])
def test_numbers_that_cannot_be(accounts: Accounts, number: int) -> None:
    ada = newcomer(accounts, "Ada")
    assert accounts.results.open(ada, number) is None
    assert not accounts.results.delete(ada, number)
    assert accounts.shares.make(ada, number, b"key") is None


def test_deleting_one_and_all(accounts: Accounts) -> None:
    ada, bob = newcomer(accounts, "Ada"), newcomer(accounts, "Bob")
    first, second = keep(accounts, ada, "one"), keep(accounts, ada, "two")
    keep(accounts, ada, "three")
    keep(accounts, bob, "his")
    assert accounts.results.delete(ada, second)
    assert not accounts.results.delete(ada, second)
    assert accounts.results.count(ada) == 2
    assert accounts.results.delete_all(ada) == 2
    assert accounts.results.open(ada, first) is None
    assert accounts.results.count(bob) == 1
    assert keep(accounts, ada) > second + 1  # no number is given twice


def test_the_oldest_are_forgotten(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "MAX_RESULTS", 3)
    ada = newcomer(accounts, "Ada")
    for number in range(5):
        keep(accounts, ada, str(number))
    assert [line.name for line in accounts.results.summaries(ada)] == ["4", "3", "2"]


def test_results_at_once_are_all_kept(accounts: Accounts) -> None:
    ada = newcomer(accounts, "Ada")
    threads = [threading.Thread(target=keep, args=(accounts, ada)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert accounts.results.count(ada) == 8


def test_who_is_gone_keeps_nothing(accounts: Accounts) -> None:
    assert accounts.results.keep(999, result()) is None
    assert accounts.results.count(999) == 0


def test_audio_is_kept_when_asked_for_and_goes_with_its_result(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "MAX_CLIP_BYTES", 100)
    ada = newcomer(accounts, "Ada")
    first, second = keep(accounts, ada), keep(accounts, ada)
    assert accounts.results.audio(ada, first) is None
    assert accounts.results.keep_audio(ada, first, Audio(b"x" * 100, ".mp3"), 150)
    assert accounts.results.keep_audio(ada, first, Audio(b"y" * 90, ".ogg"), 150)  # in its place
    assert accounts.results.audio(ada, first) == Audio(b"y" * 90, ".ogg")
    with pytest.raises(NoRoomError, match="up to"):
        accounts.results.keep_audio(ada, second, Audio(b"x" * 101, ".mp3"))
    with pytest.raises(NoRoomError, match="no room"):
        accounts.results.keep_audio(ada, second, Audio(b"x" * 61, ".mp3"), 150)
    assert accounts.results.kept_bytes(ada) == 90
    accounts.results.drop_audio(ada, first)
    assert accounts.results.audio(ada, first) is None
    assert accounts.results.keep_audio(ada, second, Audio(b"x" * 61, ".mp3"))
    assert [line.audio_bytes for line in accounts.results.summaries(ada)] == [61, 0]
    accounts.results.delete(ada, second)
    assert accounts.results.audio(ada, second) is None


def test_they_are_in_the_download_and_go_with_the_person(accounts: Accounts) -> None:
    who, _ = accounts.people.sign_up("Ada", "", GOOD)
    number = keep(accounts, who.id)
    accounts.results.keep_audio(who.id, number, Audio(b"sound", ".mp3"))
    token = accounts.shares.make(who.id, number, b"key")
    assert token is not None
    everything = export_person(accounts.db, accounts.blobs, who.id)
    (mine,) = everything["results"]  # type: ignore[misc, union-attr]
    assert isinstance(mine, dict)
    assert mine["name"] == "Song"
    assert mine["details"] == json.loads(DETAILS)
    assert base64.b64decode(mine["audio_base64"]) == b"sound"
    assert token not in json.dumps(everything)
    accounts.people.delete(who)
    assert accounts.results.open(who.id, number) is None
    assert accounts.shares.find(token) is None
