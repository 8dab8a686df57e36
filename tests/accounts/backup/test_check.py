"""Damage is told in a sentence, whatever it is in."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from genregenie.accounts import Accounts
from genregenie.accounts.backup import layout, write
from genregenie.accounts.backup.layout import BackupError
from genregenie.accounts.backup.restore import restore
from tests.accounts.backup.copies import checked, everything


@pytest.fixture
def kind() -> str:
    """Files are the same for both."""
    return "sqlite"


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def remove(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("damage", [cut_short, flip, remove])
@pytest.mark.parametrize(
    "name", ["people.jsonl", "results.jsonl", "manifest.json", "SHA256SUMS", "*"]
)
def test_damage_is_told_in_a_sentence_and_nothing_is_restored(
    sound_backup: Path, empty: Accounts, name: str, damage: Callable[[Path], None]
) -> None:
    file = next((sound_backup.parent / "blobs").glob("*/*")) if name == "*" else sound_backup / name
    damage(file)
    (found,) = checked(sound_backup)
    assert found.faults
    if (name, damage) != ("SHA256SUMS", flip):  # which may be anything's, then
        assert any(file.name in fault for fault in found.faults)
    assert all(fault.endswith(".") and "\n" not in fault for fault in found.faults)
    before = everything(empty)
    with pytest.raises(BackupError, match="is not as it was written"):
        restore(empty.db, empty.blobs, sound_backup)
    assert everything(empty) == before


def reseal(path: Path) -> None:
    """As somebody would who has changed it on purpose, or by a fault of ours."""
    write.seal(path, layout.blobs_of(layout.read_sums(path / layout.SUMS)))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"name":"Ada"', '"nom":"Ada"', "Line 1 of people.jsonl cannot be read as a row."),
        ('"guest":false', '"guest":"no"', "Line 1 of people.jsonl cannot be read as a row."),
        ('"id":1', '"id":true', "Line 1 of people.jsonl cannot be read as a row."),
        ("T12:00:00", "T99:00:00", "Line 1 of people.jsonl cannot be read as a row."),
        ("\n", "", "Line 1 of people.jsonl cannot be read as a row."),
    ],
)
def test_every_row_is_read(sound_backup: Path, old: str, new: str, told: str) -> None:
    path = sound_backup / "people.jsonl"
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    reseal(sound_backup)
    assert checked(sound_backup)[0].faults == [told]


def test_rows_and_clips_that_are_not_there_are_missed(sound_backup: Path) -> None:
    people = sound_backup / "people.jsonl"
    people.write_bytes(b"".join(people.read_bytes().splitlines(keepends=True)[1:]))
    reseal(sound_backup)
    assert checked(sound_backup)[0].faults == ["people.jsonl has 2 rows, and had 3."]
    write.seal(sound_backup, {})
    faults = checked(sound_backup)[0].faults
    assert [f.partition(":")[0] for f in faults[1:]] == [
        "A result has audio that is not in the backup"
    ] * 2


def test_one_of_a_later_release_is_refused(sound_backup: Path, empty: Accounts) -> None:
    manifest = sound_backup / layout.MANIFEST
    known = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(known | {"schema": "9999"}))
    reseal(sound_backup)
    with pytest.raises(BackupError, match="written by another release"):
        restore(empty.db, empty.blobs, sound_backup)
    manifest.write_text(json.dumps(known | {"format": 2}))
    reseal(sound_backup)
    with pytest.raises(BackupError, match="written by another release"):
        restore(empty.db, empty.blobs, sound_backup)


@pytest.mark.parametrize(
    "name", ["../blobs/audio/../../x", "../blobs/Weird", "/etc/hostname", "a/b"]
)
def test_what_no_backup_has_is_not_looked_at(
    sound_backup: Path, empty: Accounts, name: str
) -> None:
    with (sound_backup / layout.SUMS).open("a") as sums:
        sums.write(f"{'0' * 64}  {name}\n")
    (found,) = checked(sound_backup)
    assert found.faults == ["Its SHA256SUMS cannot be read."]
    with pytest.raises(BackupError, match="is not as it was written"):
        restore(empty.db, empty.blobs, sound_backup)


@pytest.mark.parametrize(
    ("name", "value"),
    [("columns", 5), ("columns", {"name": "colour"}), ("rows", "x"), ("last_number", None)],
)
def test_a_manifest_of_another_shape_cannot_be_read(
    sound_backup: Path, name: str, value: object
) -> None:
    path = sound_backup / layout.MANIFEST
    manifest = json.loads(path.read_text())
    manifest["tables"]["people"][name] = value
    path.write_text(json.dumps(manifest))
    reseal(sound_backup)
    (found,) = checked(sound_backup)
    assert found.faults == ["Its manifest.json cannot be read."]
