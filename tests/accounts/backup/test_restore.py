"""From a backup into either database: all of it, or nothing."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData

from genregenie.accounts import Accounts
from genregenie.accounts.backup import layout, numbers, write
from genregenie.accounts.backup.layout import BackupError, Manifest
from genregenie.accounts.backup.restore import restore
from genregenie.accounts.results import Audio, Result
from genregenie.storage.database import Database, DatabaseError
from genregenie.storage.folder_blobs import FolderBlobs
from tests.accounts.backup.copies import GOOD, NOW, checked, everything, made, opened
from tests.accounts.earlier import CLIP, REVISIONS, TOKEN, fill
from tests.accounts.standins import Clock


@pytest.mark.slow
def test_it_restores_into_the_other_database_and_back(
    full: Accounts,
    other_database_url: str,
    third_database_url: str,
    tmp_path: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = everything(full)
    written = made(full, tmp_path / "backups")
    assert (written.people, written.clips, written.copied, written.missing) == (3, 2, 2, 0)
    assert [c.faults for c in checked(tmp_path / "backups")] == [[]]
    # The other database keeps audio elsewhere.
    monkeypatch.setenv("GENREGENIE_BLOBS", str(tmp_path / "blobs"))
    other = opened(other_database_url, clock)
    restored = restore(other.db, other.blobs, written.path)
    assert (restored.people, restored.clips, restored.made_at) == (3, 2, NOW)
    assert everything(other) == before
    assert len(list(FolderBlobs(tmp_path / "blobs").each("audio/"))) == 2
    again = made(other, tmp_path / "more")
    other.close()
    monkeypatch.delenv("GENREGENIE_BLOBS")
    third = opened(third_database_url, clock)
    restore(third.db, third.blobs, again.path)
    assert everything(third) == before
    for accounts in (full, third):  # numbers are never given twice
        assert accounts.results.keep(1, Result("new", None, "unsure", 0.5, 1.0, "{}")) == 5
        assert accounts.people.sign_up("Dora", "", GOOD)[0].id == 5
    assert third.people.log_in("Ada", GOOD)[0].admin
    third.close()


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.slow
def test_a_backup_of_an_earlier_schema_is_brought_up_to_date(
    database_url: str,
    other_database_url: str,
    third_database_url: str,
    revision: str,
    tmp_path: Path,
    clock: Clock,
) -> None:
    db = Database(database_url)
    names = fill(db, revision)
    path = earlier_backup(db, names, revision, tmp_path)
    db.close()
    assert checked(path)[0].faults == []
    taken_over = opened(database_url, clock)
    for url in (other_database_url, third_database_url):
        accounts = opened(url, clock)
        restore(accounts.db, accounts.blobs, path)
        assert without_keys(everything(accounts)) == without_keys(everything(taken_over))
        user = accounts.sessions.user_of(TOKEN)
        assert user is not None
        if "results" in names:
            assert accounts.results.audio(3, 5) == Audio(CLIP, ".mp3")
            assert accounts.results.keep(3, Result("n", None, "unsure", 0.5, 1.0, "{}")) == 10
        accounts.close()
    taken_over.close()


def earlier_backup(db: Database, names: set[str], revision: str, folder: Path) -> Path:
    """As a release with this schema would have written it."""
    path = folder / "earlier" / layout.name_of(NOW)
    path.mkdir(parents=True)
    reflected = MetaData()
    reflected.reflect(db.engine)
    tables = [t for t in reflected.sorted_tables if t.name in names]
    with db.read() as session:
        entries = {table.name: write.write_table(session, table, path) for table in tables}
    write.write_manifest(Manifest(NOW, "GenreGenie 0", revision, entries, 0), path)
    write.seal(path, {})
    return path


def without_keys(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """A key of audio is made by chance when it moves out of its row."""
    for row in rows["results"]:
        row["audio_key"] = row["audio_key"] is not None
    rows["blobs"] = sorted(({"content": r["content"]} for r in rows["blobs"]), key=str)
    return rows


def test_what_is_there_is_not_replaced_unless_told(
    sound_backup: Path, empty: Accounts, full: Accounts
) -> None:
    empty.people.sign_up("Eve", "", GOOD)
    number = empty.results.keep(1, Result("hers", None, "unsure", 0.5, 1.0, "{}"))
    assert number is not None
    empty.results.keep_audio(1, number, Audio(b"hers", ".mp3"))
    before = everything(empty)
    with pytest.raises(BackupError, match="--replace"):
        restore(empty.db, empty.blobs, sound_backup)
    assert everything(empty) == before
    restore(empty.db, empty.blobs, sound_backup, replace=True)
    assert everything(empty) == everything(full)


def test_audio_of_others_is_something_that_is_there(sound_backup: Path, empty: Accounts) -> None:
    empty.blobs.put("audio/anothers", b"x")
    with pytest.raises(BackupError, match="--replace"):
        restore(empty.db, empty.blobs, sound_backup)


def test_one_that_fails_changes_nothing(
    sound_backup: Path, empty: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.people.sign_up("Eve", "", GOOD)

    def fail(*_: object) -> None:
        raise DatabaseError(RuntimeError("in between"))

    monkeypatch.setattr(numbers, "count_on", fail)
    before = everything(empty)
    with pytest.raises(DatabaseError):
        restore(empty.db, empty.blobs, sound_backup, replace=True)
    after = everything(empty)
    assert {k: v for k, v in after.items() if k != "blobs"} == {
        k: v for k, v in before.items() if k != "blobs"
    }
