"""Backups while the app runs, one after another, and what is interrupted."""

import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from genregenie.accounts import Accounts
from genregenie.accounts.backup import write
from genregenie.accounts.backup.check import find
from genregenie.accounts.backup.layout import BackupError
from genregenie.accounts.backup.restore import restore
from genregenie.accounts.results import Audio, Result
from genregenie.accounts.tables import ResultRow
from genregenie.common.files import WriteError
from tests.accounts.backup.copies import GOOD, checked, everything, made, opened
from tests.accounts.standins import Clock


@pytest.mark.slow
def test_no_row_of_a_result_is_without_its_clip_while_writers_write(
    accounts: Accounts, third_database_url: str, tmp_path: Path, clock: Clock
) -> None:
    people = [accounts.people.sign_up(f"person{n}", "", GOOD)[0].id for n in range(3)]
    stop = threading.Event()
    errors: list[BaseException] = []

    def live(person: int) -> None:
        luck = random.Random(person)
        try:
            while not stop.is_set():
                number = accounts.results.keep(person, Result("x", None, "unsure", 0.5, 1.0, "{}"))
                assert number is not None
                accounts.results.keep_audio(person, number, Audio(luck.randbytes(50_000), ".mp3"))
                if luck.random() < 0.6:
                    accounts.results.delete(person, luck.randrange(max(1, number - 8), number + 1))
                if luck.random() < 0.1:
                    accounts.results.delete_all(person)
        except BaseException as error:  # noqa: BLE001 (told by the test itself)
            errors.append(error)

    writers = [threading.Thread(target=live, args=(person,)) for person in people]
    for writer in writers:
        writer.start()
    seen = []
    for number in range(6):
        time.sleep(0.1)
        written = made(accounts, tmp_path, number)
        assert written.missing == 0
        seen.append(written.clips)
    stop.set()
    for writer in writers:
        writer.join()
    assert not errors
    found = checked(tmp_path)
    assert [c.faults for c in found] == [[]] * 6
    assert sum(seen) > 0
    copy = opened(third_database_url, clock)
    for one in found:
        restore(copy.db, copy.blobs, one.path, replace=True)
        rows = everything(copy)
        keys = {row["audio_key"] for row in rows["results"]} - {None}
        assert keys == {blob["key"] for blob in rows["blobs"]}
        assert {row["audio_bytes"] for row in rows["results"] if row["audio_key"]} <= {50_000}
    copy.close()


def test_what_is_there_is_not_copied_again(full: Accounts, tmp_path: Path) -> None:
    first = made(full, tmp_path)
    number = full.results.keep(1, Result("new", None, "unsure", 0.5, 1.0, "{}"))
    assert number is not None
    full.results.keep_audio(1, number, Audio(b"a new one", ".mp3"))
    times = {p: p.stat().st_mtime_ns for p in (tmp_path / "blobs").glob("*/*")}
    second = made(full, tmp_path, 1)
    assert (first.copied, second.copied, second.copied_bytes, second.clips) == (2, 1, 9, 3)
    assert {p: p.stat().st_mtime_ns for p in times} == times
    assert [c.faults for c in checked(tmp_path)] == [[], []]


def test_only_the_newest_are_kept_with_what_they_name(full: Accounts, tmp_path: Path) -> None:
    made(full, tmp_path)
    full.results.delete_all(1)
    for minute in (1, 2):
        made(full, tmp_path, minute, keep=2)
    assert [p.name for p in find(tmp_path)] == ["2026-03-01T123100.000Z", "2026-03-01T123200.000Z"]
    assert list((tmp_path / "blobs").glob("*/*")) == []
    assert not list(tmp_path.glob(".2*"))


