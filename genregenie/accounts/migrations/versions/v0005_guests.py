"""How many clips a guest has had."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the count, from which guests who are here already have had nothing yet."""
    op.add_column(
        "people", sa.Column("guest_clips", sa.Integer(), nullable=False, server_default="0")
    )
