"""Rate limits for clients: token buckets in memory."""

import hashlib
import math
import secrets
import time
from collections.abc import Callable
from ipaddress import IPv6Address

from starlette.requests import Request

from .client_address import Address, client_address
from .errors import TooManyRequestsError

MAX_CLIENTS = 100_000
"""Clients in memory, some 20 MB. Beyond that, the least recently seen ones are dropped."""


class TokenBuckets:
    """One bucket per client: a request takes a token, and tokens are refilled at a steady rate.

    Parameters
    ----------
    rate
        Tokens refilled per second; 0 means no limit.
    burst
        Capacity of a bucket.
    clock
        Monotonic time in seconds.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._buckets: dict[bytes, tuple[float, float]] = {}  # tokens and time, least recently seen first

    def take(self, client: bytes) -> float:
        """Take a token. Return 0, or the seconds until there is one."""
        if not self._rate:
            return 0.0
        now = self._clock()
        tokens, since = self._buckets.pop(client, (self._burst, now))
        tokens = min(self._burst, tokens + (now - since) * self._rate)
        granted = tokens >= 1
        self._buckets[client] = (tokens - granted, now)
        self._forget(now)
        return 0.0 if granted else (1 - tokens) / self._rate

    def __len__(self) -> int:
        """Return the number of clients in memory."""
        return len(self._buckets)

    def _forget(self, now: float) -> None:
        """Drop clients with full buckets and those beyond the limit."""
        full_after = self._burst / self._rate
        while self._buckets:
            oldest = next(iter(self._buckets))
            if now - self._buckets[oldest][1] < full_after and len(self._buckets) <= MAX_CLIENTS:
                return
            del self._buckets[oldest]


class RateLimit:
    """A FastAPI dependency that rejects requests of clients that exceed their rate.

    Clients are identified by a keyed hash of their address. The key is new at each start and only in memory;
    neither address nor hash is written anywhere.
    """

    def __init__(self, buckets: TokenBuckets) -> None:
        self._buckets = buckets
        self._key = secrets.token_bytes(32)

    async def __call__(self, request: Request) -> None:
        """Let the request pass.

        Raises
        ------
        TooManyRequestsError
            If the client exceeds its rate. The error says when to try again.
        """
        wait = self._buckets.take(self.pseudonym(request))
        if wait:
            raise TooManyRequestsError(math.ceil(wait))

    def pseudonym(self, request: Request) -> bytes:
        """Return what stands for the client of a request."""
        return self._pseudonym(client_address(request))

    def _pseudonym(self, address: Address | None) -> bytes:
        return hashlib.blake2b(_network(address), key=self._key, digest_size=16).digest()


def _network(address: Address | None) -> bytes:
    """Return the part of an address that identifies a client. An IPv6 client owns a whole /64 network."""
    if address is None:
        return b""
    return address.packed[:8] if isinstance(address, IPv6Address) else address.packed
