"""The tables of the database, as of the newest migration."""

from sqlalchemy import BigInteger, Column, Date, Double, Integer, MetaData, SmallInteger, String, Table

from sidflow_feedback.vocabulary import MAX_ITEM_ID

from .schema import Features

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

# `id` grows and is never reused: readers continue after the last one they saw, without a timestamp.
# `batch_id` is for counting the different uploads of a tune. `day` is that of the upload (UTC), so that what
# came in a bad time can be taken out again. `network` is a number of the sender's network, a new one each
# day (`networks.py`). `epsilon` is null if the values are exact.
events = Table(
    "events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("batch_id", String(36), nullable=False, index=True),
    Column("sid_path", String(MAX_ITEM_ID), nullable=False),
    Column("song", SmallInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("action", String(16)),
    *(Column(name, SmallInteger) for name in ("e", "m", "c", "p")),
    *(Column(name, Double) for name in Features.model_fields),
    Column("epsilon", Double),
    Column("network", SmallInteger),
    sqlite_autoincrement=True,
)
