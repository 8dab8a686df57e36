"""Makes a backup: the rows as of one moment, and the audio that they name.

Audio lies beside all backups of a folder, and is copied once. A backup appears under its name when
all of it is on the disk; one that was interrupted leaves nothing but audio, which the next uses.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TextIO

from filelock import FileLock, Timeout
from sqlalchemy import Column, Table, select, text
from sqlalchemy.orm import Session

from genregenie.accounts.backup import layout, numbers
from genregenie.accounts.backup.layout import BackupError, Manifest, TableEntry
from genregenie.accounts.tables import Base, Person, ResultRow
from genregenie.common.files import WriteError, replacing_folder, sync_folder
from genregenie.common.formatting import reason
from genregenie.common.version import __version__
from genregenie.storage.blobs import Blobs
from genregenie.storage.database import Database
from genregenie.storage.folder_blobs import FolderBlobs
from genregenie.storage.tables import PASSING

KEPT: Final = 7
"""Backups that stay in a folder, of which the oldest go."""
_ROWS_AT_ONCE: Final = 100
_LOCK: Final = ".lock"


@dataclass(frozen=True)
class Written:
    """What came of a backup.

    Attributes
    ----------
    path : Path
    people, clips : int
        In it.
    copied, copied_bytes : int
        Clips that were not in the folder yet.
    missing : int
        Clips that results name and nobody has: they are lost, and the results are kept without.
    """

    path: Path
    people: int
    clips: int
    copied: int
    copied_bytes: int
    missing: int


def backup(db: Database, blobs: Blobs, folder: Path, now: datetime, keep: int = KEPT) -> Written:
    """Make a backup of all there is, and remove the oldest of those in the folder.

    The app may run, and people may write. What somebody deletes meanwhile may be left out.

    Parameters
    ----------
    db, blobs : Database, Blobs
    folder : Path
        Of backups; made, for this account alone to read, where there is none. Its parent is not.
    now : datetime
        What the backup is called after.
    keep : int
        Backups that stay, this one among them.

    Raises
    ------
    BackupError
        If somebody else is writing one there, or there is one of a later time.
    WriteError, BlobError, DatabaseError
        If it cannot be written, or not be read.
    """
    with _alone(folder):
        _clear_drafts(folder)
        pool = FolderBlobs(folder / layout.BLOBS)
        path = _next_name(folder, now)
        with replacing_folder(path) as draft:
            with contextlib.suppress(OSError):  # not every file system has permissions
                draft.chmod(0o700)
            clips, manifest, missing = _write(db, blobs, pool, draft, now)
        sync_folder(folder)
        _forget(folder, pool, keep)
    return Written(
        path,
        manifest.tables[Person.__tablename__].rows,
        manifest.clips,
        clips.copied,
        clips.copied_bytes,
        missing,
    )


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(exist_ok=True, mode=0o700)
        lock = FileLock(folder / _LOCK, timeout=0, mode=0o600)
        lock.acquire()
    except Timeout:
        raise BackupError(f"Another backup is being written to {folder} just now.") from None
    except OSError as error:
        raise WriteError(error.errno, reason(error), str(folder)) from error
    try:
        yield
    finally:
        lock.release()


def _clear_drafts(folder: Path) -> None:
    for left in folder.glob(".2*"):
        shutil.rmtree(left, ignore_errors=True)


def _next_name(folder: Path, now: datetime) -> Path:
    path = folder / layout.name_of(now)
    if any(earlier >= path for earlier in layout.backups_in(folder)):
        # It would not be the newest, which is what is kept and restored.
        raise BackupError(f"There is a backup of a later time in {folder}: is the clock right?")
    return path


def _write(
    db: Database, blobs: Blobs, pool: FolderBlobs, draft: Path, now: datetime
) -> tuple["_Clips", Manifest, int]:
    clips = _Clips(blobs, pool, draft.parent)
    with db.read() as session:  # first most of them, so that the moment below is no long one
        clips.copy(_named(session))
    with db.read() as session:
        if not db.is_sqlite:  # SQLite's readers see one moment anyway
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        schema = schema_of(session)  # what is written from now on is not in it
        sums, missing = clips.copy(_named(session))

        def without_missing(row: Mapping[str, Any]) -> Mapping[str, Any]:
            if row["audio_key"] not in missing:
                return row
            return {**row, "audio_key": None, "audio_bytes": 0, "audio_suffix": ""}

        tables = {
            table.name: write_table(
                session, table, draft, without_missing if table is ResultRow.__table__ else dict
            )
            for table in lasting_tables()
        }
    manifest = Manifest(now, f"GenreGenie {__version__}", schema, tables, len(sums))
    write_manifest(manifest, draft)
    seal(draft, sums)
    with db.read() as session:  # what somebody has deleted meanwhile is not lost
        lost = missing.intersection(_named(session)) if missing else ()
    return clips, manifest, len(lost)


def _named(session: Session) -> list[str]:
    named = select(ResultRow.audio_key).where(ResultRow.audio_key.is_not(None))
    return [key for key in session.scalars(named) if key is not None]


def lasting_tables() -> list[Table]:
    """What is in a backup, in an order in which it can be filled."""
    return [t for t in Base.metadata.sorted_tables if not t.info.get(PASSING)]


def schema_of(session: Session) -> str:
    """The last migration that a database has seen."""
    return str(session.scalar(text("SELECT version_num FROM alembic_version")))


def write_table(session: Session, table: Table, folder: Path, mended: Any = dict) -> TableEntry:
    """Write a table's rows, each as `mended`, in their order."""
    columns = {c.name: layout.word_of(c) for c in table.columns}
    order: list[Column[Any]] = list(table.primary_key)
    query = select(table).order_by(*order)
    rows = 0
    with _private(folder / layout.file_of(table.name)) as file:
        found = session.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE})
        for row in found.mappings():
            file.write(layout.encode(mended(row), columns) + "\n")
            rows += 1
    return TableEntry(columns, rows, numbers.last_number(session, table, table.name))


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write what a backup is of."""
    with _private(folder / layout.MANIFEST) as file:
        file.write(manifest.to_json())


def seal(folder: Path, clips: Mapping[str, str]) -> None:
    """Write the digests of all files of a backup, and of its clips by key."""
    sums = {layout.name_of_blob(key): digest for key, digest in clips.items()}
    for path in sorted(folder.iterdir()):
        if path.name != layout.SUMS:
            with path.open("rb") as file:
                sums[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    _private(folder / layout.SUMS).close()
    layout.write_sums(sums, folder / layout.SUMS)


class _Clips:
    """Copies the clips that the folder of backups does not have."""

    def __init__(self, blobs: Blobs, pool: FolderBlobs, folder: Path) -> None:
        self._blobs = blobs
        self._pool = pool
        # What was copied and is in no whole backup is not known to be what it should be.
        self._known: dict[str, str] = {}
        for earlier in layout.backups_in(folder):
            with contextlib.suppress(BackupError, OSError):
                self._known |= layout.blobs_of(layout.read_sums(earlier / layout.SUMS))
        there = {blob.key for blob in pool.each()}
        self._known = {key: digest for key, digest in self._known.items() if key in there}
        self.copied = self.copied_bytes = 0

    def copy(self, keys: Iterable[str]) -> tuple[dict[str, str], set[str]]:
        """Have these in the folder; their digests, and those that are nowhere."""
        sums, missing = {}, set()
        for key in keys:
            if key not in self._known and not self._take(key):
                missing.add(key)
            else:
                sums[key] = self._known[key]
        return sums, missing

    def _take(self, key: str) -> bool:
        content = self._blobs.get(key)
        if content is None:
            return False
        self._pool.put(key, content)
        self._known[key] = hashlib.sha256(content).hexdigest()
        self.copied += 1
        self.copied_bytes += len(content)
        return True


def _forget(folder: Path, pool: FolderBlobs, keep: int) -> None:
    """Remove all but the newest backups, and the audio that none of those names."""
    whole = layout.backups_in(folder)
    for old in whole[:-keep]:
        hidden = old.with_name(f".{old.name}")  # at no time is a part of it there by its name
        old.rename(hidden)
        shutil.rmtree(hidden, ignore_errors=True)
    try:
        named = {
            key for b in whole[-keep:] for key in layout.blobs_of(layout.read_sums(b / layout.SUMS))
        }
    except (BackupError, OSError):  # of one that is damaged nobody knows what it needs
        return
    for blob in pool.each():
        if blob.key not in named:
            pool.delete(blob.key)


def _private(path: Path) -> TextIO:
    opened = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    return os.fdopen(opened, "w", encoding="utf-8", newline="")
