"""Rows into files that other programs read: CSV, JSON lines, Parquet."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from genregenie.common.errors import GenreGenieError
from genregenie.common.formatting import csv_lines, printable, reason

Rows = Sequence[Mapping[str, Any]]
"""The same keys in each."""


class TableError(GenreGenieError):
    """A table that cannot be written; the message is a sentence."""


def write_csv(path: Path, rows: Rows) -> None:
    """A line for each row, under one with the names of the columns.

    Raises
    ------
    TableError
    """
    columns = list(rows[0]) if rows else []
    cells = ([_cell(row[name]) for name in columns] for row in rows)
    _write(path, csv_lines(columns, cells))


def write_json_lines(path: Path, objects: Iterable[Mapping[str, Any]]) -> None:
    """An object a line.

    Raises
    ------
    TableError
    """
    _write(path, (json.dumps(one) + "\n" for one in objects))


def write_parquet(path: Path, rows: Rows) -> None:
    """A table of Parquet, by pandas and pyarrow.

    Raises
    ------
    TableError
        Also where pyarrow is not installed.
    """
    import pandas as pd

    readable = [{name: _text(value) for name, value in row.items()} for row in rows]
    try:
        pd.DataFrame(readable).to_parquet(path, engine="pyarrow", index=False)
    except ImportError as error:
        raise TableError(
            "Parquet needs pyarrow, which is not installed: pip install 'genregenie[parquet]'"
        ) from error
    except OSError as error:
        raise TableError(f"{path} cannot be written: {reason(error)}.") from error


def _cell(value: Any) -> Any:
    return printable(value) if isinstance(value, str) else value


def _text(value: Any) -> Any:
    """The same as valid Unicode: names of files need not be."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return value


def _write(path: Path, lines: Iterable[str]) -> None:
    try:
        with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.writelines(lines)
    except OSError as error:
        raise TableError(f"{path} cannot be written: {reason(error)}.") from error
