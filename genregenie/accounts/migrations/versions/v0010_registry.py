"""What servers tell each other, for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of `genregenie.storage.registry`."""
    op.create_table(
        "registry",
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name="pk_registry"),
    )
    op.create_index("ix_registry_expires_at", "registry", ["expires_at"])
