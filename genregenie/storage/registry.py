"""Values that run out, known to one process or to all that share a database.

A server by itself keeps them in memory. Several keep them in the database, where whoever reads it
learns nothing: keys are digests, values are encrypted with the key that the servers share.
"""

import base64
import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Protocol

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from genregenie.storage.database import Database
from genregenie.storage.tables import REGISTRY

MAX_IN_MEMORY: Final = 50_000
"""Values of one kind; of more, those are forgotten that were written the longest time ago."""

Clock = Callable[[], float]
Change = Callable[[str | None], str | None]


class Registry(Protocol):
    """Text under a kind and a key, for a while. Safe to use from many threads."""

    def get(self, kind: str, key: str) -> str | None:
        """The value; None where there is none, or none any more."""

    def values(self, kind: str) -> list[str]:
        """All values of a kind."""

    def put(self, kind: str, key: str, value: str, lives_s: float) -> None:
        """Keep a value for so many seconds, instead of any other."""

    def change(self, kind: str, key: str, change: Change, lives_s: float) -> None:
        """Put what `change` makes of the value that is there, while nobody else does.

        Where it makes None nothing is kept.
        """

    def take(self, kind: str, key: str) -> str | None:
        """The value, which is there no longer: of several who ask, one gets it."""

    def delete(self, kind: str, key: str) -> None:
        """Forget a value."""

    def tidy(self) -> None:
        """Forget what has run out."""


