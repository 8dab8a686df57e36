"""What an earlier release has written still opens, and all of it is there."""

import hashlib
import json
import os
import shutil
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from genregenie.accounts import Accounts, open_accounts
from genregenie.accounts.backup.restore import restore
from genregenie.accounts.backup.write import backup
from genregenie.accounts.export import export_person
from genregenie.accounts.feedback import Answer
from genregenie.accounts.opinions import StoredOpinion
from genregenie.accounts.results import Audio
from genregenie.audio.scan import AudioPath
from genregenie.autotag.vocabulary import TAGS
from genregenie.model.likeness import Likeness
from genregenie.recommend.library_index import Library
from genregenie.tagging.formats.fields import FIELDS
from genregenie.tagging.journal import Journal
from genregenie.tagging.policy import TagPolicy
from genregenie.tagging.records import CachedResult, RunRequest
from genregenie.tagging.tagger import Listening, plan, untag
from tests.accounts.standins import CHEAP, Clock
from tests.recommend.conftest import make_axes

EARLIER = Path(__file__).with_name("files") / "earlier"
TOLD = json.loads((EARLIER / "told.json").read_text())
GOOD = "a calm indigo morning"


def restored(name: str, path: Path) -> Path:
    """A database from its SQL."""
    with sqlite3.connect(path) as connection:
        connection.executescript((EARLIER / name).read_text("utf-8"))
    connection.close()
    return path


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    path = restored("accounts.sql", tmp_path / "genregenie.sqlite3")
    opened = open_accounts(f"sqlite:///{path}", CHEAP, Clock())
    yield opened
    opened.close()


def test_people_come_in_as_before(accounts: Accounts) -> None:
    who = accounts.sessions.user_of(TOLD["token"])
    assert who is not None
    assert (who.id, who.name, who.guest) == (1, "Ada", False)
    assert accounts.people.log_in("ada", GOOD)[0] == who
    accounts.recovery.reset_with_code("Ada", TOLD["code"], "seven loud orange evenings")
    accounts.people.log_in("Ada", "seven loud orange evenings")
    assert accounts.people.living() == {1, 2}


def test_what_people_kept_and_said_is_there(accounts: Accounts) -> None:
    assert accounts.opinions.of(1) == [StoredOpinion("queen/radiogaga", "Queen", "rock", True)]
    numbers = struct.pack("<4d", 1.0, -2.5, 1e-9, 3.0)
    assert [(given.person_id, given.answer) for given in accounts.feedback.everything()] == [
        (1, Answer("jazz", "blues", "confident", "v1", "Nina", numbers)),
        (None, Answer("rock", None, "not music", "v1", "", numbers[:8])),
    ]
    shared = accounts.shares.find(TOLD["share"])
    assert shared is not None
    assert shared == accounts.results.open(1, 1)
    assert shared.details == '{"version": 1}'
    assert accounts.results.audio(1, 1) == Audio(b"\0sound\xff", ".mp3")


def test_it_can_be_downloaded_and_copied(accounts: Accounts, tmp_path: Path) -> None:
    data = export_person(accounts.db, accounts.blobs, 1)
    assert [len(data[name]) for name in ("feedback", "opinions", "results")] == [1, 1, 1]  # type: ignore[arg-type]
    written = backup(accounts.db, accounts.blobs, tmp_path / "backups", Clock()())
    assert (written.people, written.clips) == (2, 1)
    copy = open_accounts(f"sqlite:///{tmp_path}/copy.sqlite3", CHEAP, Clock())
    restore(copy.db, copy.blobs, written.path)
    assert export_person(copy.db, copy.blobs, 1) == data
    copy.close()


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """A file that the earlier release has tagged."""
    path = Path(shutil.copy(EARLIER / "song.wav", tmp_path))
    os.utime(path, ns=(TOLD["tagged_ns"], TOLD["tagged_ns"]))
    return path


@pytest.fixture
def journal(tmp_path: Path, song: Path) -> Iterator[Journal]:
    """The journal of that, as if the file had always been here."""
    path = restored("journal.sql", tmp_path / "library.sqlite3")
    with sqlite3.connect(path) as connection:
        for table in ("heard", "changes"):
            connection.execute(f"UPDATE {table} SET path = ?", (os.fsencode(song),))  # noqa: S608
    connection.close()
    with Journal(path) as opened:
        yield opened


REQUEST = RunRequest(("/earlier",), TagPolicy(names={"jazz": ("Jazz", "Blue")}), ("*.tmp",))


def test_what_was_heard_is_not_heard_again(journal: Journal, song: Path) -> None:
    (item,) = plan([AudioPath.at(str(song))], journal, REQUEST.policy, Listening("0.1.0-model"))
    assert item.state == "as it is"
    assert item.before == dict.fromkeys(FIELDS, ()) | {"genre": ("Jazz", "Blue")}
    assert item.heard == CachedResult(
        "confident", "jazz", 0.9, {"jazz": 0.9, "blues": 0.1}, 0.5, 0.5, None, "Nina"
    )


def test_runs_are_listed_and_one_that_was_stopped_goes_on(journal: Journal) -> None:
    runs = [(r.number, r.request, r.finished, r.changed, r.undone) for r in journal.runs()]
    assert runs == [(1, REQUEST, True, 1, 0), (2, REQUEST, False, 0, 0)]
    assert journal.start_run(REQUEST) == 2
    assert journal.start_run(RunRequest(("/elsewhere",))) == 3


def test_its_tags_are_taken_back_to_the_byte(journal: Journal, song: Path) -> None:
    (change,) = untag(1, journal)
    assert (change.path, change.reason) == (str(song), "")
    assert hashlib.sha256(song.read_bytes()).hexdigest() == TOLD["original"]


def test_an_index_is_searched() -> None:
    centre = np.arange(104) / 104
    vectors = np.stack([np.roll(np.linspace(-1, 1, 104), 20 * i) for i in range(3)])
    earlier, now = Likeness(centre), Likeness(centre, make_axes())
    unheard = np.full((3, TAGS), np.nan)
    library = Library.load(EARLIER / "index", now)
    assert np.allclose(library.directions, earlier.directions(vectors, unheard), atol=1e-6)
    nearest = library.nearest(now.directions(vectors, unheard)[1])[0]
    assert (nearest.artist, nearest.title, nearest.genre) == ("artist 1", "song 1", "blues")
    assert nearest.path == "/earlier/1.mp3"
    assert nearest.alike == pytest.approx(1.0, abs=1e-6)
