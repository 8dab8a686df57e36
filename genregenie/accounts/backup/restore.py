"""Puts a backup into a database and a place of blobs, of either kind.

All rows go in within one transaction, after the audio that they name: until that is stored nothing
has changed, whatever interrupts it. A backup of an earlier schema is brought up to date first, in a
database of its own.
"""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table, column, delete, exists, insert, select
from sqlalchemy import table as lightweight
from sqlalchemy.orm import Session
from sqlalchemy.sql import TableClause

from genregenie.accounts.backup import layout, numbers
from genregenie.accounts.backup.check import Checker
from genregenie.accounts.backup.layout import BackupError, Manifest, TableEntry
from genregenie.accounts.backup.write import lasting_tables, schema_of
from genregenie.accounts.core import MIGRATIONS
from genregenie.accounts.results import AUDIO
from genregenie.accounts.tables import Base, Person, ResultRow
from genregenie.storage.blobs import BlobError, Blobs
from genregenie.storage.database import ConstraintError, Database, DatabaseError
from genregenie.storage.database_blobs import DatabaseBlobs
from genregenie.storage.folder_blobs import FolderBlobs
from genregenie.storage.tables import BLOBS

_BYTES_AT_ONCE: Final = 4 << 20
_ROWS_AT_ONCE: Final = 200


@dataclass(frozen=True)
class Restored:
    """What is there now: as of when, how many people, rows and clips."""

    made_at: datetime
    people: int
    rows: int
    clips: int


def is_empty(db: Database, blobs: Blobs) -> bool:
    """Whether nothing would be lost if something were put there."""
    with db.read() as session:
        if any(session.scalar(select(exists().select_from(t))) for t in lasting_tables()):
            return False
    return next(iter(blobs.each(f"{AUDIO}/")), None) is None


def restore(db: Database, blobs: Blobs, path: Path, *, replace: bool = False) -> Restored:
    """Put a backup into a database that has the tables of today.

    Parameters
    ----------
    db, blobs : Database, Blobs
        Used by nobody else meanwhile.
    path : Path
        Of one backup; it is checked first.
    replace : bool
        Whether what is there goes; else there may be nothing.

    Raises
    ------
    BackupError
        If the backup is not as it was written or of a later release, or there is something already.
    BlobError, DatabaseError
        If it cannot be stored; then what was there is there.
    """
    if not replace and not is_empty(db, blobs):
        raise BackupError("There is something here already; --replace has the backup replace it.")
    checked = Checker().check(path)
    if checked.manifest is None or checked.faults:
        raise BackupError(f"{path} is not as it was written. {checked.faults[0]}")
    manifest = checked.manifest
    with db.read() as session:
        schema = schema_of(session)
    with contextlib.ExitStack() as stack:
        if manifest.schema == schema:
            source: _Source = _Files(path, manifest)
        else:
            source = stack.enter_context(_upgraded(path, manifest))
        clips = source.put_clips(blobs)
        try:
            with db.write() as session:
                before = set(_clips_named(session))
                rows = _replace_rows(session, source)
        except ConstraintError:
            raise BackupError("Somebody else has written to the database meanwhile.") from None
    with contextlib.suppress(BlobError, DatabaseError):  # what is left no row names: it is swept
        for key in before - clips:
            blobs.delete(key)
    return Restored(manifest.made_at, rows[Person.__tablename__], sum(rows.values()), len(clips))


def _replace_rows(session: Session, source: "_Source") -> dict[str, int]:
    """Have these rows, and no others; how many of each table."""
    tables = lasting_tables()
    # What passes goes as well: it is of people who had the same numbers.
    for table in reversed(Base.metadata.sorted_tables):
        if table is not BLOBS:
            session.execute(delete(table))
    rows = {table.name: _insert(session, table, source.rows(table)) for table in tables}
    numbers.count_on(session, source.tables)
    return rows


def _insert(session: Session, table: Table | TableClause, rows: Iterable[Mapping[str, Any]]) -> int:
    count, size, batch = 0, 0, []
    for row in rows:
        batch.append(dict(row))
        count += 1
        size += sum(len(value) for value in row.values() if isinstance(value, str | bytes))
        if size > _BYTES_AT_ONCE or len(batch) == _ROWS_AT_ONCE:
            session.execute(insert(table), batch)
            size, batch = 0, []
    if batch:
        session.execute(insert(table), batch)
    return count


def _clips_named(session: Session) -> Iterator[str]:
    return (key for key in session.scalars(select(ResultRow.audio_key)) if key is not None)


class _Files:
    """Rows and clips of a backup whose tables are those of today."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self._path = path
        self.tables = manifest.tables

    def rows(self, table: Table) -> Iterable[Mapping[str, Any]]:
        """Of a table; none of one that the backup does not know."""
        entry = self.tables.get(table.name)
        return layout.rows_of(self._path, table.name, entry) if entry else ()

    def put_clips(self, blobs: Blobs) -> set[str]:
        """Put the clips there; their keys."""
        keys = set(layout.blobs_of(layout.read_sums(self._path / layout.SUMS)))
        if keys:
            pool = FolderBlobs(self._path.parent / layout.BLOBS)
            for key in keys:
                _put(blobs, key, pool.get(key))
        return keys


class _Upgraded:
    """The same, of a backup that was brought up to date in a database of its own."""

    def __init__(self, files: _Files, scratch: Database, session: Session) -> None:
        self._files = files
        self._scratch = scratch
        self._session = session
        self.tables = files.tables

    def rows(self, table: Table) -> Iterable[Mapping[str, Any]]:
        """Of a table."""
        found = self._session.execute(select(table), execution_options={"yield_per": 50})
        return (dict(row) for row in found.mappings())

    def put_clips(self, blobs: Blobs) -> set[str]:
        """Put the clips there, also those that were in rows once; their keys."""
        keys = self._files.put_clips(blobs)
        inside = DatabaseBlobs(self._scratch)
        for blob in inside.each():
            _put(blobs, blob.key, inside.get(blob.key))
            keys.add(blob.key)
        return keys


_Source = _Files | _Upgraded


@contextlib.contextmanager
def _upgraded(path: Path, manifest: Manifest) -> Iterator[_Upgraded]:
    with tempfile.TemporaryDirectory() as folder:
        scratch = Database(f"sqlite:///{folder}/scratch.sqlite3")
        try:
            try:
                scratch.upgrade(MIGRATIONS, manifest.schema)
            except DatabaseError as error:
                raise BackupError(f"{path} cannot be restored: {error.detail}.") from None
            with scratch.write() as session:
                for name, entry in manifest.tables.items():
                    _insert(session, _described(name, entry), layout.rows_of(path, name, entry))
            scratch.upgrade(MIGRATIONS)
            with scratch.read() as session:
                yield _Upgraded(_Files(path, manifest), scratch, session)
        finally:
            scratch.close()


def _described(name: str, entry: TableEntry) -> TableClause:
    """A table by what the backup says of it."""
    words = entry.columns.items()
    return lightweight(name, *(column(c, layout.type_of(word)) for c, word in words))


def _put(blobs: Blobs, key: str, content: bytes | None) -> None:
    if content is None:
        raise BackupError(f"The audio {key} has gone from the backup.")
    blobs.put(key, content)
