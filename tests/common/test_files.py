"""Files and folders that are written whole or not at all, on all kinds of file systems."""

import errno
import os
import re
import stat
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from genregenie.accounts import open_accounts
from genregenie.accounts.backup.check import Checker
from genregenie.accounts.backup.write import backup
from genregenie.accounts.core import utc_now
from genregenie.accounts.results import Audio, Result
from genregenie.common import files
from genregenie.common.files import (
    WriteError,
    creating,
    replacing,
    replacing_folder,
    write_text,
)
from genregenie.storage.database import sqlite_url
from genregenie.web.config import KEY_NAME, load_key
from tests.accounts.standins import CHEAP

WITHOUT_LINKS = [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK]


@pytest.fixture(params=[None, *WITHOUT_LINKS], ids=lambda e: errno.errorcode.get(e, "with links"))
def file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes hard links, and all the ways in which others refuse them."""
    if request.param is not None:

        def refuse(*_: object, **__: object) -> None:
            raise OSError(request.param, os.strerror(request.param))

        monkeypatch.setattr(os, "link", refuse)


@pytest.fixture
def fat(tmp_path: Path) -> Iterator[Path]:
    """A real FAT disk, or none where disks may not be made."""
    image, folder = tmp_path / "image", tmp_path / "fat"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(16 * 2**20)
    try:
        subprocess.run(["mkfs.vfat", image], check=True, capture_output=True)
        subprocess.run(["mount", "-o", "loop", image, folder], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs mkfs.vfat, and the right to mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def seen(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def everything(folder: Path) -> list[str]:
    """All names, hidden ones too but for those of locks, which stay on some file systems."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_a_file_is_made(tmp_path: Path, file_system: None) -> None:
    with creating(tmp_path / "name") as draft:
        draft.write_text("whole")
        assert seen(tmp_path) == []
    assert everything(tmp_path) == ["name"]
    assert (tmp_path / "name").read_text() == "whole"
    assert stat.S_IMODE((tmp_path / "name").stat().st_mode) == 0o600


def test_a_folder_that_was_mistyped_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="No such file or directory"), creating(tmp_path / "a/b"):
        pytest.fail("there is no such folder")
    assert everything(tmp_path) == []


def test_what_is_there_stays(tmp_path: Path, file_system: None) -> None:
    path = tmp_path / "name"
    with pytest.raises(FileExistsError, match="exists already"), creating(path):
        path.write_text("dear")  # while the other is being written
    with pytest.raises(FileExistsError, match="exists already"), creating(path):
        pytest.fail("there is a file already")
    assert path.read_text() == "dear"
    assert everything(tmp_path) == ["name"]


def test_of_many_at_once_one_succeeds(tmp_path: Path, file_system: None) -> None:
    start = threading.Barrier(8)

    def attempt(number: int) -> bool:
        try:
            with creating(tmp_path / "name") as draft:
                draft.write_text(str(number))
                start.wait()
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(8)))
    assert outcomes.count(True) == 1
    assert (tmp_path / "name").read_text() == str(outcomes.index(True))
    assert everything(tmp_path) == ["name"]


# --- in the place of what is there -----------------------------------------------------------


class InterruptedHereError(Exception):
    """Stands for whatever may go wrong in the middle."""


def test_a_file_is_replaced_with_its_permissions_and_a_link_stays(tmp_path: Path) -> None:
    path, link = tmp_path / "name", tmp_path / "link"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    write_text(link, "new\n")
    assert path.read_bytes() == b"new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert everything(tmp_path) == ["link", "name"]


def test_a_new_file_has_the_permissions_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    write_text(tmp_path / "deep/name", "new")
    assert (tmp_path / "deep/name").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_folder_is_replaced_with_all_that_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    for names in (("old", "gone"), ("old", "new")):
        with replacing_folder(path) as draft:
            for name in names:
                write_text(draft / "deep" / name, name)
        assert everything(path / "deep") == sorted(names)
    assert everything(tmp_path) == ["folder"]


