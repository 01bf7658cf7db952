"""When to sync: the listener's cadence, and patience with a server that does not answer."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from sidflow_feedback.types import Milliseconds, Record

TRIES: Final = 3
"""Requests for one batch before it waits for the next cadence."""

FIRST_RETRY: Final = 120.0
"""Seconds before the first retry; doubled for the second, and up to a quarter longer by chance."""

JITTER: Final = 1.25

TICK: Final = 0.001
"""Seconds: what is due so soon is due."""

START_PAUSE: Final = 10.0
"""Seconds that a sync which is overdue leaves to an engine that has just started."""


@dataclass(slots=True)
class Schedule:
    """When the next request may be made.

    An answer, also a refusal, is followed by a pause of one cadence. No answer is followed by a retry after
    2 min and another after 4 min, both with jitter; after this third try the batch waits for the next
    cadence, which has its 3 tries again. The pauses are so long for one reason: any 4 requests in a row that
    were not answered span more than 2 + 4 + 5 min, 5 min being the shortest cadence. So a server that is down
    for 10 min gets at most 3 requests, whenever the 10 min begin, although each batch has all its tries.
    ``Retry-After`` can make a pause longer, never shorter.

    Nothing here depends on what the listener does meanwhile: events neither hasten nor delay a sync.

    Attributes
    ----------
    next_time
        When the next request is due, None while sync is off.
    not_before
        Until then the server has asked to be left alone.
    tries
        Requests in a row that were not answered.
    cadence
        Milliseconds.
    """

    next_time: Milliseconds | None = None
    not_before: Milliseconds = 0
    tries: int = 0
    cadence: Milliseconds = 0

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Schedule:
        """Go on with what an earlier engine has kept by `to_record`."""
        return cls(record.get("nextTime"), record.get("notBefore") or 0, record.get("tries") or 0)

    def to_record(self) -> Record:
        """Return what must outlive the engine, as a JSON object."""
        return {"nextTime": self.next_time, "notBefore": self.not_before, "tries": self.tries}

    def start(self, cadence: float, now: Milliseconds) -> None:
        """Sync each `cadence` minutes from now on; what is due earlier stays so."""
        self.cadence = cadence * 60_000
        self._plan(min(self.next_time or self.cadence + now, self.cadence + now))

    def resume(self, now: Milliseconds) -> None:
        """Leave an engine that has just started a moment for itself, if something is due."""
        if self.next_time is not None:
            self.next_time = max(self.next_time, now + 1000 * START_PAUSE)

    def stop(self) -> None:
        """Have nothing due, until `start`."""
        self.next_time = None

    def rest(self, now: Milliseconds) -> None:
        """Wait for one cadence: the server has answered."""
        self.tries = 0
        self._put_off(now + self.cadence)

    def retry(self, now: Milliseconds, retry_after: float | None) -> None:
        """Wait as long as an unanswered request calls for, and for `retry_after` seconds at least."""
        self.tries += 1
        self.not_before = now + 1000 * (retry_after or 0)
        pause = self.cadence if self.tries % TRIES == 0 else 1000 * _retry_pause(self.tries % TRIES)
        self._put_off(now + pause)

    def hurry(self, now: Milliseconds) -> None:
        """Be due at once if the last request was not answered: the line is back."""
        if self.tries and self.next_time is not None:
            self._plan(now)

    def remaining(self, now: Milliseconds) -> float:
        """Return the seconds until the next request is due: 0 when it is, infinity while sync is off."""
        left = inf if self.next_time is None else (self.next_time - now) / 1000
        return left if left > TICK else 0.0

    def asked_pause(self, now: Milliseconds) -> float:
        """Return for how many more seconds the server has asked to be left alone."""
        return max(0.0, (self.not_before - now) / 1000)

    def _put_off(self, time: Milliseconds) -> None:
        if self.next_time is not None:
            self._plan(time)

    def _plan(self, time: Milliseconds) -> None:
        self.next_time = max(time, self.not_before)


def _retry_pause(tries: int) -> float:
    return FIRST_RETRY * 2.0 ** (tries - 1) * random.uniform(1, JITTER)
