"""What people said of verdicts: that was right, or it is rather another genre.

Kept are what the model said, what the person says, the artist if the file named one, and a row of
numbers that somebody above knows how to read. Knows nothing of audio, and no audio is kept. With
the gate off there are no people, and what is said is nobody's: ``None`` stands for that.
"""

import hashlib
import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from genregenie.accounts.core import Core, Json, in_iso, keep_newest, take_turns
from genregenie.accounts.tables import FeedbackRow, Person

MAX_ANSWERS: Final = 500
"""Answers kept for a person, and for nobody; beyond that the oldest are forgotten."""

_NOBODYS_TURN: Final = 0x6665656462


@dataclass(frozen=True)
class Answer:
    """What somebody said of one verdict.

    Attributes
    ----------
    genre : str
        What it is, says the person.
    model_genre : str or None
        What it is, said the model; None for "not music".
    verdict, model_version : str
        How the model put it, and which one it was.
    artist : str
        As the file named it; may be empty.
    numbers : bytes
        Little-endian float64 numbers that describe the clip.
    """

    genre: str
    model_genre: str | None
    verdict: str
    model_version: str
    artist: str
    numbers: bytes


@dataclass(frozen=True)
class FeedbackRecord:
    """An answer, and who gave it when: a number, or None for nobody."""

    person_id: int | None
    guest: bool
    said_at: datetime
    answer: Answer


def clip_key(numbers: bytes) -> bytes:
    """What tells clips apart: the SHA-256 of their numbers."""
    return hashlib.sha256(numbers).digest()


class Feedback:
    """Reads and writes answers."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def give(self, person_id: int | None, answer: Answer) -> bool:
        """Keep an answer in the place of an earlier one; False if the person is gone."""
        key = clip_key(answer.numbers)
        with self._core.db.write() as session:
            if not self._hold(session, person_id):
                return False
            _forget(session, person_id, key)
            session.add(
                FeedbackRow(
                    person_id=person_id,
                    clip_key=key,
                    genre=answer.genre,
                    model_genre=answer.model_genre,
                    verdict=answer.verdict,
                    model_version=answer.model_version,
                    artist=answer.artist,
                    numbers=answer.numbers,
                    said_at=self._core.clock(),
                )
            )
            session.flush()
            keep_newest(session, FeedbackRow, _of(person_id), MAX_ANSWERS)
        return True

    def take_back(self, person_id: int | None, key: bytes) -> None:
        """Forget the answer about one clip."""
        with self._core.db.write() as session:
            _forget(session, person_id, key)

    def genre_of(self, person_id: int | None, key: bytes) -> str | None:
        """What a person has said of a clip, if anything."""
        query = select(FeedbackRow.genre).where(_of(person_id), FeedbackRow.clip_key == key)
        with self._core.db.read() as session:
            return session.scalar(query)

    def everything(self) -> list[FeedbackRecord]:
        """All answers of all people, the oldest first."""
        query = (
            select(FeedbackRow, Person.guest)
            .outerjoin(Person, Person.id == FeedbackRow.person_id)
            .order_by(FeedbackRow.id)
        )
        with self._core.db.read() as session:
            return [
                FeedbackRecord(row.person_id, bool(guest), row.said_at, _answer(row))
                for row, guest in session.execute(query)
            ]

    def _hold(self, session: Session, person_id: int | None) -> bool:
        """Make two clicks at once one after the other; False for somebody who is gone."""
        if person_id is not None:
            return session.get(Person, person_id, with_for_update=True) is not None
        take_turns(self._core.db, session, _NOBODYS_TURN)
        return True


def _of(person_id: int | None) -> ColumnElement[bool]:
    owner = FeedbackRow.person_id
    return owner.is_(None) if person_id is None else owner == person_id


def _forget(session: Session, person_id: int | None, key: bytes) -> None:
    session.execute(delete(FeedbackRow).where(_of(person_id), FeedbackRow.clip_key == key))


def _answer(row: FeedbackRow) -> Answer:
    return Answer(
        row.genre, row.model_genre, row.verdict, row.model_version, row.artist, row.numbers
    )


def section(session: Session, person_id: int) -> Json:
    """A person's section of their download."""
    query = select(FeedbackRow).where(_of(person_id)).order_by(FeedbackRow.id)
    return [
        {
            "said": row.genre,
            "model_said": row.model_genre,
            "verdict": row.verdict,
            "model_version": row.model_version,
            "artist": row.artist,
            "said_at": in_iso(row.said_at),
            "numbers": list(struct.unpack(f"<{len(row.numbers) // 8}d", row.numbers)),
        }
        for row in session.scalars(query)
    ]
