"""Tables of what is kept for nobody in particular, and what all tables share.

People's own tables, in `genregenie.accounts.tables`, are of the same `METADATA`, and the same
migrations make both. Times are UTC.
"""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import BigInteger, Column, DateTime, Double, LargeBinary, MetaData, String, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

METADATA: Final = MetaData(
    # Every constraint has a name, since Alembic cannot change what has none.
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

PASSING: Final = "passing"
"""In the ``info`` of a table: a backup leaves its rows out, since they pass or are copied apart."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC on every database; SQLite forgets time zones and gets UTC put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC, as it is stored."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """With its time zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BLOBS: Final = Table(
    "blobs",
    METADATA,
    Column("key", String(200), primary_key=True),
    Column("made_at", UtcDateTime(), nullable=False),
    Column("bytes", BigInteger(), nullable=False),
    Column("content", LargeBinary(), nullable=False),  # last, so that the rest is read without it
    info={PASSING: True},
)
"""What `genregenie.storage.database_blobs` keeps."""

REGISTRY: Final = Table(
    "registry",
    METADATA,
    Column("kind", String(32), primary_key=True),
    Column("key", LargeBinary(32), primary_key=True),
    Column("value", LargeBinary(), nullable=False),
    Column("expires_at", Double(), nullable=False, index=True),  # seconds since 1970
    info={PASSING: True},
)
"""What `genregenie.storage.registry` keeps for a while, encrypted, under digests."""
