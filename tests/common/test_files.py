"""A file that is made once, on file systems with hard links and without."""

import errno
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from genregenie.accounts import open_accounts
from genregenie.accounts.backup import backup
from genregenie.common.files import put_once
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


def test_a_draft_gets_its_name(tmp_path: Path, file_system: None) -> None:
    draft = tmp_path / "draft"
    draft.write_text("whole")
    put_once(draft, tmp_path / "name")
    assert seen(tmp_path) == ["name"]
    assert (tmp_path / "name").read_text() == "whole"


def test_what_is_there_stays(tmp_path: Path, file_system: None) -> None:
    draft, path = tmp_path / "draft", tmp_path / "name"
    draft.write_text("new")
    path.write_text("dear")
    with pytest.raises(FileExistsError):
        put_once(draft, path)
    assert path.read_text() == "dear"
    assert seen(tmp_path) == ["name"]


def test_of_many_at_once_one_succeeds(tmp_path: Path, file_system: None) -> None:
    def attempt(number: int) -> bool:
        draft = tmp_path / f"draft{number}"
        draft.write_text(str(number))
        try:
            put_once(draft, tmp_path / "name")
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(24)))
    assert outcomes.count(True) == 1
    assert (tmp_path / "name").read_text() == str(outcomes.index(True))
    assert seen(tmp_path) == ["name"]


def starts_and_backs_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(folder))
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: load_key(), range(8)))) == 1
    accounts = open_accounts(sqlite_url(folder), CHEAP)
    accounts.people.sign_up("Ada", "", "a calm indigo morning")
    assert backup(accounts.db, folder / "backup.sqlite3") == 1
    with pytest.raises(FileExistsError):
        backup(accounts.db, folder / "backup.sqlite3")
    accounts.close()
    assert {KEY_NAME, "backup.sqlite3", "genregenie.sqlite3"} <= set(seen(folder))


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
