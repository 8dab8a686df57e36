"""What people said of verdicts."""

import sqlalchemy as sa
from alembic import op

from genregenie.accounts.tables import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of feedback."""
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("clip_key", sa.LargeBinary(32), nullable=False),
        sa.Column("genre", sa.Text(), nullable=False),
        sa.Column("model_genre", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("artist", sa.Text(), nullable=False),
        sa.Column("numbers", sa.LargeBinary(), nullable=False),
        sa.Column("said_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], "fk_feedback_person_id_people", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.UniqueConstraint("person_id", "clip_key", name="uq_feedback_person_id"),
    )
    op.create_index("ix_feedback_person_id", "feedback", ["person_id"])
