"""Measures many files, and remembers: a file is measured again only when it has changed.

What was measured is kept in ``measured.sqlite3`` in the data folder, each answer as soon as it is
known. A run that was stopped goes on from there.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from genregenie.audio import AudioError
from genregenie.audio.parallel import in_processes
from genregenie.audio.scan import AudioPath
from genregenie.common import settings
from genregenie.common.errors import GenreGenieError
from genregenie.common.formatting import reason
from genregenie.inference.cluster import on_cluster

T = TypeVar("T")

FILE_NAME: Final = "measured.sqlite3"
_SAVED_EVERY_S: Final = 1.0


class MeasuredError(GenreGenieError):
    """Measurements that cannot be kept; the message says what helps."""


@dataclass(frozen=True)
class Measurement(Generic[T]):
    """Something that is measured of a file.

    Attributes
    ----------
    name : str
        Changes when what is measured changes.
    measure : callable
        Given the name of a file; it runs in a worker process, so it stands in a module.
    dump, load : callable
        To bytes that are kept, and back.
    """

    name: str
    measure: Callable[[str], T]
    dump: Callable[[T], bytes]
    load: Callable[[bytes], T]


def measured(
    files: Sequence[AudioPath], of: Measurement[T], jobs: int = -1, cluster: str | None = None
) -> Iterator[tuple[AudioPath, T | AudioError]]:
    """Measure files; those that are as they were are not opened.

    Parameters
    ----------
    files : sequence of AudioPath
    of : Measurement
    jobs : int
        Processes; -1 takes one per core.
    cluster : str, optional
        Address of a Dask scheduler, whose workers see the files under the same names.

    Yields
    ------
    (AudioPath, measured or AudioError)
        In the order of `files`, each as soon as it is known.

    Raises
    ------
    MeasuredError, ClusterError
    """
    with _Kept(settings.data_dir() / FILE_NAME) as kept:
        known = [kept.recall(file, of.name) for file in files]
        new = [file.path for file, data in zip(files, known, strict=True) if data is None]
        if not new:
            results: Iterator[T | AudioError] = iter(())
        elif cluster is None:
            results = in_processes(of.measure, new, jobs)
        else:
            named = [str(Path(path).absolute()) for path in new]
            results = on_cluster(of.measure, named, cluster)
        try:
            for file, data in zip(files, known, strict=True):
                if data is not None:
                    yield file, of.load(data)
                    continue
                result = next(results)
                if not isinstance(result, AudioError):
                    kept.remember(file, of.name, of.dump(result))
                yield file, result
        finally:
            if new:
                results.close()  # type: ignore[attr-defined]  # a generator: its processes end


class _Kept:
    """What was measured of which file."""

    def __init__(self, path: Path) -> None:
        self._path, self._saved_at = path, time.monotonic()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=30)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        try:
            self._run("PRAGMA journal_mode = WAL")
            self._run(
                "CREATE TABLE IF NOT EXISTS measured (path BLOB, name TEXT, size INTEGER,"
                " changed_ns INTEGER, identity TEXT, data BLOB, PRIMARY KEY (path, name))"
            )
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
        with contextlib.closing(self._db):
            self._save()

    def recall(self, file: AudioPath, name: str) -> bytes | None:
        """What is known of a file as it is now."""
        query = (
            "SELECT data FROM measured WHERE path = ? AND name = ?"
            " AND size = ? AND changed_ns = ? AND identity = ?"
        )
        row = self._run(query, (*_key(file, name), *_state(file))).fetchone()
        return None if row is None else bytes(row[0])

    def remember(self, file: AudioPath, name: str, data: bytes) -> None:
        """Keep what was measured; on the disk a second later at most."""
        self._run(
            "INSERT OR REPLACE INTO measured VALUES (?, ?, ?, ?, ?, ?)",
            (*_key(file, name), *_state(file), data),
        )
        if time.monotonic() - self._saved_at > _SAVED_EVERY_S:
            self._save()

    def _save(self) -> None:
        self._saved_at = time.monotonic()
        try:
            self._db.commit()
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        try:
            return self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError | sqlite3.Error) -> MeasuredError:
        why = reason(error) if isinstance(error, OSError) else error
        return MeasuredError(
            f"What was measured cannot be kept in {self._path} ({why}). Move that file away, or "
            "choose another folder with GENREGENIE_DATA_DIR."
        )


def _key(file: AudioPath, name: str) -> tuple[bytes, str]:
    return os.fsencode(Path(file.path).absolute()), name


def _state(file: AudioPath) -> tuple[int, int, str]:
    return file.size, file.changed_ns, file.identity
