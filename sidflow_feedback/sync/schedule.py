"""The sync schedule: the listener's cadence, and retries when the server does not answer."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

from sidflow_feedback.sync.request_bound import TRIES, RequestBound
from sidflow_feedback.sync.transport import MAX_RETRY_AFTER
from sidflow_feedback.types import Milliseconds, Record

FIRST_RETRY: Final = 120.0
"""Seconds before the first retry. The second retry waits twice as long."""

JITTER: Final = 1.25
"""Retries wait up to this many times as long, chosen at random."""

TICK: Final = 0.001
"""Seconds. A request that is due this soon counts as due."""

START_PAUSE: Final = 10.0
"""Seconds that an overdue request waits after the engine has started."""


@dataclass(slots=True)
class Schedule:
    """The time of the next request.

    After an answer, which can be a refusal, the next request follows one cadence later. Without an answer, a
    retry follows after 2 min and another after 4 min, both with jitter. After this third try, the batch waits
    for the next cadence, when it has three tries again.

    The pauses guarantee that a server that is down for 10 min gets at most 3 requests, at whatever moment the
    10 min begin: any 4 consecutive requests without an answer span more than 2 + 4 + 5 min, because the
    shortest cadence is 5 min. `bound` holds that for requests that `retry_now` hastens, too. ``Retry-After``
    can lengthen a pause but never shorten it.

    The schedule does not depend on what the listener does: events neither hasten nor delay a request. Nor
    does it depend on the wall clock, which can jump: its times are those of `Clock.now`.

    Attributes
    ----------
    next_time
        When the next request is due; None while sync is off.
    not_before
        The server has asked for no requests before this time.
    tries
        Number of consecutive requests that were not answered.
    cadence
        Milliseconds.
    bound
        Of the requests to a server that doesn't answer.
    """

    next_time: Milliseconds | None = None
    not_before: Milliseconds = -inf
    tries: int = 0
    cadence: Milliseconds = 0
    bound: RequestBound = field(default_factory=RequestBound)

    @classmethod
    def from_record(cls, record: Mapping[str, Any], *, epoch: Milliseconds, now: Milliseconds) -> Schedule:
        """Return the schedule that an earlier engine saved with `to_record`.

        If the wall clock was set back since, no time counts as passed. A pause longer than any that is
        planned comes from a clock that was wrong, and isn't kept.
        """
        since = max(epoch, _number(record.get("saved")))
        wait, pause = (_number(record.get(name)) - since for name in ("nextTime", "notBefore"))
        return cls(
            next_time=None if record.get("nextTime") is None else now + max(0.0, wait),
            not_before=now + pause if 0 < pause <= 1000 * MAX_RETRY_AFTER else -inf,
            tries=int(_number(record.get("tries"))),
        )

    def to_record(self, *, epoch: Milliseconds, now: Milliseconds) -> Record:
        """Return what must survive a restart, as a JSON object with times of the wall clock."""
        return {
            "nextTime": None if self.next_time is None else epoch + self.next_time - now,
            "notBefore": epoch + max(0.0, self.not_before - now),
            "tries": self.tries,
            "saved": epoch,
        }

    def start(self, cadence: float, now: Milliseconds) -> None:
        """Sync every `cadence` minutes from now on. A request that is due earlier stays so."""
        self.cadence = cadence * 60_000
        planned = self.cadence + now if self.next_time is None else self.next_time
        self._plan(min(planned, self.cadence + now))

    def resume(self, now: Milliseconds) -> None:
        """Delay an overdue request, so that the engine can start first."""
        if self.next_time is not None:
            self.next_time = max(self.next_time, now + 1000 * START_PAUSE)

    def stop(self) -> None:
        """Plan no request until `start` is called."""
        self.next_time = None

    def rest(self, now: Milliseconds) -> None:
        """Plan the next request after the server has answered: one cadence later."""
        self.tries = 0
        self.bound.clear()
        self._postpone(now + self.cadence)

    def retry(self, now: Milliseconds, retry_after: float | None) -> None:
        """Plan the next request after one without an answer: at the earliest in `retry_after` seconds."""
        self.tries += 1
        self.bound.count(now)
        self.not_before = now + 1000 * (retry_after or 0)
        pause = self.cadence if self.tries % TRIES == 0 else 1000 * _retry_pause(self.tries % TRIES)
        self._postpone(now + pause)

    def retry_now(self, now: Milliseconds) -> None:
        """Make the next request due as soon as `bound` allows if the last one was not answered."""
        if self.tries and self.next_time is not None:
            self._plan(min(self.next_time, now))

    def remaining(self, now: Milliseconds) -> float:
        """Return the seconds until the next request is due: 0 if it is due, infinity while sync is off."""
        left = inf if self.next_time is None else (self.next_time - now) / 1000
        return left if left > TICK else 0.0

    def requested_pause(self, now: Milliseconds) -> float:
        """Return the seconds that remain of the pause that the server asked for."""
        return max(0.0, (self.not_before - now) / 1000)

    def _postpone(self, time: Milliseconds) -> None:
        if self.next_time is not None:
            self._plan(time)

    def _plan(self, time: Milliseconds) -> None:
        self.next_time = max(time, self.not_before, self.bound.earliest)


def _retry_pause(tries: int) -> float:
    return FIRST_RETRY * 2.0 ** (tries - 1) * random.uniform(1, JITTER)


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
