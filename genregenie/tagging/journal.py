"""What was heard in which file, and what was written where: the memory of `tag` and `untag`.

One SQLite file in the data folder. A file's answer is kept under its real, absolute path and the
version of the model. It holds as long as size, time of change and identity (`scan.AudioPath`) are
the same; where only the identity differs (another mount, a copy put back), as long as blocks from
all over the file are. A change is written down before it is made, with the record that undoes it,
so that a run may end at any moment.
"""

import contextlib
import hashlib
import json
import os
import platform
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from filelock import FileLock, Timeout

from genregenie.audio.scan import AudioPath
from genregenie.common import settings
from genregenie.common.errors import GenreGenieError
from genregenie.tagging import schema
from genregenie.tagging.formats.fields import Tags
from genregenie.tagging.places import RealPaths, probe
from genregenie.tagging.records import CachedResult, Change, Run, RunRequest
from genregenie.tagging.replace import COPY_PREFIX

FILE_NAME: Final = "library.sqlite3"
_SAVED_EVERY_S: Final = 1.0


class JournalError(GenreGenieError):
    """A journal that cannot be used; the message says what helps."""


class Journal:
    """The journal, opened; use it as a context manager.

    Parameters
    ----------
    path : Path, optional
        By default ``library.sqlite3`` in the data folder.

    Attributes
    ----------
    moves : list of (str, str)
        Files that are not where they were heard, but elsewhere: from where to where.

    Raises
    ------
    JournalError
        Here and from every method, if the file cannot be used.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or settings.data_dir() / FILE_NAME
        self._lock = FileLock(f"{self.path}.lock", timeout=0)
        place = f"{platform.node()} {self.path.absolute()}"
        self._prefix = COPY_PREFIX + hashlib.sha256(place.encode()).hexdigest()[:8] + "-"
        self._folders: set[str] = set()
        self._real = RealPaths()
        self.moves: list[tuple[str, str]] = []
        self._unsaved: list[tuple[Any, ...]] = []
        self._saved_at = time.monotonic()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        try:
            self._run("PRAGMA journal_mode = WAL")
            self._run("PRAGMA synchronous = FULL")
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.save()
        finally:
            self._lock.release()
            self._db.close()

    def _prepare(self) -> None:
        self._run("BEGIN IMMEDIATE")
        try:
            (found,) = self._run("PRAGMA user_version").fetchone()
            if found == 0:
                schema.create(self._run)
            elif found <= schema.FORMAT:
                schema.migrate(self._run, found)
            else:
                raise JournalError(
                    f"The journal {self.path} was written by another release of GenreGenie. Move "
                    "it away to start a new one, or use that release."
                )
            self._run(f"PRAGMA user_version = {schema.FORMAT}")
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("COMMIT")

    # --- what was heard ----------------------------------------------------------------------

    def recall(self, file: AudioPath, version: str) -> tuple[CachedResult, Tags | None] | None:
        """What was heard in a file that is still the same, and what its tags hold.

        The latter is None if they could not be read, or may have changed since.
        """
        row = self._same(file, version)
        if row is None:
            return None
        answer, held = row
        return CachedResult.from_dict(json.loads(answer)), _tags(held)

    def _same(self, file: AudioPath, version: str) -> tuple[str, str | None] | None:
        path = self._real.path(file.path)
        row = self._run(
            "SELECT identity, probe, answer, genres FROM heard"
            " WHERE path = ? AND version = ? AND size = ? AND changed_ns = ?",
            *(os.fsencode(path), version, file.size, file.changed_ns),
        ).fetchone()
        if row is None:
            return None
        identity, probed, answer, genres = row
        if identity == file.identity != "":
            return answer, genres
        # What an earlier release wrote has no probe: there, path, size and time have to do.
        return (answer, None) if probed is None or probed == probe(path) else None

    def remember(
        self, file: AudioPath, version: str, heard: CachedResult, held: Tags | None
    ) -> None:
        """Keep an answer and what the tags hold; on disk a second later at most."""
        path = self._real.path(file.path)
        self._unsaved.append(
            (
                *(os.fsencode(path), version, file.size, file.changed_ns, file.identity),
                *(probe(path), json.dumps(heard.to_dict())),
                None if held is None else json.dumps(held),
            )
        )
        if time.monotonic() - self._saved_at > _SAVED_EVERY_S:
            self.save()

    def follow(self, before: AudioPath, after: AudioPath, held: Tags | None) -> None:
        """A file's tags were changed and nothing else: what was heard in it still holds."""
        self.save()
        path = self._real.path(before.path)
        self._run(
            "UPDATE heard SET size = ?, changed_ns = ?, identity = ?, probe = ?, genres = ?"
            " WHERE path = ? AND size = ? AND changed_ns = ?",
            *(after.size, after.changed_ns, after.identity, probe(path)),
            None if held is None else json.dumps(held),
            *(os.fsencode(path), before.size, before.changed_ns),
        )

    def find_elsewhere(self, file: AudioPath) -> bool:
        """Learn whether a file is one that was heard under another path, moved or copied since.

        What was heard in it then holds here too. What was written to it does not follow: only who
        moved it knows that it was no copy.
        """
        path = self._real.path(file.path)
        rows = self._run(
            "SELECT DISTINCT path, probe FROM heard"
            " WHERE size = ? AND changed_ns = ? AND path != ? AND probe IS NOT NULL",
            *(file.size, file.changed_ns, os.fsencode(path)),
        ).fetchall()
        same = probe(path) if rows else None
        old = next((old for old, probed in rows if probed == same), None)
        if old is None:
            return False
        self._run(
            "INSERT OR REPLACE INTO heard SELECT ?, version, size, changed_ns, '', probe, answer,"
            " NULL FROM heard WHERE path = ? AND size = ? AND changed_ns = ?",
            *(os.fsencode(path), old, file.size, file.changed_ns),
        )
        if not os.path.lexists(old):
            self.moves.append((os.fsdecode(old), path))
        return True

    def save(self) -> None:
        """Write to disk what `remember` still holds back."""
        if self._unsaved:
            self._run("BEGIN IMMEDIATE")
            try:
                for row in self._unsaved:
                    self._run("INSERT OR REPLACE INTO heard VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row)
            finally:
                self._run("COMMIT")
            self._unsaved.clear()
        self._saved_at = time.monotonic()

    # --- what was written --------------------------------------------------------------------

    def lock(self) -> None:
        """Be the only one that writes tags until the journal is closed.

        Raises
        ------
        JournalError
            If another run is writing.
        """
        try:
            self._lock.acquire()
        except Timeout as error:
            raise JournalError(
                "Another run of GenreGenie is writing tags. Wait until it is done, or stop it."
            ) from error
        except OSError as error:
            raise self._unusable(error) from error
        self._sweep()

    def prefix_in(self, folder: str) -> str:
        """How names of copies in `folder` begin; written down, so that the next run finds them.

        Another journal's copies are called something else.
        """
        if folder not in self._folders:
            self._run("INSERT OR IGNORE INTO folders VALUES (?)", os.fsencode(folder))
            self._folders.add(folder)
        return self._prefix

    def _sweep(self) -> None:
        """Remove the copies that a run left which was killed between two steps."""
        for (folder,) in self._run("SELECT path FROM folders").fetchall():
            with contextlib.suppress(OSError):
                for name in os.listdir(os.fsdecode(folder)):
                    if name.startswith(self._prefix):
                        os.unlink(os.path.join(os.fsdecode(folder), name))
        self._run("DELETE FROM folders")

    def start_run(self, request: RunRequest) -> int:
        """Begin a run, or go on with the last one if that was to do the same and was stopped.

        Returns
        -------
        int
            The number of the run.
        """
        about = json.dumps(request.to_dict())
        last = self._run(
            "SELECT number, about, finished FROM runs ORDER BY number DESC LIMIT 1"
        ).fetchone()
        if last and last[1:] == (about, 0):
            return int(last[0])
        started = datetime.now(UTC).isoformat(timespec="seconds")
        cursor = self._run(
            "INSERT INTO runs (started, about, finished) VALUES (?, ?, 0)", started, about
        )
        return int(cursor.lastrowid or 0)

    def finish_run(self, run: int) -> None:
        """Everything the run was to do is done, and no copy is left."""
        self._run("DELETE FROM folders")
        self._run("UPDATE runs SET finished = 1 WHERE number = ?", run)

    def intend(self, run: int, change: Change) -> int:
        """Write down a change before it is made.

        Returns
        -------
        int
            The number of the change.
        """
        self.save()
        cursor = self._run(
            "INSERT INTO changes (run, path, state, changed_ns, genres, undo)"
            " VALUES (?, ?, 'written', ?, ?, ?)",
            *(run, os.fsencode(change.path), change.changed_ns),
            *(json.dumps(change.before), change.undo),
        )
        return int(cursor.lastrowid or 0)

    def not_made(self, change: int) -> None:
        """The change was given up."""
        self._run("DELETE FROM changes WHERE number = ?", change)

    def undone(self, change: int) -> None:
        """The change was taken back."""
        self._run("UPDATE changes SET state = 'undone', undo = NULL WHERE number = ?", change)

    def runs(self) -> list[Run]:
        """Every run, the oldest first."""
        rows = self._run(
            "SELECT runs.number, started, about, finished, count(path),"
            " coalesce(sum(state = 'undone'), 0)"
            " FROM runs LEFT JOIN changes ON run = runs.number"
            " GROUP BY runs.number ORDER BY runs.number"
        )
        return [
            Run(number, started, RunRequest.from_dict(json.loads(about)), bool(finished), *counts)
            for number, started, about, finished, *counts in rows
        ]

    def changes(self, run: int) -> Iterator[tuple[int, Change]]:
        """What a run wrote and nobody has taken back, with its number, the last first."""
        rows = self._run(
            "SELECT number FROM changes WHERE run = ? AND state = 'written' ORDER BY number DESC",
            run,
        ).fetchall()
        for (number,) in rows:
            path, changed_ns, held, undo = self._run(
                "SELECT path, changed_ns, genres, undo FROM changes WHERE number = ?", number
            ).fetchone()
            yield number, Change(os.fsdecode(path), changed_ns, _tags(held), undo)

    # --- SQLite ------------------------------------------------------------------------------

    def _run(self, statement: str, *values: Any) -> sqlite3.Cursor:
        try:
            return self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> JournalError:
        return JournalError(
            f"The journal {self.path} cannot be used: {error}. No tag is written without it; make "
            "room or repair it, or set GENREGENIE_DATA_DIR to another folder."
        )


def _tags(held: str | None) -> Tags | None:
    """What a column holds that was once for genres alone."""
    if held is None:
        return None
    return {field: tuple(values) for field, values in json.loads(held).items()}