def test_a_clip_that_is_lost_is_told_and_one_that_was_deleted_is_not(
    full: Accounts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with full.db.read() as session:
        key = session.scalar(select(ResultRow.audio_key).where(ResultRow.id == 3))
    assert key is not None
    read = full.blobs.get

    def deleted_meanwhile(wanted: str) -> bytes | None:
        full.results.delete(1, 2)
        return read(wanted)

    monkeypatch.setattr(full.blobs, "get", deleted_meanwhile)
    written = made(full, tmp_path)
    assert (written.clips, written.missing) == (1, 0)
    monkeypatch.undo()
    full.blobs.delete(key)  # by somebody who should not
    shutil.rmtree(tmp_path / "blobs")
    written = made(full, tmp_path, 1)
    assert (written.clips, written.missing) == (0, 1)
    assert checked(written.path)[0].faults == []


def test_one_that_fails_leaves_the_last_one(
    full: Accounts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(full, tmp_path)
    before = checked(tmp_path)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(write, "seal", fail)
        with pytest.raises(WriteError, match="No space left on device"):
            made(full, tmp_path, 1)
    assert checked(tmp_path) == before
    assert not list(tmp_path.glob(".2*"))
    made(full, tmp_path, 2)
    assert len(find(tmp_path)) == 2


_BACKER = """
import sys
from pathlib import Path
from genregenie.accounts import open_accounts
from genregenie.accounts.backup.write import backup
from genregenie.accounts.core import utc_now
from genregenie.accounts.passwords import HashCost
from genregenie.accounts.results import Audio, Result
accounts = open_accounts(sys.argv[1], HashCost(16, 1))
print("ready", flush=True)
while True:
    number = accounts.results.keep(1, Result("x", None, "unsure", 0.5, 1.0, "{}"))
    accounts.results.keep_audio(1, number, Audio(bytes([number % 256]) * 200_000, ".mp3"))
    if number % 3 == 0:
        accounts.results.delete(1, number - 1)
    if number % 5 == 0:
        print(backup(accounts.db, accounts.blobs, Path(sys.argv[2]), utc_now(), 3).path, flush=True)
"""


@pytest.mark.slow
def test_one_that_is_killed_never_looks_whole(
    accounts: Accounts, new_database_url: str, tmp_path: Path
) -> None:
    accounts.people.sign_up("Ada", "", GOOD)
    luck, folder = random.Random(7), tmp_path / "backups"
    for _ in range(2):
        command = [sys.executable, "-c", _BACKER, new_database_url, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            told = [process.stdout.readline() for _ in range(luck.randrange(1, 4))]
            time.sleep(luck.random() * 0.2)
            process.send_signal(signal.SIGKILL)
            told += process.stdout.readlines()
        last = Path([line for line in told if line.endswith("\n")][-1].strip())
        assert find(folder)[-1] >= last
        assert [c.faults for c in checked(folder)] == [[]] * len(find(folder))
        # Neither is anything that a result names gone.
        with accounts.db.read() as session:
            keys = session.scalars(select(ResultRow.audio_key)).all()
        assert all(accounts.blobs.get(key) is not None for key in keys if key is not None)
    made(accounts, folder, 60 * 24 * 365 * 20)
    assert checked(folder)[-1].faults == []
    assert not list(folder.glob(".2*"))


@pytest.mark.skipif(os.name == "nt", reason="file modes are POSIX")
def test_nobody_else_may_read_it(full: Accounts, tmp_path: Path) -> None:
    written = made(full, tmp_path / "backups")
    for path in (written.path.parent, *written.path.parent.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_any_program_can_check_the_digests(sound_backup: Path) -> None:
    done = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=sound_backup)
    assert done.returncode == 0


def test_two_at_once_do_not_meet(full: Accounts, tmp_path: Path, monkeypatch) -> None:
    begun, may_end = threading.Event(), threading.Event()
    read = full.blobs.get

    def slowly(key: str) -> bytes | None:
        begun.set()
        assert may_end.wait(30)
        return read(key)

    monkeypatch.setattr(full.blobs, "get", slowly)
    first = threading.Thread(target=made, args=(full, tmp_path))
    first.start()
    assert begun.wait(30)
    with pytest.raises(BackupError, match="Another backup is being written"):
        made(full, tmp_path, 1)
    may_end.set()
    first.join()
    assert [c.faults for c in checked(tmp_path)] == [[]]


def test_a_clock_that_was_set_back_spoils_nothing(full: Accounts, tmp_path: Path) -> None:
    for minute in (1, 2):
        made(full, tmp_path, minute)
    before = find(tmp_path)
    for minute in (0, 2):
        with pytest.raises(BackupError, match="is the clock right"):
            made(full, tmp_path, minute, keep=1)
    assert find(tmp_path) == before
    assert [c.faults for c in checked(tmp_path)] == [[], []]


def test_where_nothing_can_be_written_the_place_is_named(full: Accounts, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("no folder")
    for folder in (tmp_path / "taken", tmp_path / "taken" / "x", tmp_path / "no" / "such"):
        with pytest.raises(WriteError, match=str(folder)):
            made(full, folder)
    with pytest.raises(BackupError, match="There is no backup in"):
        find(tmp_path)
