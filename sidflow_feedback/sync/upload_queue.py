"""The upload queue: turns stored events into batches, and records how each batch fared."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sidflow_feedback.clock import Clock, SteadyTime
from sidflow_feedback.errors import (
    InvalidRecordError,
    PrivacyError,
    SyncError,
    cut_message,
)
from sidflow_feedback.events import Event
from sidflow_feedback.store import MAX_PAUSE, FeedbackStore, Outcome
from sidflow_feedback.sync.bisection import Bisection
from sidflow_feedback.sync.deltas import AnonymizedBatch, AnonymizedDelta
from sidflow_feedback.sync.privacy_budget import PrivacyBudget
from sidflow_feedback.types import Record, SyncStatus
from sidflow_feedback.vocabulary import MAX_UPLOAD_BYTES

UNANSWERED_PAUSE: Final = MAX_PAUSE / 1000
"""Seconds before an event is sent again that the server did not mention, or that failed alone."""

BUDGET_NOTE: Final = "privacy-budget"

Results: TypeAlias = Mapping[str, Record]
"""The server's result for each event, by uuid."""

_STATUS_OF_RESULT: Final[Mapping[str, SyncStatus]] = {
    "accepted": "synced",
    "duplicate": "synced",
    "rejected": "failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSettings:
    """The listener's choices for sync.

    Attributes
    ----------
    enabled
        Whether anything is sent.
    cadence
        Minutes between two syncs, 5 to 1440.
    epsilon
        Privacy loss allowed for each event, 0.1 to 10. With None, values are sent without noise.
    budget
        Limit for the sum of the epsilons of all events. Nothing more is sent once it is reached.
    own_files
        Whether events of the listener's own files are sent.
    """

    enabled: bool = False
    cadence: float = 60
    epsilon: float | None = None
    budget: float = 100
    own_files: bool = False

    @classmethod
    def from_preferences(cls, values: Mapping[str, Any]) -> SyncSettings:
        """Read the settings from validated preferences."""
        epsilon = None if values["privacy"] == "off" else float(values["privacy"])
        return cls(
            enabled=values["sync"],
            cadence=values["cadence"],
            epsilon=epsilon,
            budget=values["budget"],
            own_files=values["ownFiles"],
        )


class UploadQueue:
    """Hands out stored events as anonymized batches, one at a time.

    A batch that got no answer is handed out again unchanged, with the same id, until it is answered or
    dropped. After a restart, its events go into a new batch.

    Parameters
    ----------
    store
        Holds the events and the privacy budget.
    clock
        Tells when events are due.
    """

    def __init__(self, store: FeedbackStore, clock: Clock) -> None:
        self._store = store
        self._time = SteadyTime(clock)
        self._bisection = Bisection()
        self._owner = str(uuid.uuid4())
        self._budget: PrivacyBudget | None = None
        self._unanswered: AnonymizedBatch | None = None
        self._batch_id = str(uuid.uuid4())

    @property
    def spent(self) -> float:
        """Sum of the epsilons of all events that were sent with noise; 0 until the budget has been read."""
        return 0.0 if self._budget is None else self._budget.spent

    async def read_budget(self) -> PrivacyBudget:
        """Return the privacy budget, which is read from the store the first time.

        Raises
        ------
        PrivacyError
            The stored budget is damaged.
        """
        if self._budget is None:
            kept = await self._store.note(BUDGET_NOTE)
            if self._budget is None:  # Another call may have read it in the meantime.
                self._budget = PrivacyBudget() if kept is None else PrivacyBudget.from_record(kept)
        return self._budget

    async def next_batch(self, settings: SyncSettings) -> AnonymizedBatch | None:
        """Claim events that are due and return them as a batch to send; None if nothing is due.

        The noise of the batch is charged to the budget before the batch is returned. Events that can't be
        sent become failed, and events that don't fit in go back to pending.

        Raises
        ------
        PrivacyError
            The budget is spent, or the noise can't be generated with these settings. All events go back to
            pending.
        StoreError
            The store refused an operation.
        """
        while events := await self._claim(settings):
            if self._unanswered is not None:
                return self._unanswered
            try:
                batch, outcomes = await self._compose(events, settings)
                if settings.epsilon is not None:
                    budget = await self.read_budget()
                    budget.charge(batch.deltas)
                    await self._store.keep_note(BUDGET_NOTE, budget.to_record())
            except Exception as exc:  # Whatever it is, the events must not stay claimed.
                await self._settle([_retry(event.uuid, str(exc)) for event in events])
                raise
            await self._settle(outcomes)
            if batch.deltas:
                if batch.batch_id == self._batch_id:  # Otherwise it was dropped while it was composed.
                    self._unanswered = batch
                return batch
        return None

    async def resolve(self, batch: AnonymizedBatch, results: Results | SyncError) -> list[str]:
        """Record how a batch fared; return the uuids of the events that the server has taken.

        Parameters
        ----------
        results
            The server's answer, or the error that occurred instead. It returns the events to pending, to be
            sent again; `Bisection` says in which batch, and whether an event that was alone in it fails.

        Raises
        ------
        StoreError
            The store refused the outcomes.
        """
        if isinstance(results, SyncError):
            outcomes = self._outcomes_of_failure(batch, results)
        else:
            self.drop()
            self._bisection.on_taken(batch.uuids)
            outcomes = [self._outcome(name, results.get(name.lower(), {})) for name in batch.uuids]
        await self._settle(outcomes)
        return [outcome.uuid for outcome in outcomes if outcome.status == "synced"]

    async def preview(self, settings: SyncSettings) -> AnonymizedBatch | None:
        """Return the batch that `next_batch` would return now, without claiming or charging anything.

        Raises
        ------
        PrivacyError
            As `next_batch`.
        """
        if self._unanswered is not None:
            return self._unanswered
        batch, _ = await self._compose(await self._choose(settings), settings)
        return batch if batch.deltas else None

    def drop(self) -> None:
        """Never hand out the current batch again; its events go into a new one."""
        self._unanswered = None
        self._batch_id = str(uuid.uuid4())

    def forget(self) -> None:
        """Forget the batch and the budget, after both were deleted from the store."""
        self.drop()
        self._budget = None

    async def _claim(self, settings: SyncSettings) -> list[Event]:
        """Claim the events of the unanswered batch if there is one; otherwise claim events that are due."""
        if self._unanswered is not None:
            uuids = self._unanswered.uuids
            events = await self._claim_due(settings, only=uuids)
            if {event.uuid for event in events} != {*uuids}:
                self.drop()
            if events:
                return events
        if self._bisection.held:
            chosen = await self._choose(settings)
            return await self._claim_due(settings, only=[event.uuid for event in chosen])
        return await self._claim_due(settings)

    async def _claim_due(self, settings: SyncSettings, only: Sequence[str] | None = None) -> list[Event]:
        return await self._store.claim(
            self._bisection.limit if only is None else len(only),
            owner=self._owner,
            now=self._time.epoch(),
            own=settings.own_files,
            only=only,
        )

    async def _choose(self, settings: SyncSettings) -> list[Event]:
        """Return the events to send next, without claiming them."""
        limit = self._bisection.limit + self._bisection.held
        due = await self._store.due(limit, now=self._time.epoch(), own=settings.own_files)
        return self._bisection.choose(due)

    async def _compose(
        self, events: Sequence[Event], settings: SyncSettings
    ) -> tuple[AnonymizedBatch, list[Outcome]]:
        """Return a batch of these events, and the outcomes of those that are not in it."""
        batch_id = self._batch_id  # Must be read first: `drop` may be called while this method waits.
        deltas, outcomes = _anonymize(events)
        deltas = await self._perturb(deltas, settings)
        while len(deltas) > 1 and _size(deltas) > MAX_UPLOAD_BYTES:
            deltas = deltas[: len(deltas) // 2]
        batch = AnonymizedBatch(deltas=deltas, batch_id=batch_id)
        done = {*batch.uuids, *(outcome.uuid for outcome in outcomes)}
        rest = [Outcome(uuid=event.uuid, status="pending") for event in events if event.uuid not in done]
        return batch, outcomes + rest

    async def _perturb(self, deltas: list[AnonymizedDelta], settings: SyncSettings) -> list[AnonymizedDelta]:
        """Add noise if the listener wants it, to as many deltas as the budget allows."""
        if settings.epsilon is None:
            return deltas
        budget = await self.read_budget()
        perturbed = budget.perturb(deltas, settings.epsilon, settings.budget)
        if deltas and not perturbed:
            raise PrivacyError(
                f"Nothing more is sent: epsilon {budget.spent:g} of your limit of {settings.budget:g} is "
                "spent. To send more, raise the limit in Preferences."
            )
        return perturbed

    def _outcomes_of_failure(self, batch: AnonymizedBatch, error: SyncError) -> list[Outcome]:
        """Return the outcomes of events whose batch wasn't taken; decide what becomes of the batch."""
        verdict = self._bisection.on_failure(batch.uuids, error)
        if verdict != "repeat":
            self.drop()
        status: SyncStatus = "failed" if verdict == "fail" else "pending"
        next_try = self._time.epoch() + UNANSWERED_PAUSE * 1000 if verdict == "hold" else 0
        return [
            Outcome(uuid=name, status=status, error=str(error), next_try=next_try) for name in batch.uuids
        ]

    def _outcome(self, name: str, result: Record) -> Outcome:
        status = _STATUS_OF_RESULT.get(str(result.get("status")))
        if status is not None:
            reason = result.get("reason")
            return Outcome(uuid=name, status=status, error=None if reason is None else cut_message(reason))
        next_try = self._time.epoch() + UNANSWERED_PAUSE * 1000
        error = "The server's answer did not mention this event."
        return Outcome(uuid=name, status="pending", error=error, next_try=next_try)

    async def _settle(self, outcomes: Sequence[Outcome]) -> None:
        if not outcomes:
            return
        await self._store.settle(outcomes, owner=self._owner, now=self._time.epoch())
        if self._budget is not None:
            self._budget.release(outcome.uuid for outcome in outcomes if outcome.status != "pending")


def _anonymize(events: Sequence[Event]) -> tuple[list[AnonymizedDelta], list[Outcome]]:
    """Return the deltas of these events, and the outcomes of events that must not or can't be sent."""
    deltas, outcomes = [], []
    for event in events:
        try:
            delta = AnonymizedDelta.from_event(event)
            AnonymizedBatch(deltas=[delta]).to_json().encode()  # In the batch, it would fail all others.
        except (InvalidRecordError, AttributeError, TypeError, ValueError) as exc:
            reason = str(exc) if isinstance(exc, InvalidRecordError) else f"can't be sent: {exc}"
            outcomes.append(Outcome(uuid=event.uuid, status="failed", error=cut_message(reason)))
        else:
            deltas.append(delta)
    return deltas, outcomes


def _retry(name: str, error: str) -> Outcome:
    return Outcome(uuid=name, status="pending", error=error)


def _size(deltas: Sequence[AnonymizedDelta]) -> int:
    return len(AnonymizedBatch(deltas=deltas).to_json().encode())
