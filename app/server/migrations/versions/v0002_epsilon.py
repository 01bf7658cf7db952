"""The privacy loss of an event whose values were perturbed before upload."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column. Existing rows are exact."""
    op.add_column("events", sa.Column("epsilon", sa.Double))
