"""Results that people keep, and the links they share them by."""

import sqlalchemy as sa
from alembic import op

from genregenie.accounts.tables import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of results."""
    op.create_table(
        "results",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("genre", sa.Text()),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=False),
        sa.Column("shared_at", UtcDateTime()),
        sa.Column("share_seed", sa.LargeBinary(32)),
        sa.Column("share_hash", sa.LargeBinary(32)),
        sa.Column("audio_bytes", sa.Integer(), nullable=False),
        sa.Column("audio_suffix", sa.String(16), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("audio", sa.LargeBinary()),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], "fk_results_person_id_people", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_results"),
        sa.UniqueConstraint("share_hash", name="uq_results_share_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_results_person_id", "results", ["person_id"])
