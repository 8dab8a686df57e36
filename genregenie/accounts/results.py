"""What people's clips were found to be, kept for their owner alone.

A result is a summary to list it by, and `details`: JSON from whoever keeps it, handed back as it
came. The clip itself is kept only where its owner asks for that, and for no guest.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session, undefer

from genregenie.accounts.core import BlobOf, Core, Json, in_iso, keep_newest, let_audio_go
from genregenie.accounts.errors import AccountNeededError, NoRoomError
from genregenie.accounts.tables import MAX_NUMBER, Person, ResultRow
from genregenie.common.formatting import format_megabytes
from genregenie.common.limits import Quotas
from genregenie.storage.blobs import new_key

MAX_RESULTS: Final = 1000
"""Results kept for a person; beyond that the oldest are forgotten."""
MAX_CLIP_BYTES: Final = 20 << 20
"""Bytes of one clip that are kept at most."""
AUDIO: Final = "audio"
"""The kind of blob that kept clips are."""
_MAX_NAME_LENGTH: Final = 300


@dataclass(frozen=True)
class Result:
    """What is to be kept of a clip.

    Attributes
    ----------
    name : str
        What the clip is called.
    genre : str or None
    verdict : str
        In one of a few words, to filter by.
    confidence, duration_s : float
    details : str
        JSON: all that is needed to show the result again.
    """

    name: str
    genre: str | None
    verdict: str
    confidence: float
    duration_s: float
    details: str


@dataclass(frozen=True)
class ResultSummary:
    """A result in the list, without its details. `audio_bytes` is 0 where no audio is kept."""

    id: int
    made_at: datetime
    name: str
    genre: str | None
    verdict: str
    confidence: float
    duration_s: float
    audio_bytes: int
    shared_at: datetime | None


@dataclass(frozen=True)
class StoredResult:
    """A result as a whole."""

    summary: ResultSummary
    details: str


@dataclass(frozen=True)
class Audio:
    """A clip: its bytes, and the ending of its file name, such as ``.mp3``."""

    content: bytes
    suffix: str


@dataclass(frozen=True)
class Filter:
    """Which results are meant; None leaves everything in. `only` is ``shared`` or ``audio``."""

    genre: str | None = None
    verdict: str | None = None
    only: str | None = None
    numbers: frozenset[int] | None = None


EVERYTHING: Final = Filter()


class Results:
    """Reads and writes results; each only in the name of the person whose it is."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def keep(self, person_id: int, result: Result) -> int | None:
        """Keep a result and give its number; None for somebody who is gone."""
        with self._core.write() as session:
            # Holding the person makes two at once one after the other.
            if session.get(Person, person_id, with_for_update=True) is None:
                return None
            row = ResultRow(
                person_id=person_id,
                made_at=self._core.clock(),
                # No database takes a NUL, and file names are anybody's.
                name=result.name.replace("\0", "")[:_MAX_NAME_LENGTH],
                genre=result.genre,
                verdict=result.verdict,
                confidence=result.confidence,
                duration_s=result.duration_s,
                details=result.details,
            )
            session.add(row)
            session.flush()
            keep_newest(session, ResultRow, ResultRow.person_id == person_id, MAX_RESULTS)
            return row.id

    def summaries(
        self, person_id: int, wanted: Filter = EVERYTHING, skip: int = 0, most: int = MAX_RESULTS
    ) -> list[ResultSummary]:
        """A person's results, the newest first."""
        query = select(ResultRow).where(*_of(person_id, wanted)).order_by(ResultRow.id.desc())
        with self._core.db.read() as session:
            return [summary_of(row) for row in session.scalars(query.offset(skip).limit(most))]

    def count(self, person_id: int, wanted: Filter = EVERYTHING) -> int:
        """How many there are."""
        query = select(func.count()).select_from(ResultRow).where(*_of(person_id, wanted))
        with self._core.db.read() as session:
            return session.scalar(query) or 0

    def each(self, person_id: int, wanted: Filter = EVERYTHING) -> Iterator[StoredResult]:
        """All with their details, the newest first."""
        query = select(ResultRow).where(*_of(person_id, wanted)).order_by(ResultRow.id.desc())
        with self._core.db.read() as session:
            options = {"yield_per": 50}
            for row in session.scalars(
                query.options(undefer(ResultRow.details)), execution_options=options
            ):
                yield StoredResult(summary_of(row), row.details)

    def open(self, person_id: int, number: int) -> StoredResult | None:
        """One result, if it is this person's."""
        query = select(ResultRow).where(*one(person_id, number)).options(undefer(ResultRow.details))
        with self._core.db.read() as session:
            row = session.scalars(query).first()
            return StoredResult(summary_of(row), row.details) if row else None

    def delete(self, person_id: int, number: int) -> bool:
        """Forget a result with its audio and its link; whether there was one."""
        return self._delete(one(person_id, number)) > 0

    def delete_all(self, person_id: int) -> int:
        """Forget all results of a person; how many there were."""
        return self._delete(_of(person_id))

    def _delete(self, meant: list[ColumnElement[bool]]) -> int:
        with self._core.write() as session:
            let_audio_go(session, *meant)
            return len(
                session.execute(delete(ResultRow).where(*meant).returning(ResultRow.id)).all()
            )

    def keep_audio(
        self, person_id: int, number: int, audio: Audio, most: int = Quotas().kept_bytes
    ) -> bool:
        """Keep the clip with its result; whether that result is there.

        Parameters
        ----------
        person_id, number : int
        audio : Audio
        most : int
            Bytes of all clips that are kept for the person.

        Raises
        ------
        AccountNeededError
            For a guest.
        NoRoomError
            If the clip is too large, or all that is kept would be.
        """
        size = len(audio.content)
        if size > MAX_CLIP_BYTES:
            raise NoRoomError(
                f"The clip has {format_megabytes(size)}; up to "
                f"{format_megabytes(MAX_CLIP_BYTES)} are kept with a result."
            )
        with self._core.db.read() as session:  # before it is written for nothing
            if not self._has_room(session, person_id, number, size, most):
                return False
        key = new_key(AUDIO)
        kept = False
        try:
            # Before the row: whatever comes in between, what a row names is there.
            self._core.blobs.put(key, audio.content)
            with self._core.write() as session:
                session.get(Person, person_id, with_for_update=True)
                if self._has_room(session, person_id, number, size, most):
                    kept = _name_audio(session, person_id, number, key, audio)
        finally:
            if not kept:
                self._core.delete_blobs([key])
        return kept

    def kept_bytes(self, person_id: int) -> int:
        """Bytes of the clips that are kept for a person."""
        query = select(func.coalesce(func.sum(ResultRow.audio_bytes), 0))
        with self._core.db.read() as session:
            return int(session.scalar(query.where(ResultRow.person_id == person_id)) or 0)

    def drop_audio(self, person_id: int, number: int) -> None:
        """Forget the clip, and keep the result."""
        with self._core.write() as session:
            _name_audio(session, person_id, number, None, Audio(b"", ""))

    def audio(self, person_id: int, number: int) -> Audio | None:
        """The clip of a result, if it is this person's and was kept.

        Raises
        ------
        BlobError
            If it cannot be read just now.
        """
        query = select(ResultRow.audio_key, ResultRow.audio_suffix).where(*one(person_id, number))
        with self._core.db.read() as session:
            found = session.execute(query).first()
        if found is None or found.audio_key is None:
            return None
        content = self._core.blobs.get(found.audio_key)
        return None if content is None else Audio(content, found.audio_suffix)

    def _has_room(
        self, session: Session, person_id: int, number: int, size: int, most: int
    ) -> bool:
        """Whether there is such a result; raises where its audio may not be kept."""
        person = session.get(Person, person_id)
        if person is not None and person.guest:
            raise AccountNeededError("Keeping the audio needs an account.")
        others = select(func.coalesce(func.sum(ResultRow.audio_bytes), 0)).where(
            ResultRow.person_id == person_id, ResultRow.id != number
        )
        if (session.scalar(others) or 0) + size > most:
            raise NoRoomError(
                f"There is no room for it: {format_megabytes(most)} of audio are "
                "kept for each person. Remove some in My music first."
            )
        return session.scalar(select(ResultRow.id).where(*one(person_id, number))) is not None


