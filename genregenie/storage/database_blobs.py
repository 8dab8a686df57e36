"""Blobs in a table of the database: nothing to set up, and one thing to copy."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import BinaryIO, Final

from sqlalchemy import delete, insert, select

from genregenie.storage.blobs import Blob, check_key, check_prefix
from genregenie.storage.database import Database
from genregenie.storage.tables import BLOBS

_LISTED_AT_ONCE: Final = 500


class DatabaseBlobs:
    """The `Blobs` of a database whose tables are there.

    Parameters
    ----------
    db : Database
    clock : callable
        Gives the current time in UTC.
    """

    def __init__(
        self, db: Database, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._db = db
        self._clock = clock

    def put(self, key: str, content: bytes | BinaryIO) -> None:
        """Keep it, in one transaction."""
        check_key(key)
        whole = content if isinstance(content, bytes) else content.read()
        row = {"key": key, "made_at": self._clock(), "bytes": len(whole), "content": whole}
        with self._db.write() as session:
            session.execute(delete(BLOBS).where(BLOBS.c.key == key))
            session.execute(insert(BLOBS), row)

    def get(self, key: str) -> bytes | None:
        """What is kept under the key."""
        query = select(BLOBS.c.content).where(BLOBS.c.key == check_key(key))
        with self._db.read() as session:
            return session.scalar(query)

    def delete(self, key: str) -> None:
        """Keep it no longer."""
        with self._db.write() as session:
            session.execute(delete(BLOBS).where(BLOBS.c.key == check_key(key)))

    def each(self, prefix: str = "") -> Iterator[Blob]:
        """All of a prefix, some at a time: between them nothing is held."""
        listed = select(BLOBS.c.key, BLOBS.c.bytes, BLOBS.c.made_at)
        meant = BLOBS.c.key.startswith(check_prefix(prefix), autoescape=True)
        page = listed.where(meant).order_by(BLOBS.c.key).limit(_LISTED_AT_ONCE)
        last = ""
        while True:
            with self._db.read() as session:
                rows = session.execute(page.where(BLOBS.c.key > last)).all()
            yield from (Blob(*row) for row in rows)
            if len(rows) < _LISTED_AT_ONCE:
                return
            last = rows[-1].key
