"""Everything of one person: the JSON they may download.

Each part that keeps something for people writes its section; a new one adds a line here. Secrets,
also hashed ones, have no place in it.
"""

import base64
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, Final

from sqlalchemy.orm import Session

from genregenie.accounts import (
    access_tokens,
    daily,
    feedback,
    opinions,
    people,
    results,
    sessions,
)
from genregenie.accounts.core import BlobOf, Json
from genregenie.storage.blobs import Blobs
from genregenie.storage.database import Database

Item = Mapping[str, Json | bytes | BlobOf]
"""Bytes are written in base64, those of a blob when it is their turn."""
Section = Callable[[Session, int], Json | Iterator[Item]]
"""Gets a session of the database and the person's number; gives what JSON can hold, or the items of
a list one by one."""

SECTIONS: Final[Mapping[str, Section]] = {
    "account": people.section,
    "sessions": sessions.section,
    "access_tokens": access_tokens.section,
    "feedback": feedback.section,
    "opinions": opinions.section,
    "results": results.section,
    "daily": daily.section,
}
"""By name, in the order of the download."""

_PIECE_BYTES: Final = 3 << 16
"""A multiple of three: whole groups of base64."""
_ENCODER: Final = json.JSONEncoder(indent=2, ensure_ascii=False)


def export_person(db: Database, blobs: Blobs, person_id: int) -> dict[str, Json]:
    """All sections for one person."""
    file = io.BytesIO()
    write_person(db, blobs, person_id, file)
    sections: dict[str, Json] = json.loads(file.getvalue())
    return sections


def write_person(db: Database, blobs: Blobs, person_id: int, file: BinaryIO) -> None:
    """Write all sections for one person as JSON, never with all of it in memory.

    It does so in small pieces, between which other threads may run.

    Raises
    ------
    OSError
        If there is no room.
    BlobError
        If what was kept cannot be read.
    """
    with db.read() as session:
        before = "{\n  "
        for name, section in SECTIONS.items():
            file.write(f"{before}{json.dumps(name)}: ".encode())
            part = section(session, person_id)
            if isinstance(part, Iterator):
                _write_items(part, blobs, file)
            else:
                _write(part, "  ", file)
            before = ",\n  "
        file.write(b"\n}")


def _write_items(items: Iterator[Item], blobs: Blobs, file: BinaryIO) -> None:
    before = "["
    for item in items:
        file.write(f"{before}\n    ".encode())
        begin = "{"
        for key, value in item.items():
            file.write(f"{begin}\n      {json.dumps(key)}: ".encode())
            if isinstance(value, BlobOf):
                value = blobs.get(value.key)
            if isinstance(value, bytes):
                _write_bytes(value, file)
            else:
                _write(value, "      ", file)
            begin = ","
        file.write(b"\n    }")
        before = ","
    file.write(b"[]" if before == "[" else b"\n  ]")


def _write(value: Json, indent: str, file: BinaryIO) -> None:
    for piece in _ENCODER.iterencode(value):
        file.write(piece.replace("\n", f"\n{indent}").encode())


def _write_bytes(value: bytes, file: BinaryIO) -> None:
    file.write(b'"')
    for i in range(0, len(value), _PIECE_BYTES):
        file.write(base64.b64encode(value[i : i + _PIECE_BYTES]))
    file.write(b'"')
