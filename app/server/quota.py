"""How many events are stored in a day: of a network, and of all."""

import hashlib
import secrets
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from .client_address import Address
from .errors import QuotaExceededError
from .networks import network_prefix

MAX_NETWORKS = 100_000
"""Networks in memory. Those beyond share one quota."""


def _now() -> datetime:
    return datetime.now(UTC)


class Quota:
    """Counts the events of each day (UTC), in memory only.

    A network is known by a keyed hash, with a new key each day.

    Parameters
    ----------
    per_network, total
        Events that are stored of one network, and of all, in a day; 0: no limit.
    now
        The time.
    """

    def __init__(self, per_network: int, total: int, now: Callable[[], datetime] = _now) -> None:
        self._per_network, self._total, self._now = per_network, total, now
        self._day = date.min
        self._key = b""
        self._counts: Counter[bytes] = Counter()
        self._sum = 0

    def take(self, address: Address | None, count: int) -> None:
        """Reserve room for so many events of a client.

        Raises
        ------
        QuotaExceededError
            If there isn't enough. The error says when to try again.
        """
        self._begin_day()
        network = self._network(address)
        if self._per_network and self._counts[network] + count > self._per_network:
            raise QuotaExceededError("your network", self._until_tomorrow())
        if self._total and self._sum + count > self._total:
            raise QuotaExceededError("all", self._until_tomorrow())
        self._counts[network] += count
        self._sum += count

    def give_back(self, address: Address | None, count: int) -> None:
        """Give back room for events that were not stored, for instance because they already were."""
        network = self._network(address)
        count = min(count, self._counts[network])  # Less if a day has begun meanwhile.
        self._counts[network] -= count
        self._sum -= count

    def _begin_day(self) -> None:
        today = self._now().date()
        if today != self._day:
            self._day, self._key = today, secrets.token_bytes(32)
            self._counts, self._sum = Counter(), 0

    def _until_tomorrow(self) -> int:
        now = self._now()
        tomorrow = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
        return int((tomorrow - now).total_seconds()) + 1

    def _network(self, address: Address | None) -> bytes:
        prefix = network_prefix(address) if address else b""
        name = hashlib.blake2b(prefix, key=self._key, digest_size=16).digest()
        return name if name in self._counts or len(self._counts) < MAX_NETWORKS else b""
