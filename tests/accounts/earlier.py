"""Databases as each earlier release has left them, with something in every table."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, MetaData, insert

from genregenie.accounts.core import MIGRATIONS
from genregenie.accounts.tokens import token_digest
from genregenie.storage.database import Database

REVISIONS = ["0001", "0002", "0003", "0004", "0005", "0006", "0007"]
THEN = datetime(2026, 2, 27, 8, 30, 15, 123456, tzinfo=UTC)
LATER = datetime(2026, 5, 1, tzinfo=UTC)
TOKEN, LINK = "a-token-of-a-session", "a-token-of-a-link"
CLIP, COVER = bytes(range(256)) * 4000, b"\x89PNG\0cover"

# What each release has put into its tables; columns that it did not know yet are left out.
ROWS: dict[str, list[dict[str, Any]]] = {
    "people": [
        {"id": 3, "name": "Ada", "name_key": "ada", "email": "ada@example.org"}
        | {"email_key": "ada@example.org", "password_hash": "$argon2id$...", "guest": False}
        | {"created_at": THEN, "password_changed_at": None, "role": "admin", "guest_clips": 0},
        {"id": 4, "name": "guest-1", "name_key": "guest-1", "guest": True, "created_at": THEN}
        | {"email": None, "email_key": None, "password_hash": None, "role": "", "guest_clips": 2}
        | {"password_changed_at": None},
    ],
    "sessions": [
        {"id": 1, "person_id": 3, "token_hash": token_digest(TOKEN), "browser": "Firefox"}
        | {"created_at": THEN, "last_seen_at": THEN, "expires_at": LATER}
    ],
    "recovery_codes": [{"id": 1, "person_id": 3, "code_hash": b"c" * 32}],
    "reset_tokens": [{"id": 1, "person_id": 3, "token_hash": b"t" * 32, "expires_at": LATER}],
    "throttles": [{"key_hash": b"k" * 32, "failures": 4, "last_at": THEN, "blocked_until": LATER}],
    "opinions": [
        {"id": 1, "person_id": 3, "item_key": "queen/radiogaga", "artist": "Queen"}
        | {"genre": "rock", "liked": True, "said_at": THEN}
    ],
    "results": [
        {"id": number, "person_id": 3, "made_at": THEN, "name": name, "genre": genre}
        | {"verdict": "confident", "confidence": 0.1 + 0.2, "duration_s": 30.5}
        | {"shared_at": THEN if link else None, "share_seed": b"s" * 32 if link else None}
        | {
            "share_hash": token_digest(LINK) if link else None,
            "share_cover": COVER if link else None,
        }
        | {"details": '{"version":1}', "audio": audio, "audio_bytes": len(audio or b"")}
        | {"audio_suffix": ".mp3" if audio else ""}
        for number, name, genre, audio, link in [
            (5, "Sigur Rós", "rock", CLIP, True),
            (6, "silent", None, None, False),
            (7, "another", "jazz", b"\0", False),
            (9, "deleted", "jazz", b"gone", False),
        ]
    ],
    "feedback": [
        {"id": n, "person_id": person, "clip_key": b"f" * 32, "genre": "jazz", "model_genre": None}
        | {"verdict": "unsure", "model_version": "v1", "artist": "Nina", "numbers": b"\0\xff" * 8}
        | {"said_at": THEN}
        for n, person in ((1, 3), (2, None))
    ],
    "invitations": [
        {"id": 1, "code_hash": b"i" * 32, "note": "Class 7b", "made_by": "Ada", "made_at": THEN}
        | {"expires_at": LATER, "uses": 25, "used": 1}
    ],
    "audit": [
        {"id": 1, "done_at": THEN, "actor": "Ada", "action": "deleted", "subject": "Bob"}
        | {"detail": ""}
    ],
    "daily": [
        {"id": 1, "person_id": 3, "day": date(2026, 2, 27), "kind": "uploaded", "amount": 2**40}
    ],
}


def fill(db: Database, revision: str) -> set[str]:
    """Make the tables of a release, and put something into them; the names of the tables."""
    db.upgrade(MIGRATIONS, revision)
    with db.engine.begin() as connection:
        tables = MetaData()
        tables.reflect(connection)
        for table in tables.sorted_tables:
            known = set(table.columns.keys())
            for row in ROWS.get(table.name, []):
                connection.execute(insert(table), {k: v for k, v in row.items() if k in known})
            if "id" in known:
                _count_on(connection, table.name)
        if "results" in tables.tables:  # the last number was given, and its row is gone
            connection.exec_driver_sql("DELETE FROM results WHERE id = 9")
    return set(tables.tables) - {"alembic_version"}


def _count_on(connection: Connection, table: str) -> None:
    """As if the numbers had been given by the database itself."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"  # noqa: S608
        )
