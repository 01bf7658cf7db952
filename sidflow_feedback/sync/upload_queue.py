"""The next batch: which events it has, what of them is sent, and that it stays so until it is answered."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sidflow_feedback.errors import InvalidRecordError, PrivacyError
from sidflow_feedback.events import Event
from sidflow_feedback.store import FeedbackStore, Outcome
from sidflow_feedback.sync.deltas import AnonymizedBatch, AnonymizedDelta
from sidflow_feedback.sync.privacy_budget import PrivacyBudget
from sidflow_feedback.types import Milliseconds
from sidflow_feedback.vocabulary import MAX_UPLOAD_BYTES, MAX_UPLOAD_EVENTS

BUDGET_NOTE: Final = "privacy-budget"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSettings:
    """What the listener has chosen.

    Attributes
    ----------
    enabled
        Whether anything is sent.
    cadence
        Minutes between two syncs, 5 to 1440.
    epsilon
        Privacy loss allowed for each event, 0.1 to 10; None sends values as they are.
    budget
        Sum of the epsilons of all events after which nothing more is sent.
    """

    enabled: bool = False
    cadence: float = 60
    epsilon: float | None = None
    budget: float = 100

    @classmethod
    def from_preferences(cls, values: Mapping[str, Any]) -> SyncSettings:
        """Read them from preferences that were validated."""
        epsilon = None if values["privacy"] == "off" else float(values["privacy"])
        return cls(
            enabled=values["sync"], cadence=values["cadence"], epsilon=epsilon, budget=values["budget"]
        )


class UploadQueue:
    """Makes batches of stored events.

    Parameters
    ----------
    store
        Where the events are, and the account of what noise has cost.
    base_version
        Returns the version of the global model that the listener's model is based on.
    """

    def __init__(self, store: FeedbackStore, base_version: Callable[[], str]) -> None:
        self._store = store
        self._base_version = base_version
        self._owner = str(uuid.uuid4())
        self._account: PrivacyBudget | None = None
        self._unanswered: AnonymizedBatch | None = None
        self._batch_id = str(uuid.uuid4())

    @property
    def spent(self) -> float:
        """Sum of the epsilons of all events that were sent with noise, once `account` has read it."""
        return 0.0 if self._account is None else self._account.spent

    async def account(self) -> PrivacyBudget:
        """Return what noise has cost, as it was kept."""
        if self._account is None:
            kept = await self._store.note(BUDGET_NOTE)
            if self._account is None:  # Another call may have been faster.
                self._account = PrivacyBudget() if kept is None else PrivacyBudget.from_record(kept)
        return self._account

    async def claim(self, now: Milliseconds) -> list[Event]:
        """Take the events of the batch that was not answered, else those whose turn it is."""
        if self._unanswered is not None:
            only = self._unanswered.uuids
            events = await self._store.claim(MAX_UPLOAD_EVENTS, owner=self._owner, now=now, only=only)
            if events:
                return events
            self.drop()
        return await self._store.claim(MAX_UPLOAD_EVENTS, owner=self._owner, now=now)

    async def batch_of(
        self, events: Sequence[Event], settings: SyncSettings
    ) -> tuple[AnonymizedBatch, list[Outcome]]:
        """Return the batch to send, with its noise accounted for, and what becomes of events not in it.

        Raises
        ------
        PrivacyError
            The listener's budget is spent, or noise can't be made as they asked for it.
        """
        if self._unanswered is not None:
            if {event.uuid for event in events} == {*self._unanswered.uuids}:
                return self._unanswered, []
            self.drop()
        batch, outcomes = await self._compose(events, settings)
        if settings.epsilon is not None:
            account = await self.account()
            account.charge(batch.deltas)
            await self._store.keep_note(BUDGET_NOTE, account.to_record())
        return batch, outcomes

    async def preview(self, now: Milliseconds, settings: SyncSettings) -> AnonymizedBatch:
        """Return the batch that would be sent now; claims and counts nothing.

        Raises
        ------
        PrivacyError
            As `batch_of`.
        """
        if self._unanswered is not None:
            return self._unanswered
        return (await self._compose(await self._store.due(MAX_UPLOAD_EVENTS, now=now), settings))[0]

    def hold(self, batch: AnonymizedBatch) -> None:
        """Send this batch again, as it is, until it is dropped."""
        self._unanswered = batch

    def drop(self) -> None:
        """Make a new batch next."""
        self._unanswered = None
        self._batch_id = str(uuid.uuid4())

    def settled(self, outcomes: Iterable[Outcome]) -> None:
        """Take note of events that need no further account."""
        if self._account is not None:
            self._account.release(outcome.uuid for outcome in outcomes if outcome.status != "pending")

    def forget(self) -> None:
        """Forget batch and account, which are deleted from the store."""
        self.drop()
        self._account = None

    async def _compose(
        self, events: Sequence[Event], settings: SyncSettings
    ) -> tuple[AnonymizedBatch, list[Outcome]]:
        deltas, outcomes = _anonymized(events)
        deltas = await self._protected(deltas, settings)
        version = self._base_version()
        while len(deltas) > 1 and _size(deltas, version) > MAX_UPLOAD_BYTES:
            deltas = deltas[: len(deltas) // 2]
        batch = AnonymizedBatch(base_model_version=version, deltas=deltas, batch_id=self._batch_id)
        dealt_with = {*batch.uuids, *(outcome.uuid for outcome in outcomes)}
        rest = [event for event in events if event.uuid not in dealt_with]
        return batch, outcomes + [Outcome(uuid=event.uuid, status="pending") for event in rest]

    async def _protected(
        self, deltas: list[AnonymizedDelta], settings: SyncSettings
    ) -> list[AnonymizedDelta]:
        """Perturb deltas if the listener wishes, as many as their budget allows."""
        if settings.epsilon is None:
            return deltas
        account = await self.account()
        protected = account.perturbed(deltas, settings.epsilon, settings.budget)
        if deltas and not protected:
            raise PrivacyError(
                f"Epsilon {account.spent:g} of your limit of {settings.budget:g} is spent: nothing more is "
                "sent. Raise the limit in Preferences, or leave it at that."
            )
        return protected


def _anonymized(events: Sequence[Event]) -> tuple[list[AnonymizedDelta], list[Outcome]]:
    deltas, outcomes = [], []
    for event in events:
        try:
            deltas.append(AnonymizedDelta.from_event(event))
        except InvalidRecordError as exc:
            outcomes.append(Outcome(uuid=event.uuid, status="failed", error=str(exc)))
    return deltas, outcomes


def _size(deltas: Sequence[AnonymizedDelta], base_version: str) -> int:
    return len(AnonymizedBatch(base_model_version=base_version, deltas=deltas).to_json().encode())
