"""The bound of requests to a server that doesn't answer, whatever hastens them."""

from __future__ import annotations

from collections import deque
from math import inf
from typing import Final

from sidflow_feedback.types import Milliseconds

TRIES: Final = 3
"""Requests that may fall into `SPAN`."""

SPAN: Final = 601.0
"""Seconds: 10 minutes, and a little more, because a request may come a moment early."""


class RequestBound:
    """Counts requests, and tells when another one may follow.

    Times are those of `Clock.now`, which never jumps.
    """

    def __init__(self) -> None:
        self._requests: deque[Milliseconds] = deque(maxlen=TRIES)

    def clear(self) -> None:
        """Forget the requests before, because the server answers."""
        self._requests.clear()

    def count(self, now: Milliseconds) -> None:
        """Count a request."""
        self._requests.append(now)

    @property
    def earliest(self) -> Milliseconds:
        """The time before which no request may be sent; minus infinity if there is none."""
        return self._requests[0] + 1000 * SPAN if len(self._requests) == TRIES else -inf
