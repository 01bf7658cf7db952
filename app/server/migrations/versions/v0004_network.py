"""Uploads know on which of 256 daily numbers their network fell, so that training can limit each."""

import sqlalchemy
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column. Nothing is known of the networks of earlier events."""
    op.add_column("events", sqlalchemy.Column("network", sqlalchemy.SmallInteger()))