class MemoryRegistry:
    """A registry that one process has to itself.

    Parameters
    ----------
    clock : callable
        Gives seconds that go on.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._kinds: dict[str, OrderedDict[str, tuple[str, float]]] = {}

    def get(self, kind: str, key: str) -> str | None:
        """See `Registry`."""
        with self._lock:
            kept = self._kinds.get(kind, OrderedDict()).get(key)
            return kept[0] if kept and kept[1] > self._clock() else None

    def values(self, kind: str) -> list[str]:
        """See `Registry`."""
        with self._lock:
            now = self._clock()
            return [value for value, until in self._kinds.get(kind, {}).values() if until > now]

    def put(self, kind: str, key: str, value: str, lives_s: float) -> None:
        """See `Registry`."""
        with self._lock:
            kept = self._kinds.setdefault(kind, OrderedDict())
            kept[key] = value, self._clock() + lives_s
            kept.move_to_end(key)
            if len(kept) > MAX_IN_MEMORY:
                kept.popitem(last=False)

    def change(self, kind: str, key: str, change: Change, lives_s: float) -> None:
        """See `Registry`."""
        with self._lock:
            value = change(self.get(kind, key))
            if value is None:
                self.delete(kind, key)
            else:
                self.put(kind, key, value, lives_s)

    def take(self, kind: str, key: str) -> str | None:
        """See `Registry`."""
        with self._lock:
            value = self.get(kind, key)
            self.delete(kind, key)
            return value

    def delete(self, kind: str, key: str) -> None:
        """See `Registry`."""
        with self._lock:
            self._kinds.get(kind, OrderedDict()).pop(key, None)

    def tidy(self) -> None:
        """See `Registry`."""
        with self._lock:
            now = self._clock()
            for kept in self._kinds.values():
                for key in [key for key, (_, until) in kept.items() if until <= now]:
                    del kept[key]


class DatabaseRegistry:
    """A registry that all servers of a database share.

    Parameters
    ----------
    db : Database
    key : bytes
        That the servers share; what is kept is encrypted with it. What another key wrote is not
        there.
    clock : callable
        Gives the seconds since 1970, the same everywhere but for a few.

    Raises
    ------
    DatabaseError
        From every method.
    """

    def __init__(self, db: Database, key: bytes, clock: Clock = time.time) -> None:
        self._db = db
        self._seal = sealer(key, "registry")
        self._clock = clock

    def get(self, kind: str, key: str) -> str | None:
        """See `Registry`."""
        with self._db.read() as session:
            return self._find(session, kind, key)

    def values(self, kind: str) -> list[str]:
        """See `Registry`."""
        living = REGISTRY.c.expires_at > self._clock()
        query = select(REGISTRY.c.value).where(REGISTRY.c.kind == kind, living)
        with self._db.read() as session:
            found = [self._open(value) for value in session.scalars(query)]
        return [value for value in found if value is not None]

    def unreadable(self, kind: str) -> int:
        """How many values of a kind were written with another key."""
        living = REGISTRY.c.expires_at > self._clock()
        query = select(REGISTRY.c.value).where(REGISTRY.c.kind == kind, living)
        with self._db.read() as session:
            return sum(self._open(value) is None for value in session.scalars(query))

    def put(self, kind: str, key: str, value: str, lives_s: float) -> None:
        """See `Registry`."""
        with self._db.write() as session:
            self._store(session, kind, key, value, lives_s)

    def change(self, kind: str, key: str, change: Change, lives_s: float) -> None:
        """See `Registry`."""
        with self._db.write() as session:
            self._hold(session, kind, key)
            value = change(self._find(session, kind, key))
            if value is None:
                session.execute(delete(REGISTRY).where(*_at(kind, key)))
            else:
                self._store(session, kind, key, value, lives_s)

    def take(self, kind: str, key: str) -> str | None:
        """See `Registry`."""
        gone = delete(REGISTRY).where(*_at(kind, key))
        with self._db.write() as session:
            found = session.execute(gone.returning(REGISTRY.c.value, REGISTRY.c.expires_at)).first()
        return self._open(found[0]) if found and found[1] > self._clock() else None

    def delete(self, kind: str, key: str) -> None:
        """See `Registry`."""
        with self._db.write() as session:
            session.execute(delete(REGISTRY).where(*_at(kind, key)))

    def tidy(self) -> None:
        """See `Registry`."""
        with self._db.write() as session:
            session.execute(delete(REGISTRY).where(REGISTRY.c.expires_at <= self._clock()))

    def _find(self, session: Session, kind: str, key: str) -> str | None:
        living = REGISTRY.c.expires_at > self._clock()
        found = session.scalar(select(REGISTRY.c.value).where(*_at(kind, key), living))
        return None if found is None else self._open(found)

    def _hold(self, session: Session, kind: str, key: str) -> None:
        """Have the row there, and held until the transaction ends."""
        empty = {"value": b"", "expires_at": 0.0}
        insert = self._insert(REGISTRY).values(kind=kind, key=_digest(kind, key), **empty)
        itself = {"value": REGISTRY.c.value}
        session.execute(insert.on_conflict_do_update(REGISTRY.primary_key, set_=itself))

    def _store(self, session: Session, kind: str, key: str, value: str, lives_s: float) -> None:
        sealed = self._seal.encrypt(value.encode())
        content = {"value": sealed, "expires_at": self._clock() + lives_s}
        insert = self._insert(REGISTRY).values(kind=kind, key=_digest(kind, key), **content)
        session.execute(insert.on_conflict_do_update(REGISTRY.primary_key, set_=content))

    @property
    def _insert(self) -> type[sqlite.Insert] | type[postgresql.Insert]:
        return sqlite.Insert if self._db.is_sqlite else postgresql.Insert

    def _open(self, sealed: bytes) -> str | None:
        try:
            return self._seal.decrypt(sealed).decode()
        except InvalidToken:
            return None


def sealer(key: bytes, purpose: str) -> Fernet:
    """What encrypts and signs for one purpose, with a key that serves several."""
    digest = hashlib.sha256(purpose.encode() + b"\0" + key).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def _at(kind: str, key: str) -> list[ColumnElement[bool]]:
    return [REGISTRY.c.kind == kind, REGISTRY.c.key == _digest(kind, key)]


def _digest(kind: str, key: str) -> bytes:
    return hashlib.sha256(f"{kind}\0{key}".encode()).digest()