@pytest.mark.parametrize(
    "error", [InterruptedHereError, KeyboardInterrupt, OSError(errno.ENOSPC, "full")]
)
def test_what_fails_on_the_way_changes_nothing(tmp_path: Path, error: BaseException) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "name", tmp_path / "folder/name"):
        path.write_text("old")
    expected = WriteError if isinstance(error, OSError) else error
    for replace, path in ((replacing, "name"), (replacing_folder, "folder"), (creating, "other")):

        def fail(draft: Path) -> None:
            (draft / "name" if draft.is_dir() else draft).write_text("half of")
            raise error

        with pytest.raises(expected), replace(tmp_path / path) as draft:
            fail(draft)
    assert everything(tmp_path) == ["folder", "name"]
    assert (tmp_path / "name").read_text() == (tmp_path / "folder/name").read_text() == "old"


def test_a_folder_that_cannot_take_its_place_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "folder"
    write_text(path / "name", "old")
    rename = Path.rename

    def only_away(self: Path, target: Path) -> Path:
        if target == path and (self / "new").exists():
            raise OSError(errno.EBUSY, "in use")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", only_away)
    monkeypatch.setattr(
        files, "_exchanged", lambda *both: False
    )  # as where names cannot be swapped
    with pytest.raises(WriteError, match="in use"), replacing_folder(path) as draft:
        (draft / "new").touch()
    assert everything(tmp_path) == ["folder"]
    assert everything(path) == ["name"]


def test_where_nothing_may_be_written_there_is_a_sentence(tmp_path: Path) -> None:
    file, folder = tmp_path / "file", tmp_path / "folder"
    file.write_text("in the way")
    folder.mkdir()
    for replace, path in (
        (replacing, file / "name"),
        (creating, file / "name"),
        (replacing_folder, file / "name"),
        (replacing_folder, file),
        (replacing, folder),
    ):
        with pytest.raises(WriteError) as failed, replace(path) as draft:
            draft.touch()
        assert re.fullmatch(
            rf"{re.escape(str(path))} cannot be written: (Not|Is) a directory\.", str(failed.value)
        )
    for replace, path in ((replacing, file), (replacing_folder, folder)):
        path.chmod(0o555)
        with pytest.raises(WriteError, match="it is read-only"), replace(path):
            pytest.fail("this is known before the work is done")
        path.chmod(0o755)
    assert everything(tmp_path) == ["file", "folder"]


def test_a_real_fat_takes_them_all(fat: Path) -> None:
    for text in ("one", "two"):
        write_text(fat / "name", text)
        with replacing_folder(fat / "folder") as draft:
            (draft / "name").write_text(text)
        assert (fat / "name").read_text() == (fat / "folder/name").read_text() == text
    with creating(fat / "once") as draft:
        draft.write_text("whole")
    with pytest.raises(FileExistsError), creating(fat / "once"):
        pytest.fail("there is a file already")
    assert everything(fat) == ["folder", "name", "once"]


# --- where a start depends on it -------------------------------------------------------------


def starts_and_backs_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(folder))
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: load_key(), range(8)))) == 1
    accounts = open_accounts(sqlite_url(folder), CHEAP)
    accounts.people.sign_up("Ada", "", "a calm indigo morning")
    kept = accounts.results.keep(1, Result("x", None, "unsure", 0.5, 1.0, "{}"))
    assert kept is not None
    accounts.results.keep_audio(1, kept, Audio(b"sound", ".mp3"))
    written = backup(accounts.db, accounts.blobs, folder / "backups", utc_now())
    accounts.close()
    assert (written.people, written.clips) == (1, 1)
    assert Checker().check(written.path).faults == []
    assert {KEY_NAME, "backups", "genregenie.sqlite3"} <= set(seen(folder))


def test_the_app_starts_and_backs_up(
    tmp_path: Path, file_system: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts_and_backs_up(tmp_path, monkeypatch)


def test_the_app_starts_and_backs_up_on_a_real_fat(
    fat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (fat / "one").write_text("x")
    with pytest.raises(PermissionError):
        os.link(fat / "one", fat / "two")
    starts_and_backs_up(fat, monkeypatch)
