"""Everything of one person: the JSON they may download.

Each part that keeps something for people writes its section; a new one adds a line here. Secrets,
also hashed ones, have no place in it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, Final

from sqlalchemy.orm import Session

from genregenie.accounts import daily, feedback, opinions, people, results, sessions
from genregenie.accounts.core import Json
from genregenie.storage.database import Database

Section = Callable[[Session, int], Json | Iterator[Json]]
"""Gets a session of the database and the person's number; gives what JSON can hold, or the items of
a list one by one."""

SECTIONS: Final[Mapping[str, Section]] = {
    "account": people.section,
    "sessions": sessions.section,
    "feedback": feedback.section,
    "opinions": opinions.section,
    "results": results.section,
    "daily": daily.section,
}
"""By name, in the order of the download."""

_ENCODER: Final = json.JSONEncoder(indent=2, ensure_ascii=False)


def export_person(db: Database, person_id: int) -> dict[str, Json]:
    """All sections for one person."""
    with db.read() as session:
        found = {name: section(session, person_id) for name, section in SECTIONS.items()}
        return {
            name: list(part) if isinstance(part, Iterator) else part for name, part in found.items()
        }


def write_person(db: Database, person_id: int, file: BinaryIO) -> None:
    """Write the same into a file, without ever having all of it in memory.

    Raises
    ------
    OSError
        If there is no room.
    """
    with db.read() as session:
        before = "{\n  "
        for name, section in SECTIONS.items():
            file.write(f"{before}{json.dumps(name)}: ".encode())
            _write(section(session, person_id), file)
            before = ",\n  "
        file.write(b"\n}")


def _write(part: Json | Iterator[Json], file: BinaryIO) -> None:
    if not isinstance(part, Iterator):
        _write_indented(part, "  ", file)
        return
    before = "["
    for item in part:
        file.write(f"{before}\n    ".encode())
        _write_indented(item, "    ", file)
        before = ","
    file.write(b"[]" if before == "[" else b"\n  ]")


def _write_indented(item: Json, indent: str, file: BinaryIO) -> None:
    for piece in _ENCODER.iterencode(item):
        file.write(piece.replace("\n", f"\n{indent}").encode())
