"""The cover that others may see with a shared result."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the cover, which no link that is there already has."""
    op.add_column("results", sa.Column("share_cover", sa.LargeBinary(), nullable=True))
