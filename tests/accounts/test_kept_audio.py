"""Kept audio as blobs: before the row that names it, gone after that row, and nothing left over."""

import dataclasses
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import select

from genregenie.accounts import Accounts, open_accounts, results
from genregenie.accounts.core import utc_now
from genregenie.accounts.errors import NoRoomError
from genregenie.accounts.feedback import Answer
from genregenie.accounts.kept_audio import delete_orphans
from genregenie.accounts.results import Audio, Result
from genregenie.accounts.tables import ResultRow
from genregenie.common.settings import SettingsError
from genregenie.storage.blobs import Blob, BlobError
from genregenie.storage.database import DatabaseError
from genregenie.storage.folder_blobs import FolderBlobs
from tests.accounts.standins import CHEAP, Clock
from tests.storage.s3 import Bucket

GOOD = "a calm indigo morning"
SONG = Result("Song", "jazz", "confident", 0.75, 30.5, "{}")


def newcomer(accounts: Accounts, name: str = "Ada") -> int:
    return accounts.people.sign_up(name, "", GOOD)[0].id


def with_audio(accounts: Accounts, person: int, content: bytes = b"sound") -> int:
    number = accounts.results.keep(person, SONG)
    assert number is not None
    assert accounts.results.keep_audio(person, number, Audio(content, ".mp3"))
    return number


def held(accounts: Accounts) -> list[bytes | None]:
    return [
        accounts.blobs.get(blob.key)
        for blob in accounts.blobs.each()
        if not blob.key.startswith("owner/")
    ]


class Watched:
    """Blobs of which is noted what the rows say while they are written and deleted."""

    def __init__(self, accounts: Accounts) -> None:
        self._blobs = accounts.blobs
        self._accounts = accounts
        self.seen: list[tuple[str, bool]] = []
        self.fails: set[str] = set()

    def _note(self, what: str, key: str) -> None:
        with self._accounts.db.read() as session:
            named = select(ResultRow.id).where(ResultRow.audio_key == key)
            self.seen.append((what, session.scalar(named) is not None))
        if what in self.fails:
            raise BlobError("The disk is away.")

    def put(self, key: str, content: bytes | BinaryIO) -> None:
        self._note("put", key)
        self._blobs.put(key, content)

    def get(self, key: str) -> bytes | None:
        return self._blobs.get(key)

    def delete(self, key: str) -> None:
        self._note("delete", key)
        self._blobs.delete(key)

    def each(self, prefix: str = "") -> Iterator[Blob]:
        return self._blobs.each(prefix)


@pytest.fixture
def watched(accounts: Accounts) -> Watched:
    blobs = Watched(accounts)
    accounts.blobs = blobs
    object.__setattr__(accounts._core, "blobs", blobs)  # which is shared by all its parts
    return blobs


def test_it_is_there_before_its_row_and_gone_after(accounts: Accounts, watched: Watched) -> None:
    ada = newcomer(accounts)
    number = with_audio(accounts, ada)
    assert watched.seen == [("put", False)]
    accounts.results.keep_audio(ada, number, Audio(b"another", ".ogg"))
    assert watched.seen[1:] == [("put", False), ("delete", False)]
    accounts.results.drop_audio(ada, number)
    assert watched.seen[3:] == [("delete", False)]
    assert held(accounts) == []


def test_what_is_not_kept_leaves_nothing(accounts: Accounts, watched: Watched) -> None:
    ada = newcomer(accounts)
    number = with_audio(accounts, ada)
    with pytest.raises(NoRoomError):
        accounts.results.keep_audio(ada, number, Audio(b"too much", ".mp3"), 5)
    assert not accounts.results.keep_audio(ada, number + 1, Audio(b"of nothing", ".mp3"))
    assert watched.seen == [("put", False)]  # it was not even written
    watched.fails = {"put"}
    with pytest.raises(BlobError):
        accounts.results.keep_audio(ada, number, Audio(b"another", ".mp3"))
    assert accounts.results.audio(ada, number) == Audio(b"sound", ".mp3")
    assert held(accounts) == [b"sound"]


