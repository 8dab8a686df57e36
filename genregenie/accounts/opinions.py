"""What people said of recommendations: like, or not for me.

Kept are the key of a track (Spotify's id, or our own name for one of the catalogue), its artist,
its genre, and the verdict; nothing else about the track. Knows nothing of audio.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from genregenie.accounts.core import Core, Json, in_iso, keep_newest
from genregenie.accounts.tables import OpinionRow, Person

MAX_OPINIONS: Final = 2000
"""Opinions kept for a person; beyond that the oldest are forgotten."""


@dataclass(frozen=True)
class StoredOpinion:
    """One opinion."""

    key: str
    artist: str
    genre: str
    liked: bool


class Opinions:
    """Reads and writes opinions."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def of(self, person_id: int) -> list[StoredOpinion]:
        """All of a person's opinions, the oldest first."""
        query = select(OpinionRow).where(OpinionRow.person_id == person_id)
        with self._core.db.read() as session:
            return [
                StoredOpinion(row.item_key, row.artist, row.genre, row.liked)
                for row in session.scalars(query.order_by(OpinionRow.id))
            ]

    def say(self, person_id: int, said: StoredOpinion) -> None:
        """Keep an opinion in the place of an earlier one; of somebody who is gone, nothing."""
        with self._core.db.write() as session:
            # Holding the person makes two clicks at once one after the other.
            if session.get(Person, person_id, with_for_update=True) is None:
                return
            _forget(session, person_id, said.key)
            session.add(
                OpinionRow(
                    person_id=person_id,
                    item_key=said.key,
                    artist=said.artist,
                    genre=said.genre,
                    liked=said.liked,
                    said_at=self._core.clock(),
                )
            )
            session.flush()
            keep_newest(session, OpinionRow, OpinionRow.person_id == person_id, MAX_OPINIONS)

    def take_back(self, person_id: int, key: str) -> None:
        """Forget the opinion about one track."""
        with self._core.db.write() as session:
            _forget(session, person_id, key)


def _forget(session: Session, person_id: int, key: str) -> None:
    session.execute(
        delete(OpinionRow).where(OpinionRow.person_id == person_id, OpinionRow.item_key == key)
    )


def section(session: Session, person_id: int) -> Json:
    """A person's section of their download."""
    query = select(OpinionRow).where(OpinionRow.person_id == person_id).order_by(OpinionRow.id)
    return [
        {
            "track": row.item_key,
            "artist": row.artist,
            "genre": row.genre,
            "liked": row.liked,
            "said_at": in_iso(row.said_at),
        }
        for row in session.scalars(query)
    ]
