"""The tables. Whatever belongs to a person hangs on them by a foreign key that cascades.

A later feature that keeps something for a person adds a table here with ``_person_key()``, a
migration, and one section in `genregenie.accounts.export`; deletion and backup then follow.
Times are UTC. Secrets are SHA-256 digests of random values of 80 bits or more, or argon2id.
"""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Date,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, mapped_column

from genregenie.storage.tables import METADATA
from genregenie.storage.tables import UtcDateTime as UtcDateTime

MAX_NUMBER: Final = 2**31 - 1
"""What a number of a row can be at most."""
ADMIN: Final = "admin"
"""The role of who looks after the server; everybody else has an empty one."""


class Base(DeclarativeBase):
    """What belongs to people; its tables are among all others."""

    metadata = METADATA
    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012 (SQLAlchemy's own idiom)


def _person_key() -> MappedColumn[Any]:
    return mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)


class Person(Base):
    """Somebody with an account, or a guest (who has no password, and whose clips are counted)."""

    __tablename__ = "people"
    # Numbers are never given twice: what a page still holds of someone deleted stays nobody's.
    __table_args__ = (Index("ix_people_email_key", "email_key"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(32))
    name_key: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str | None] = mapped_column(String(254))
    email_key: Mapped[str | None] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    guest: Mapped[bool] = mapped_column(default=False)
    guest_clips: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    password_changed_at: Mapped[datetime | None]
    role: Mapped[str] = mapped_column(String(16), default="")


class LoginSession(Base):
    """One browser that is logged in."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = _person_key()
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    browser: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class RecoveryCode(Base):
    """A code that has not been used yet; using it deletes the row."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = _person_key()
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class ResetToken(Base):
    """A way to a new password that was mailed or given out by the administrator."""

    __tablename__ = "reset_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = _person_key()
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    expires_at: Mapped[datetime]


class AccessTokenRow(Base):
    """What lets one of a person's programs in, and for what: scopes with blanks between them."""

    __tablename__ = "access_tokens"
    # Numbers are never given twice: the audit log names tokens by them.
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = _person_key()
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    name: Mapped[str] = mapped_column(Text)
    scopes: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    last_used_at: Mapped[datetime | None]


class OpinionRow(Base):
    """Like, or not for me, about one recommended track."""

    __tablename__ = "opinions"
    __table_args__ = (UniqueConstraint("person_id", "item_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = _person_key()
    item_key: Mapped[str] = mapped_column(Text)
    artist: Mapped[str] = mapped_column(Text)
    genre: Mapped[str] = mapped_column(Text)
    liked: Mapped[bool]
    said_at: Mapped[datetime]


class ResultRow(Base):
    """One clip that was listened to, with its link for others if there is one.

    `details` is JSON that only the caller understands. What is large stands last, and is read
    when it is asked for. The clip is the blob that `audio_key` names, if there is one.
    """

    __tablename__ = "results"
    # Numbers are never given twice: what a page still holds of one deleted stays nobody's.
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = _person_key()
    made_at: Mapped[datetime]
    name: Mapped[str] = mapped_column(Text)
    genre: Mapped[str | None] = mapped_column(Text)
    verdict: Mapped[str] = mapped_column(String(32))
    confidence: Mapped[float] = mapped_column(Double)
    duration_s: Mapped[float] = mapped_column(Double)
    shared_at: Mapped[datetime | None]
    share_seed: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    share_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    audio_bytes: Mapped[int] = mapped_column(default=0)
    audio_suffix: Mapped[str] = mapped_column(String(16), default="")
    details: Mapped[str] = mapped_column(Text, deferred=True)
    share_cover: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    audio_key: Mapped[str | None] = mapped_column(
        String(200), index=True, unique=True, deferred=True
    )


class FeedbackRow(Base):
    """What somebody said of a verdict; of nobody where the gate was off."""

    __tablename__ = "feedback"
    __table_args__ = (UniqueConstraint("person_id", "clip_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = _person_key()
    clip_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    genre: Mapped[str] = mapped_column(Text)
    model_genre: Mapped[str | None] = mapped_column(Text)
    verdict: Mapped[str] = mapped_column(Text)
    model_version: Mapped[str] = mapped_column(Text)
    artist: Mapped[str] = mapped_column(Text)
    numbers: Mapped[bytes] = mapped_column(LargeBinary)
    said_at: Mapped[datetime]


class InvitationRow(Base):
    """A code that lets people make accounts."""

    __tablename__ = "invitations"

    id: Mapped[int] = mapped_column(primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    note: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    uses: Mapped[int]
    used: Mapped[int]


class AuditRow(Base):
    """What somebody who looks after the server did. It outlives whom it names."""

    __tablename__ = "audit"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    done_at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)


class DailyRow(Base):
    """How much of one kind a person did in a day; of nobody where no account is concerned."""

    __tablename__ = "daily"
    __table_args__ = (UniqueConstraint("person_id", "day", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = _person_key()
    day: Mapped[date] = mapped_column(Date, index=True)
    kind: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int] = mapped_column(BigInteger)


class Throttle(Base):
    """What is counted for a while under a digest: failures, or accounts made from an address."""

    __tablename__ = "throttles"

    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)
    blocked_until: Mapped[datetime]
