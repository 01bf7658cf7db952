"""Days of uploads: how much what came on each, and from each network, counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median_low
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from ..server.tables import events

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from ..server.day_range import DayRange

NETWORK_UPLOADS: Final = 24
"""Uploads of a network on a day that count in full in any case: one an hour."""

DAY_UPLOADS: Final = 100
"""Uploads of a day that count in full in any case."""

TIMES_USUAL: Final = 4
"""Beyond that, a network counts as at most this many times the median network of its day, and a day as this
many times the median day."""

SETTLED_AFTER: Final = timedelta(days=7)
"""Only uploads older than this, counted from the latest, judge a new model: those to come can't touch it."""

MIN_SETTLED: Final = 100
"""With fewer such uploads, all judge it."""

Group = tuple[date, int | None]
"""A day and a network of that day; None if no network is known."""


@dataclass(frozen=True, slots=True)
class DayWeights:
    """What counts how much.

    Attributes
    ----------
    without
        Days that are left out.
    shares
        For groups that don't count in full: what of their weight counts, 0 to 1.
    settled
        The last day whose uploads judge a new model; None: those of all days do.
    """

    without: tuple[DayRange, ...] = ()
    shares: Mapping[Group, float] = field(default_factory=dict)
    settled: date | None = None

    def share(self, group: Group) -> float:
        """Return what of a group's weight counts."""
        return self.shares.get(group, 1.0)

    def counts(self, day: date) -> bool:
        """Return whether a day isn't left out."""
        return not any(day in days for days in self.without)

    def is_settled(self, day: date) -> bool:
        """Return whether what came on a day judges a new model."""
        return self.settled is None or day <= self.settled


def day_weights(connection: Connection, without: Sequence[DayRange] = ()) -> DayWeights:
    """Return the weights for the events of a database.

    A sender can make as many uploads as it likes; its network, and the day, can't be multiplied so easily.
    """
    uploads = func.count(events.c.batch_id.distinct())
    query = select(events.c.day, events.c.network, uploads).group_by(events.c.day, events.c.network)
    return weights_of([(day, network, count) for day, network, count in connection.execute(query)], without)


def weights_of(rows: Iterable[tuple[date, int | None, int]], without: Sequence[DayRange] = ()) -> DayWeights:
    """Return the weights for rows of day, network, and number of uploads."""
    days: dict[date, Counter[int | None]] = defaultdict(Counter)
    for day, network, count in rows:
        if not any(day in left_out for left_out in without):
            days[day][network] += count
    shares = {(day, network): share for day in days for network, share in _network_shares(days[day]).items()}
    totals = {
        day: sum(count * shares[day, network] for network, count in networks.items())
        for day, networks in days.items()
    }
    usual = median_low(totals.values()) if totals else 0
    for day, network in shares:
        shares[day, network] *= _share(totals[day], DAY_UPLOADS, usual)
    return DayWeights(tuple(without), {group: s for group, s in shares.items() if s < 1}, _settled(totals))


def _network_shares(networks: Counter[int | None]) -> dict[int | None, float]:
    known = [count for network, count in networks.items() if network is not None]
    usual = median_low(known) if known else 0
    return {
        network: 1.0 if network is None else _share(count, NETWORK_UPLOADS, usual)
        for network, count in networks.items()
    }


def _share(uploads: float, in_full: float, usual: float) -> float:
    return min(1.0, max(in_full, TIMES_USUAL * usual) / max(uploads, 1))


def _settled(totals: Mapping[date, float]) -> date | None:
    if not totals:
        return None
    last = max(totals) - SETTLED_AFTER
    return last if sum(count for day, count in totals.items() if day <= last) >= MIN_SETTLED else None
