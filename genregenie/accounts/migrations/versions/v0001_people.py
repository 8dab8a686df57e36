"""People, sessions, recovery codes, reset tokens, throttles."""

import sqlalchemy as sa
from alembic import op

from genregenie.accounts.tables import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _person_key(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], f"fk_{table}_person_id_people", ondelete="CASCADE"
        ),
    ]


def upgrade() -> None:
    """From nothing to the first tables."""
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("name_key", sa.String(64), nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("email_key", sa.Text()),
        sa.Column("password_hash", sa.Text()),
        sa.Column("guest", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("password_changed_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("name_key", name="uq_people_name_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_people_email_key", "people", ["email_key"])
    op.create_table(
        "sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        *_person_key("sessions"),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("browser", sa.String(80), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_sessions_token_hash"),
    )
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        *_person_key("recovery_codes"),
        sa.Column("code_hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_codes"),
    )
    op.create_index("ix_recovery_codes_person_id", "recovery_codes", ["person_id"])
    op.create_table(
        "reset_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        *_person_key("reset_tokens"),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reset_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_reset_tokens_token_hash"),
    )
    op.create_index("ix_reset_tokens_person_id", "reset_tokens", ["person_id"])
    op.create_table(
        "throttles",
        sa.Column("key_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("blocked_until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="pk_throttles"),
    )
    op.create_index("ix_throttles_last_at", "throttles", ["last_at"])
