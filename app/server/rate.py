"""A limit on how often one client may ask, by token buckets in memory."""

import hashlib
import math
import secrets
import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from starlette.requests import Request

from .errors import TooManyRequestsError

MAX_CLIENTS = 100_000
"""Clients that are remembered at once, some 20 MB; then those not heard of for longest are forgotten."""


class TokenBuckets:
    """One bucket for each client: a request takes a token, and tokens come back at a steady rate.

    Parameters
    ----------
    rate
        Tokens that come back in a second; 0 means no limit.
    burst
        Tokens of a full bucket.
    clock
        Seconds, growing.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._buckets: dict[bytes, tuple[float, float]] = {}  # tokens at a time; longest unheard of first

    def take(self, client: bytes) -> float:
        """Take a token; return 0, or the seconds until there is one."""
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
        """Return how many clients are remembered."""
        return len(self._buckets)

    def _forget(self, now: float) -> None:
        """Forget clients whose buckets are full again, and those that are too many."""
        full_after = self._burst / self._rate
        while self._buckets:
            oldest = next(iter(self._buckets))
            if now - self._buckets[oldest][1] < full_after and len(self._buckets) <= MAX_CLIENTS:
                return
            del self._buckets[oldest]


class RateLimit:
    """A dependency of routes that refuses clients who ask too often.

    A client is known by a keyed hash of its address; the key is made at each start and kept nowhere, and
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
            If the client has asked too often; it says when to ask again.
        """
        wait = self._buckets.take(self._pseudonym(request.client.host if request.client else ""))
        if wait:
            raise TooManyRequestsError(math.ceil(wait))

    def _pseudonym(self, address: str) -> bytes:
        return hashlib.blake2b(_network(address), key=self._key, digest_size=16).digest()


def _network(address: str) -> bytes:
    """Return what tells clients apart: of IPv6 the first half, since one client has all of the second."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address.encode()
    return parsed.packed[:8] if isinstance(parsed, IPv6Address) else parsed.packed