def _name_audio(
    session: Session, person_id: int, number: int, key: str | None, audio: Audio
) -> bool:
    let_audio_go(session, *one(person_id, number))
    changed = session.execute(
        update(ResultRow)
        .where(*one(person_id, number))
        .values(audio_key=key, audio_bytes=len(audio.content), audio_suffix=audio.suffix[:16])
        .returning(ResultRow.id)
    )
    return changed.first() is not None


def summary_of(row: ResultRow) -> ResultSummary:
    """The part of a row that is listed."""
    return ResultSummary(
        row.id,
        row.made_at,
        row.name,
        row.genre,
        row.verdict,
        row.confidence,
        row.duration_s,
        row.audio_bytes,
        row.shared_at,
    )


def _of(person_id: int, wanted: Filter = EVERYTHING) -> list[ColumnElement[bool]]:
    mine = [ResultRow.person_id == person_id]
    if wanted.genre is not None:
        mine.append(ResultRow.genre == wanted.genre)
    if wanted.verdict is not None:
        mine.append(ResultRow.verdict == wanted.verdict)
    if wanted.only == "shared":
        mine.append(ResultRow.share_hash.is_not(None))
    if wanted.only == "audio":
        mine.append(ResultRow.audio_bytes > 0)
    if wanted.numbers is not None:
        mine.append(ResultRow.id.in_([n for n in wanted.numbers if 0 < n <= MAX_NUMBER]))
    return mine


def one(person_id: int, number: int) -> list[ColumnElement[bool]]:
    """The conditions for one result of one person."""
    # A number that no column can hold would be an error in PostgreSQL; it is nobody's.
    number = number if 0 < number <= MAX_NUMBER else 0
    return [ResultRow.person_id == person_id, ResultRow.id == number]


def section(session: Session, person_id: int) -> Iterator[dict[str, Json | bytes | BlobOf]]:
    """A person's section of their download, a result at a time: each may carry a clip."""
    query = select(ResultRow).where(ResultRow.person_id == person_id).order_by(ResultRow.id)
    large = (ResultRow.details, ResultRow.audio_key, ResultRow.share_cover)
    everything = query.options(*map(undefer, large))
    for row in session.scalars(everything, execution_options={"yield_per": 1}):
        yield {
            "made_at": in_iso(row.made_at),
            "name": row.name,
            "genre": row.genre,
            "verdict": row.verdict,
            "confidence": row.confidence,
            "duration_s": row.duration_s,
            "shared_at": in_iso(row.shared_at),
            "details": json.loads(row.details),
            "audio_suffix": row.audio_suffix or None,
            "audio_base64": BlobOf(row.audio_key) if row.audio_key else None,
            "share_cover_base64": row.share_cover or None,
        }
