"""How a folder of backups is laid out, and how a row is written; docs/operations.md has it too.

::

    FOLDER/blobs/audio/KEY                  kept audio, each file once for all backups
    FOLDER/2026-11-27T131429.120Z/          one backup; it has this name once it is whole
        manifest.json                       schema, tables, columns and their types, rows
        people.jsonl  results.jsonl ...     a row a line, as a JSON object
        SHA256SUMS                          of all of these and its audio: for ``sha256sum -c``

Types are few, and the same whatever database rows come from: a ``timestamp`` is ISO 8601 in UTC, a
``date`` too, ``bytes`` are base64, an ``integer`` has all its digits, and a ``number`` that is none
is text.
"""

import base64
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Float,
    Integer,
    LargeBinary,
    String,
    Text,
)
from sqlalchemy.types import TypeEngine

from genregenie.common.errors import GenreGenieError
from genregenie.storage.blobs import is_key
from genregenie.storage.tables import UtcDateTime

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"
BLOBS: Final = "blobs"
_NAME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z")
# From a backup to the audio beside it.
_TO_BLOBS: Final = f"../{BLOBS}/"
_SUM: Final = re.compile(r"([0-9a-f]{64})  ([^\0\n]+)")
_FILE: Final = re.compile(r"[a-z0-9_]+\.jsonl?")

Row = dict[str, Any]


class BackupError(GenreGenieError):
    """A backup that cannot be made or used; the message is a sentence."""


@dataclass(frozen=True)
class TableEntry:
    """A table in a backup.

    Attributes
    ----------
    columns : dict of str
        The type of each column, as a word.
    rows : int
    last_number : int
        The highest number that a row was ever given; 0 where rows have none.
    """

    columns: dict[str, str]
    rows: int
    last_number: int

    @classmethod
    def from_json(cls, known: dict[str, Any]) -> "TableEntry":
        """What stands in a manifest.

        Raises
        ------
        ValueError, KeyError, TypeError, AttributeError
            If that is no table.
        """
        columns = {str(name): str(word) for name, word in known["columns"].items()}
        if not _TYPES.keys() >= set(columns.values()):
            raise ValueError("a column has a type that there is not")
        return cls(columns, int(known["rows"]), int(known["last_number"]))


