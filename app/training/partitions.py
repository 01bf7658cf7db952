"""Reading the events in partitions, on this machine or on a Dask cluster."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from dask.delayed import delayed
from sqlalchemy import func, select
from sqlalchemy.pool import NullPool

from sidflow_feedback.vocabulary import ACTIONS, DIMENSIONS

from ..cluster import connect as connect_cluster
from ..server.db_connection import connect, parse_url
from ..server.schema import Features
from ..server.tables import events
from .days import DayWeights, day_weights
from .response import Evidence, action_evidence, rating_evidence
from .statistics import Statistics, merge, summarize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Engine

    from ..server.day_range import DayRange

PARTITION: Final = 20_000
"""Events per partition: some 25 MB of rows."""

FAN_IN: Final = 8
"""Partitions merged at a time into the total."""

_ACTION_INDEX = {action: index for index, action in enumerate(ACTIONS)}
_COLUMNS = (
    *(events.c.sid_path, events.c.song, events.c.batch_id, events.c.day, events.c.network),
    *(events.c.action, events.c.epsilon),
    *(events.c[name] for name in DIMENSIONS),
    *(events.c[name] for name in Features.model_fields),
)


@dataclass(frozen=True, slots=True)
class Partition:
    """Events with ids from `first` to `end` (excluded), the salt of their keys, and what counts how much."""

    url: str
    first: int
    end: int
    salt: bytes
    weights: DayWeights = field(default_factory=DayWeights)


def collect(
    url: str,
    *,
    salt: bytes,
    without: Sequence[DayRange] = (),
    scheduler: str | None = None,
    workers: int | None = None,
) -> Statistics | None:
    """Return the statistics of all events, or None if there are none.

    Parameters
    ----------
    url
        URL of the database. Workers on other machines must be able to reach it, too.
    salt
        Decides which uploads are sampled. Must be secret, see `salt.py`.
    without
        Days whose uploads are left out.
    scheduler
        Address of a Dask scheduler. None: threads of this process.
    workers
        Number of threads. None: one per core.

    Raises
    ------
    ClusterError
        If the cluster can't be reached.
    """
    parts = [delayed(read)(partition) for partition in partitions(url, salt, without)]
    # A chain gives the same sums to the last bit on any workers, and keeps few partial results.
    total: list[Any] = []
    for start in range(0, len(parts), FAN_IN):
        total = [delayed(merge)(total + parts[start : start + FAN_IN])]
    if not total:
        return None
    with _scheduler(scheduler, workers) as options:
        found: Statistics = total[0].compute(**options)
    return found if found.events else None


def partitions(url: str, salt: bytes, without: Sequence[DayRange] = ()) -> list[Partition]:
    """Return the partitions of the current events."""
    with _reading(url) as engine, engine.connect() as connection:
        first, last = connection.execute(select(func.min(events.c.id), func.max(events.c.id))).one()
        if first is None:
            return []
        weights = day_weights(connection, without)
    starts = range(first, last + 1, PARTITION)
    return [Partition(url, start, min(start + PARTITION, last + 1), salt, weights) for start in starts]


def read(partition: Partition) -> Statistics:
    """Read a partition and return its statistics."""
    query = select(*_COLUMNS).where(events.c.id >= partition.first, events.c.id < partition.end)
    with _reading(partition.url) as engine, engine.connect() as connection:
        rows = connection.execute(query.order_by(events.c.id)).all()
    weights = partition.weights
    return _summarize([row for row in rows if weights.counts(row.day)], partition.salt, weights)


def _summarize(rows: Sequence[Any], salt: bytes, weights: DayWeights) -> Statistics:
    columns = list(zip(*rows, strict=True)) or [()] * len(_COLUMNS)
    paths, songs, batches, days, networks, actions, epsilons, *numbers = columns
    shares = np.array([weights.share(group) for group in zip(days, networks, strict=True)], np.float64)
    settled = np.array([weights.is_settled(day) for day in days], np.bool_)
    ratings, features = (
        np.array(part, np.float64).T for part in (numbers[: len(DIMENSIONS)], numbers[len(DIMENSIONS) :])
    )
    epsilon = np.array(epsilons, np.float64)
    indices = np.array([_ACTION_INDEX.get(action, -1) for action in actions], np.intp)
    pairs = zip(rating_evidence(ratings, epsilon), action_evidence(indices, epsilon), strict=True)
    evidence = Evidence(*(rated + implied for rated, implied in pairs))
    tunes = keys(list(zip(paths, songs, strict=True)), salt)
    return summarize(tunes, keys(batches, salt), features, evidence, shares, settled)


def keys(names: Sequence[Any], salt: bytes) -> NDArray[np.uint64]:
    """Return the key of each name: of a song (item id and number), or of an upload."""
    found = {name: _key(repr(name), salt) for name in set(names)}
    return np.array([found[name] for name in names], np.uint64)


def _key(text: str, salt: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), key=salt, digest_size=8).digest())


@contextmanager
def _reading(url: str) -> Iterator[Engine]:
    engine = connect(parse_url(url), poolclass=NullPool)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _scheduler(address: str | None, workers: int | None) -> Iterator[dict[str, Any]]:
    """Yield the options of Dask's `compute`."""
    if address is None:
        yield {"scheduler": "threads", "num_workers": workers}
        return
    with connect_cluster(address) as client:
        yield {"scheduler": client}
