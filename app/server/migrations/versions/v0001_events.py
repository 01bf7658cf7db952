"""The events table."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

FEATURES = (
    *("energy", "rms", "spectral_centroid", "spectral_rolloff"),
    *("zero_crossing_rate", "bpm", "confidence", "duration"),
)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("uuid", sa.String(36), nullable=False),
        sa.Column("batch_id", sa.String(36), nullable=False),
        sa.Column("base_model_version", sa.String(128), nullable=False),
        sa.Column("model_version", sa.String(128)),
        sa.Column("sid_path", sa.String(255), nullable=False),
        sa.Column("song", sa.SmallInteger, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("action", sa.String(16)),
        *(sa.Column(name, sa.SmallInteger) for name in ("e", "m", "c", "p")),
        *(sa.Column(name, sa.Double) for name in FEATURES),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("uuid", name="uq_events_uuid"),
        sqlite_autoincrement=True,
    )