@dataclass(frozen=True)
class Manifest:
    """What a backup is of.

    Attributes
    ----------
    made_at : datetime
    program : str
        What wrote it.
    schema : str
        Of its tables: the last migration that they have seen.
    tables : dict of TableEntry
        In an order in which they can be filled.
    clips : int
        Blobs that its rows name.
    """

    made_at: datetime
    program: str
    schema: str
    tables: dict[str, TableEntry]
    clips: int

    def to_json(self) -> str:
        """As a text with lines."""
        known = asdict(self) | {"made_at": self.made_at.isoformat()}
        return json.dumps({"format": FORMAT} | known, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """What `to_json` made.

        Raises
        ------
        BackupError
            If it was not, or by a later release.
        """
        try:
            known = json.loads(text)
            if known["format"] != FORMAT:
                raise BackupError("It was written by another release of GenreGenie.")
            tables = {name: TableEntry.from_json(e) for name, e in known["tables"].items()}
            made_at = datetime.fromisoformat(known["made_at"])
            program, schema, clips = (
                str(known["program"]),
                str(known["schema"]),
                int(known["clips"]),
            )
            return cls(made_at, program, schema, tables, clips)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BackupError(f"Its {MANIFEST} cannot be read.") from None


def backups_in(folder: Path) -> list[Path]:
    """The whole backups of a folder, the oldest first."""
    return sorted(p for p in folder.glob("*") if _NAME.fullmatch(p.name) and p.is_dir())


def is_backup(path: Path) -> bool:
    """Whether a folder is one backup, or was."""
    return any((path / name).is_file() for name in (MANIFEST, SUMS))


def name_of(moment: datetime) -> str:
    """What a backup of this moment is called; they sort by age."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H%M%S}.{moment.microsecond // 1000:03}Z"


def write_sums(sums: Mapping[str, str], path: Path) -> None:
    """Write the digests of files by name, as ``sha256sum`` reads them."""
    lines = (f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
    path.write_text("".join(lines), encoding="utf-8", newline="")


def read_sums(path: Path) -> dict[str, str]:
    """The digests of files by name.

    Raises
    ------
    BackupError
        If a line is none, or of a file that no backup has.
    """
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    found = [_SUM.fullmatch(line) for line in lines[:-1]]
    if lines[-1] or not all(match and _is_ours(match[2]) for match in found):
        raise BackupError(f"Its {SUMS} cannot be read.")
    return {match[2]: match[1] for match in found if match}


def _is_ours(name: str) -> bool:
    return bool(_FILE.fullmatch(name)) or (
        name.startswith(_TO_BLOBS) and is_key(name.removeprefix(_TO_BLOBS))
    )


def name_of_blob(key: str) -> str:
    """What a blob is called in a backup's list of digests."""
    return _TO_BLOBS + key


def blobs_of(sums: Mapping[str, str]) -> dict[str, str]:
    """The digests of blobs alone, by key."""
    start = len(_TO_BLOBS)
    return {name[start:]: digest for name, digest in sums.items() if name.startswith(_TO_BLOBS)}


# --- rows ------------------------------------------------------------------------------------

_WORDS: Final[list[tuple[str, type[TypeEngine[Any]] | tuple[type[TypeEngine[Any]], ...]]]] = [
    ("boolean", Boolean),
    ("integer", Integer),
    ("number", Float),
    ("text", String),
    ("bytes", LargeBinary),
    ("date", Date),
    ("timestamp", (DateTime, UtcDateTime)),
]
_TYPES: Final[Mapping[str, TypeEngine[Any]]] = {
    "boolean": Boolean(),
    "integer": BigInteger(),
    "number": Double(),
    "text": Text(),
    "bytes": LargeBinary(),
    "date": Date(),
    "timestamp": UtcDateTime(),
}
_PYTHON: Final[Mapping[str, type]] = {"boolean": bool, "integer": int, "text": str}


def word_of(column: Column[Any]) -> str:
    """The word for the type of a column."""
    return next(word for word, types in _WORDS if isinstance(column.type, types))


def type_of(word: str) -> TypeEngine[Any]:
    """The type of a column that is to take this."""
    return _TYPES[word]


def encode(row: Mapping[str, Any], columns: Mapping[str, str]) -> str:
    """A row as a line, without its end."""
    values = {name: _encoded(row[name], word) for name, word in columns.items()}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def decode(line: str, columns: Mapping[str, str]) -> Row:
    """The row again, with the same types.

    Raises
    ------
    ValueError
        If the line is no such row.
    """
    values = json.loads(line)
    if not isinstance(values, dict) or values.keys() != columns.keys():
        raise ValueError("its columns are others")
    return {name: _decoded(values[name], word) for name, word in columns.items()}


def _encoded(value: Any, word: str) -> Any:
    if value is None:
        return None
    if word == "bytes":
        return base64.b64encode(value).decode()
    if word == "timestamp":
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value).isoformat()
    if word == "date":
        return value.isoformat()
    if word == "number" and not math.isfinite(value):
        return str(value)
    return value


def _decoded(value: Any, word: str) -> Any:
    if value is None:
        return None
    if word in _PYTHON:
        if type(value) is not _PYTHON[word]:  # a bool is an int, too
            raise ValueError(f"{value!r} is no {word}")
        return value
    if word == "number":
        return float(value)
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no {word}")
    if word == "bytes":
        return base64.b64decode(value, validate=True)
    return date.fromisoformat(value) if word == "date" else datetime.fromisoformat(value)


def rows_of(backup: Path, name: str, entry: TableEntry) -> Iterator[Row]:
    """The rows of a table in a backup.

    Raises
    ------
    BackupError
        At a line that is no row.
    """
    with (backup / file_of(name)).open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield decode(line.decode(), entry.columns)
            except (ValueError, TypeError, OverflowError):
                raise BackupError(
                    f"Line {number} of {file_of(name)} cannot be read as a row."
                ) from None


def file_of(table: str) -> str:
    """The name of a table's file."""
    return f"{table}.jsonl"
