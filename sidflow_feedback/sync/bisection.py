"""The search for the event because of which the server refuses a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from sidflow_feedback.errors import SyncError
from sidflow_feedback.events import Event
from sidflow_feedback.sync.request_bound import TRIES
from sidflow_feedback.sync.transport import BATCH_REUSED, FAULTS
from sidflow_feedback.vocabulary import MAX_UPLOAD_EVENTS

TRIES_WHOLE: Final = 2 * TRIES
"""Failures of a batch after which it is halved, even if the answers don't blame what is in it."""

TRIES_ALONE: Final = 2
"""Failures of an event alone after which it counts as failed, if our server fails and has taken others."""

MAX_SUSPECTS: Final = 10
"""Events that fail alone one after another. Beyond that, it is the server that is at fault."""

SPLITTING: Final = (400, 413)
"""HTTP statuses that blame the batch, whoever answers: there is no use in repeating it as it is."""

_TOO_MANY_REQUESTS: Final = 429

Verdict: TypeAlias = Literal["repeat", "regroup", "hold", "fail"]
"""What to do with the events of a batch that failed: send it again unchanged; send them in another batch;
send this event alone, after all others; or never again."""


class Bisection:
    """Halves batches that fail until the event at fault is alone, so that it holds up no other event.

    An event is at fault if our own server says so. If it only fails, or if something in between refuses it,
    the event is held back: it is sent alone after all others. It fails for good if it is our server that
    fails, and if that has taken other events since.

    Attributes
    ----------
    limit
        Maximum number of events in the next batch.
    """

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self.limit = MAX_UPLOAD_EVENTS
        self._failures = 0
        self._unsearched = 0
        self._suspects: dict[str, int] = {}
        self._others_taken = False
        self._failed_in_a_row = 0

    @property
    def held(self) -> int:
        """Number of events that are held back."""
        return len(self._suspects)

    def choose(self, events: Sequence[Event]) -> list[Event]:
        """Return which of the events that are due to send next, at most `limit`."""
        others = [event for event in events if event.uuid not in self._suspects]
        return others[: self.limit] or list(events[:1])

    def on_taken(self, uuids: Sequence[str]) -> None:
        """Take note that the server has answered for each of these events."""
        for uuid in uuids:
            self._suspects.pop(uuid, None)
        self._failures = self._failed_in_a_row = 0
        self._others_taken = True
        self._unsearched = max(0, self._unsearched - len(uuids))
        if not self._unsearched:
            self.limit = min(MAX_UPLOAD_EVENTS, 2 * self.limit)

    def on_failure(self, uuids: Sequence[str], error: SyncError) -> Verdict:
        """Return what to do with the events of a batch that was answered with an error."""
        if error.status is None or error.status == _TOO_MANY_REQUESTS:
            return "repeat"
        if error.code == BATCH_REUSED:
            return "regroup"
        self._failures += 1
        blamed = error.code in FAULTS or error.status in SPLITTING
        if not blamed and self.limit == MAX_UPLOAD_EVENTS and self._failures < TRIES_WHOLE:
            return "repeat"
        self._failures = 0
        if not self._unsearched and uuids[0] not in self._suspects:  # A search begins.
            self._unsearched, self._others_taken = len(uuids), False
        if len(uuids) > 1:
            self.limit = len(uuids) // 2
            return "regroup"
        self._unsearched, self.limit = 0, 1
        return self._on_alone(uuids[0], error)

    def _on_alone(self, uuid: str, error: SyncError) -> Verdict:
        self._failed_in_a_row += 1
        tries = self._suspects.pop(uuid, 0) + 1
        if error.code in FAULTS or (error.code and self._others_taken and tries >= TRIES_ALONE):
            return "fail"
        self._suspects[uuid] = tries  # At the end, so that each has its turn.
        if self._failed_in_a_row >= MAX_SUSPECTS:
            self._reset()
        return "hold"
