"""What nothing reads, and what linked the uploads of a listener, isn't kept any longer."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Drop the versions of models; find batches by their id. `day` is from now on that of the upload."""
    op.drop_column("events", "base_model_version")
    op.drop_column("events", "model_version")
    op.create_index("ix_events_batch_id", "events", ["batch_id"])