def test_a_result_that_goes_meanwhile_leaves_nothing(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = newcomer(accounts)
    number = with_audio(accounts, ada)
    put = accounts.blobs.put

    def and_delete(key: str, content: bytes | BinaryIO) -> None:
        put(key, content)
        accounts.results.delete(ada, number)

    monkeypatch.setattr(accounts.blobs, "put", and_delete)
    assert not accounts.results.keep_audio(ada, number, Audio(b"late", ".mp3"))
    assert held(accounts) == []


def test_a_transaction_that_fails_leaves_nothing(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = newcomer(accounts)
    number = with_audio(accounts, ada)

    def fail(*_: object) -> bool:
        raise DatabaseError(RuntimeError("no room"))

    monkeypatch.setattr(results, "_name_audio", fail)
    with pytest.raises(DatabaseError):
        accounts.results.keep_audio(ada, number, Audio(b"another", ".mp3"))
    assert accounts.results.audio(ada, number) == Audio(b"sound", ".mp3")
    assert held(accounts) == [b"sound"]


def test_deleting_deletes_when_the_disk_is_there_again(
    accounts: Accounts, watched: Watched, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    ada = newcomer(accounts)
    number = with_audio(accounts, ada)
    watched.fails = {"delete"}
    assert accounts.results.delete(ada, number)  # for its owner it is gone
    assert "not deleted yet: BlobError" in caplog.text
    assert held(accounts) == [b"sound"]
    watched.fails = set()
    clock.move(hours=2)
    accounts.tidy()
    assert held(accounts) == []


DELETIONS: dict[str, Callable[[Accounts, int, int], object]] = {
    "one result": lambda accounts, ada, number: accounts.results.delete(ada, number),
    "all results": lambda accounts, ada, _: accounts.results.delete_all(ada),
    "the audio": lambda accounts, ada, number: accounts.results.drop_audio(ada, number),
    "by its owner": lambda accounts, ada, _: accounts.people.delete(
        accounts.people.profile(ada).user  # type: ignore[union-attr]
    ),
    "on the Admin page": lambda accounts, ada, _: accounts.admin.delete(ada, "Bob"),
    "on the command line": lambda accounts, _ada, _: accounts.admin.delete_by_name("Ada"),
}


@pytest.mark.parametrize("way", DELETIONS)
def test_audio_goes_in_whichever_way_it_is_deleted(accounts: Accounts, way: str) -> None:
    ada, bob = newcomer(accounts), newcomer(accounts, "Bob")
    number = with_audio(accounts, ada)
    with_audio(accounts, bob, b"his")
    DELETIONS[way](accounts, ada, number)
    assert held(accounts) == [b"his"]


def test_the_oldest_take_their_audio_along(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "MAX_RESULTS", 2)
    monkeypatch.setattr("genregenie.accounts.guests.MAX_RESULTS", 2)
    ada = newcomer(accounts)
    for content in (b"1", b"2", b"3"):
        with_audio(accounts, ada, content)
    assert sorted(held(accounts)) == [b"2", b"3"]  # type: ignore[type-var]
    guest, token = accounts.guests.add()
    accounts.results.keep(guest.id, SONG)
    accounts.people.log_in("Ada", GOOD, old_token=token)
    assert held(accounts) == [b"3"]
    assert accounts.results.count(ada) == 2


def test_what_nobody_names_is_swept_after_an_hour(accounts: Accounts, clock: Clock) -> None:
    ada = newcomer(accounts)
    number = with_audio(accounts, ada)
    accounts.blobs.put("audio/lost", b"by a process that was killed")
    accounts.blobs.put("other/kind", b"of somebody else")
    clock.move(minutes=59)
    accounts.blobs.put("audio/new", b"about to be named")
    delete_orphans(accounts._core)
    assert len(held(accounts)) == 4
    clock.move(minutes=2)
    delete_orphans(accounts._core)
    assert {blob.key for blob in accounts.blobs.each("audio/")} == {
        "audio/new",
        *named(accounts),
    }
    assert accounts.blobs.get("other/kind") is not None
    clock.move(hours=2)
    accounts.tidy()
    assert {blob.key for blob in accounts.blobs.each("audio/")} == named(accounts)
    assert accounts.results.audio(ada, number) == Audio(b"sound", ".mp3")


def named(accounts: Accounts) -> set[str | None]:
    with accounts.db.read() as session:
        return set(session.scalars(select(ResultRow.audio_key))) - {None}


def test_nothing_is_swept_right_after_the_clock_has_jumped(
    accounts: Accounts, clock: Clock
) -> None:
    accounts.tidy()
    accounts.blobs.put("audio/new", b"about to be named")
    clock.set(days=30)
    accounts.tidy(keep_days=1)
    assert len(held(accounts)) == 1


def test_clips_at_once_stay_within_the_quota(accounts: Accounts) -> None:
    ada = newcomer(accounts)
    numbers = [accounts.results.keep(ada, SONG) for _ in range(6)]
    told: list[bool] = []

    def keep(number: int | None) -> None:
        assert number is not None
        try:
            told.append(accounts.results.keep_audio(ada, number, Audio(b"x" * 40, ".mp3"), 100))
        except NoRoomError:
            told.append(False)

    threads = [threading.Thread(target=keep, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False] * 4 + [True] * 2
    assert held(accounts) == [b"x" * 40] * 2
    assert accounts.results.kept_bytes(ada) == 80


# --- elsewhere than in the database ----------------------------------------------------------


@pytest.fixture(params=["folder", "s3"])
def elsewhere(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From now on audio is kept there."""
    if request.param == "folder":
        monkeypatch.setenv("GENREGENIE_BLOBS", str(tmp_path / "blobs"))
        return
    bucket: Bucket = request.getfixturevalue("bucket")
    monkeypatch.setenv("GENREGENIE_BLOBS", f"s3://{bucket.name}/of/ours")
    monkeypatch.setenv("GENREGENIE_S3_ENDPOINT", bucket.endpoint)


def test_what_the_database_has_moves_there(
    accounts: Accounts, new_database_url: str, clock: Clock, elsewhere: None
) -> None:
    ada = newcomer(accounts)
    numbers = [with_audio(accounts, ada, bytes([n]) * 100) for n in range(3)]
    moved = open_accounts(new_database_url, CHEAP, clock, clock.ticks)
    for turn in range(2):
        for n, number in enumerate(numbers):
            assert moved.results.audio(ada, number) == Audio(bytes([n]) * 100, ".mp3")
        assert len(held(accounts)) == (0 if turn else 3)
        clock.move(hours=2)
        moved.tidy()
    with_audio(moved, ada, b"new")
    assert held(accounts) == []
    moved.people.delete(moved.people.profile(ada).user)  # type: ignore[union-attr]
    assert held(moved) == []
    moved.close()


def test_a_place_that_cannot_be_used_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("GENREGENIE_BLOBS", str(tmp_path / "file" / "blobs"))
    with pytest.raises(SettingsError, match="GENREGENIE_BLOBS") as caught:
        open_accounts(f"sqlite:///{tmp_path}/x.sqlite3", CHEAP)
    assert str(tmp_path / "file" / "blobs") in str(caught.value)
    assert "\n" not in str(caught.value)


# --- kill -9 ---------------------------------------------------------------------------------

_WRITER = """
import random, sys
from genregenie.accounts import open_accounts
from genregenie.accounts.passwords import HashCost
from genregenie.accounts.results import Audio, Result
accounts = open_accounts(sys.argv[1], HashCost(16, 1))
luck = random.Random(int(sys.argv[2]))
print("ready", flush=True)
while True:
    number = accounts.results.keep(1, Result("x", None, "unsure", 0.5, 1.0, "{}"))
    accounts.results.keep_audio(1, number, Audio(bytes([number % 256]) * 100_000, ".mp3"))
    print("kept", number, flush=True)
    if luck.random() < 0.5:
        print("deleting", number, flush=True)
        accounts.results.delete(1, number)
        print("deleted", number, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("place", ["database", "folder"])
def test_a_killed_process_loses_no_clip_and_leaves_none_for_long(
    place: str, accounts: Accounts, new_database_url: str, tmp_path: Path, monkeypatch
) -> None:
    newcomer(accounts)
    if place == "folder":
        monkeypatch.setenv("GENREGENIE_BLOBS", str(tmp_path / "blobs"))
    luck = random.Random(11)
    kept: set[int] = set()
    gone: set[int] = set()
    for turn in range(2):
        command = [sys.executable, "-c", _WRITER, new_database_url, str(turn)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            lines = [process.stdout.readline() for _ in range(luck.randrange(3, 20))]
            time.sleep(luck.random() * 0.02)
            process.send_signal(signal.SIGKILL)
            lines += process.stdout.readlines()
        for word, *number in (line.split() for line in lines if line.endswith("\n")):
            if word != "ready":
                (kept if word == "kept" else gone).add(int(number[0]))
    after = open_accounts(new_database_url, CHEAP)
    for number in kept - gone:
        assert after.results.audio(1, number) == Audio(bytes([number % 256]) * 100_000, ".mp3")
    rows = {line.id: line.audio_bytes for line in after.results.summaries(1)}
    for number, size in rows.items():
        audio = after.results.audio(1, number)
        assert (len(audio.content) if audio else 0) == size
    assert kept - gone <= set(rows)
    delete_orphans(dataclasses.replace(after._core, clock=lambda: utc_now() + timedelta(hours=2)))
    assert {blob.key for blob in after.blobs.each("audio/")} == named(after)
    if place == "folder":
        drafts = list((tmp_path / "blobs" / "audio").glob(".*"))
        for draft in drafts:
            os.utime(draft, (time.time() - 7200,) * 2)
        FolderBlobs(tmp_path / "blobs")
        assert not any(draft.exists() for draft in drafts)
    after.close()


# --- how long it is kept ---------------------------------------------------------------------


def test_what_is_older_than_it_may_be_goes(accounts: Accounts, clock: Clock) -> None:
    ada = newcomer(accounts)
    old = with_audio(accounts, ada, b"old")
    token = accounts.shares.make(ada, old, b"key")
    accounts.shares.show_cover(ada, old, b"cover")
    answer = Answer("jazz", "blues", "confident", "v1", "Nina", b"\0" * 8)
    accounts.feedback.give(ada, answer)
    accounts.feedback.give(None, answer)
    for _ in range(3):  # evenly, or it would be a jump
        clock.move(hours=12)
        accounts.tidy(keep_days=1)
        if accounts.results.count(ada) == 0:
            break
        new = with_audio(accounts, ada, b"new")
    assert token is not None
    guest, _ = accounts.guests.add()
    accounts.results.keep(guest.id, SONG)
    assert accounts.shares.find(token) is None
    assert accounts.shares.cover(token) is None
    assert accounts.results.audio(ada, old) is None
    assert accounts.results.audio(ada, new) == Audio(b"new", ".mp3")
    assert [given.person_id for given in accounts.feedback.everything()] == [None]
    assert accounts.results.count(guest.id) == 1


def test_without_a_limit_all_is_kept(accounts: Accounts, clock: Clock) -> None:
    ada = newcomer(accounts)
    number = with_audio(accounts, ada)
    clock.move(days=5000)
    for _ in range(3):
        clock.move(hours=2)
        accounts.tidy()
    assert accounts.results.audio(ada, number) == Audio(b"sound", ".mp3")
