"""The journal's tables, and how those of earlier releases become them.

Columns called ``genres`` hold what our fields of a file's tags hold; up to format 3 these were
fewer, and up to format 2 its genres alone.
"""

import os
import sqlite3
from collections.abc import Callable
from typing import Final

Run = Callable[..., sqlite3.Cursor]
"""Runs a statement with its values."""

FORMAT: Final = 4
_HEARD: Final = """
CREATE TABLE heard (
    path BLOB, version TEXT, size INTEGER, changed_ns INTEGER, identity TEXT, probe BLOB,
    answer TEXT, genres TEXT, PRIMARY KEY (path, version)
) WITHOUT ROWID;
CREATE INDEX heard_alike ON heard (size, changed_ns);
"""
_SCHEMA: Final = (
    _HEARD
    + """
CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, started TEXT, about TEXT, finished INTEGER
);
CREATE TABLE changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER, path BLOB, state TEXT,
    changed_ns INTEGER, genres TEXT, undo BLOB
);
CREATE TABLE folders (path BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE INDEX changes_of_run ON changes (run, state);
"""
)


def create(run: Run) -> None:
    """Make the tables of a new journal."""
    _run_all(run, _SCHEMA)


def migrate(run: Run, found: int) -> None:
    """Make a journal of an earlier format one of today.

    What it says of a file's tags is given up, and they are read again: of a field that was not
    known then it cannot be told whether there is a place for it. Format 1 kept paths as they were
    typed, so an answer under a relative one means nothing: it is given up, and the file is heard
    again. A change under one stays as it is; `untag` finds out what it means
    (`genregenie.tagging.places.candidates`).
    """
    if found == 1:
        _take_over_1(run)
    if found < FORMAT:
        run("UPDATE heard SET genres = NULL")
        run("UPDATE changes SET genres = NULL")


def _take_over_1(run: Run) -> None:
    """Keep what format 1 has under absolute paths."""
    run("ALTER TABLE heard RENAME TO heard_1")
    _run_all(run, _HEARD)
    rows = run("SELECT path, version, size, changed_ns, answer, genres FROM heard_1")
    for path, *row in rows.fetchall():
        if os.path.isabs(path):
            run(
                "INSERT OR IGNORE INTO heard VALUES (?, ?, ?, ?, '', NULL, ?, ?)",
                *(os.path.realpath(path), *row),
            )
    run("DROP TABLE heard_1")


def _run_all(run: Run, statements: str) -> None:
    for statement in filter(str.strip, statements.split(";")):
        run(statement)
