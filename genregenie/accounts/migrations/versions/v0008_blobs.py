"""Kept audio out of the rows of results, into blobs that they name."""

import sqlalchemy as sa
from alembic import op

from genregenie.storage.tables import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# A key that nobody else has.
_KEYS = {
    "sqlite": "UPDATE results SET audio_key = 'audio/' || lower(hex(randomblob(16)))"
    " WHERE audio IS NOT NULL",
    "postgresql": "UPDATE results"
    " SET audio_key = 'audio/' || replace(gen_random_uuid()::text, '-', '')"
    " WHERE audio IS NOT NULL",
}
# One row after another, inside the database.
_MOVE = {
    "sqlite": "INSERT INTO blobs (key, made_at, bytes, content)"
    " SELECT audio_key, made_at, length(audio), audio FROM results WHERE audio_key IS NOT NULL",
    "postgresql": "INSERT INTO blobs (key, made_at, bytes, content)"
    " SELECT audio_key, made_at, octet_length(audio), audio FROM results"
    " WHERE audio_key IS NOT NULL",
}


def upgrade() -> None:
    """Move the audio, and drop its column."""
    op.create_table(
        "blobs",
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_blobs"),
    )
    op.add_column("results", sa.Column("audio_key", sa.String(200), nullable=True))
    database = op.get_bind().dialect.name
    op.execute(_KEYS[database])
    op.execute(_MOVE[database])
    op.create_index("ix_results_audio_key", "results", ["audio_key"], unique=True)
    op.drop_column("results", "audio")
