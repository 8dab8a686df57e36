"""Songs out of results: what is one song, where it lies, and what is read only once."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genregenie.accounts import Accounts, open_accounts
from genregenie.accounts.results import Audio, Filter
from genregenie.features.statistics import Statistics
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Prediction
from genregenie.storage.database import sqlite_url
from genregenie.web.saved_results import as_result
from genregenie.web.songs import Songs, told
from genregenie.web.ui.examples import EXAMPLES
from tests.web.servers import CHEAP, GOOD


@pytest.fixture(scope="module")
def heard() -> Prediction:
    return Classifier.load().predict(EXAMPLES[0].path)


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    opened = open_accounts(sqlite_url(tmp_path), CHEAP)
    yield opened
    opened.close()


def person(accounts: Accounts, name: str = "ada") -> int:
    accounts.people.sign_up(name, "", GOOD)
    return accounts.people.log_in(name, GOOD)[0].id


def test_the_same_song_is_one(accounts: Accounts, heard: Prediction) -> None:
    ada, eve = person(accounts), person(accounts, "eve")
    keep = accounts.results.keep
    for title, artist in (
        ("Jamming", "Bob Marley"),
        ("Jamming (Live)", "bob marley"),
        ("Jamming", "Somebody else"),
    ):
        keep(ada, as_result(replace(heard, title=title, artist=artist)))
    nameless = replace(heard, title=None, artist=None)
    for name, duration_s in (("a", 30.0), ("A", 30.01), ("a", 99.0), (None, 12.0), (None, 12.0)):
        keep(ada, as_result(replace(nameless, duration_s=duration_s), name))
    keep(eve, as_result(nameless, "hers"))
    songs = Songs(accounts.results).of(ada)
    assert [(song.heard.title, song.heard.artist, len(song.results)) for song in songs] == [
        ("Recording", None, 1),
        ("Recording", None, 1),
        ("a", None, 1),
        ("A", None, 2),
        ("Jamming", "Somebody else", 1),
        ("Jamming (Live)", "bob marley", 2),
    ]
    assert songs[-1].newest.id == max(songs[-1].numbers)


def test_a_song_is_as_it_is_now_and_read_once(
    accounts: Accounts, heard: Prediction, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = person(accounts)
    number = accounts.results.keep(ada, as_result(heard))
    assert number is not None
    songs = Songs(accounts.results)
    (song,) = songs.of(ada)
    assert (song.has_audio, song.shared) == (False, None)
    accounts.results.keep_audio(ada, number, Audio(b"RIFF", ".wav"))
    monkeypatch.setattr(accounts.results, "each", None)
    (again,) = songs.of(ada)
    assert again.has_audio
    assert again.heard is song.heard
    accounts.results.delete(ada, number)
    assert songs.of(ada) == []


def test_it_lies_where_its_neighbours_do(heard: Prediction) -> None:
    model = Classifier.load().model
    place = told(heard, "x", model).place
    assert place is not None
    assert model.map is not None
    catalogue = model.catalogue
    near = np.concatenate(
        [model.map.positions[(catalogue.title == n.title)] for n in heard.neighbours]
    )
    assert (near.min(axis=0) <= place).all()
    assert (near.max(axis=0) >= place).all()


def test_what_cannot_be_placed_has_no_place(heard: Prediction) -> None:
    model = Classifier.load().model
    assert told(replace(heard, genre=None, verdict="not music"), "x", model).place is None
    assert told(heard, "x", replace(model, map=None)).place is None
    # A record that was printed, or one of which nothing is left of the sound.
    bare = Prediction.from_dict(replace(heard, statistics=Statistics.empty()).to_dict())
    assert told(bare.located(model.catalogue.space), "x", model).place is None
    # Without the network timbre alone says where it lies.
    assert told(replace(heard, autotags=()), "x", model).place is not None


def test_results_are_found_by_their_numbers(accounts: Accounts, heard: Prediction) -> None:
    ada, eve = person(accounts), person(accounts, "eve")
    first, second = (accounts.results.keep(ada, as_result(heard)) for _ in range(2))
    theirs = accounts.results.keep(eve, as_result(heard))
    asked = Filter(numbers=frozenset([second or 0, theirs or 0, -1, 0, 2**40]))
    assert [kept.summary.id for kept in accounts.results.each(ada, asked)] == [second]
    assert accounts.results.count(ada, Filter(numbers=frozenset())) == 0
    assert accounts.results.count(ada, Filter(numbers=frozenset([first or 0]))) == 1
