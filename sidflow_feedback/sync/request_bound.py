"""The bound of requests to a server that doesn't answer, whatever hastens them."""

from __future__ import annotations

from collections import deque
from math import inf
from typing import Final

from sidflow_feedback.types import Milliseconds

TRIES: Final = 3
"""Consecutive requests without an answer that may fall into `SPAN`."""

SPAN: Final = 601.0
"""Seconds: 10 minutes, and a little more, because a request may come a moment early."""


class RequestBound:
    """Remembers requests that were not answered, and tells when another one may follow.

    Times are those of `Clock.now`, which never jumps.
    """

    def __init__(self) -> None:
        self._unanswered: deque[Milliseconds] = deque(maxlen=TRIES)

    def on_answer(self) -> None:
        """Forget the requests before: the server answers."""
        self._unanswered.clear()

    def on_failure(self, now: Milliseconds) -> None:
        """Remember a request that was not answered."""
        self._unanswered.append(now)

    @property
    def earliest(self) -> Milliseconds:
        """The time before which no request may be sent; minus infinity if there is none."""
        return self._unanswered[0] + 1000 * SPAN if len(self._unanswered) == TRIES else -inf
