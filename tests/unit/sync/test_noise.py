"""Sync with noise: an event is charged once, before it is sent, and is always sent with the same values."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from sidflow_feedback.engine.archive import export_archive
from sidflow_feedback.errors import PrivacyError, SyncError
from sidflow_feedback.events import Event
from sidflow_feedback.sync.deltas import AnonymizedBatch
from sidflow_feedback.sync.privacy_budget import PrivacyBudget
from sidflow_feedback.sync.transport import Response
from sidflow_feedback.sync.transport.memory import accept_all
from sidflow_feedback.sync.upload_queue import BUDGET_NOTE, SyncSettings
from tests.contracts.samples import NOON, implicit, rating
from tests.unit.sync.sharing import HOUR, Listener, answer, listener

__all__ = ["listener"]

NOISY = SyncSettings(enabled=True, epsilon=2, budget=100)


@pytest.fixture
async def noisy(listener: Listener) -> Listener:
    """A listener who shares with noise."""
    listener.sync.configure(NOISY)
    await listener.clock.settle()
    return listener


async def restart(listener: Listener, settings: SyncSettings = NOISY) -> None:
    await listener.sync.aclose()
    listener.sync = listener.client()
    listener.sync.configure(settings)
    await listener.clock.settle()


async def account(listener: Listener) -> dict[str, Any]:
    return await listener.store.note(BUDGET_NOTE) or {}


def values(batch: AnonymizedBatch) -> dict[str, Any]:
    return {delta.uuid: (delta.ratings or delta.action, delta.epsilon) for delta in batch.deltas}


async def test_values_are_perturbed_and_sent_with_their_epsilon(noisy: Listener) -> None:
    events: list[Event] = [rating() for _ in range(20)]
    events += [implicit() for _ in range(20)]
    await noisy.does(*events)
    await noisy.sync.sync_now()
    body = json.loads(noisy.requests[0].to_json())
    assert {record["epsilon"] for record in body["ratings"] + body["implicit"]} == {2}
    assert any(record["ratings"] != {"e": 4, "m": 2} for record in body["ratings"])
    assert any(record["action"] != "like" for record in body["implicit"])
    assert noisy.sync.state.spent == 80


async def test_events_are_counted_before_they_are_sent(noisy: Listener) -> None:
    await noisy.rates(3)
    counted: list[Any] = []

    def serve(batch: AnonymizedBatch) -> Response:
        counted.append(noisy.store._notes[BUDGET_NOTE]["spent"])
        return accept_all(batch)

    noisy.serve = serve
    await noisy.sync.sync_now()
    assert counted == [6]


async def test_retries_and_restarts_send_the_same_values_and_cost_nothing_more(noisy: Listener) -> None:
    await noisy.rates(10)
    noisy.serve = answer(503)
    await noisy.clock.advance(HOUR + 600)
    await restart(noisy)
    await noisy.clock.advance(2 * HOUR)
    await restart(noisy, replace(NOISY, epsilon=4))  # It holds for events that were not tried yet.
    noisy.serve = accept_all
    await noisy.clock.advance(2 * HOUR)
    assert len(noisy.requests) > 5
    assert len({batch.batch_id for batch in noisy.requests}) >= 3
    for batch in noisy.requests:
        assert values(batch) == values(noisy.requests[0])
    assert (await noisy.counts())["synced"] == 10
    assert noisy.sync.state.spent == 20
    await noisy.rates(1)
    await noisy.sync.sync_now()
    assert noisy.sync.state.spent == 24
    assert (await account(noisy))["charged"] != {}
    await restart(noisy)
    assert noisy.sync.state.spent == 24


async def test_budget_stops_sending_and_says_so(listener: Listener) -> None:
    listener.sync.configure(replace(NOISY, budget=11))
    await listener.rates(8)
    with pytest.raises(PrivacyError, match="Nothing more is sent: epsilon 10 of your limit of 11 is spent"):
        await listener.sync.sync_now()
    assert [len(batch.deltas) for batch in listener.requests] == [5]
    assert await listener.counts() == {"pending": 3, "processing": 0, "synced": 5, "failed": 0}
    await listener.clock.advance(5 * HOUR)
    assert len(listener.requests) == 1
    assert "is spent" in str(listener.sync.state.last_error)
    with pytest.raises(PrivacyError, match="is spent"):
        await listener.sync.next_payload()
    listener.sync.configure(replace(NOISY, budget=100))
    assert await listener.sync.sync_now() == 3
    assert listener.sync.state.spent == 16


async def test_spent_budget_does_not_block_events_already_charged(listener: Listener) -> None:
    settings = replace(NOISY, budget=20)
    listener.sync.configure(settings)
    await listener.rates(10)
    listener.serve = answer(503)
    with pytest.raises(SyncError):
        await listener.sync.sync_now()
    await restart(listener, settings)
    listener.serve = accept_all
    assert await listener.sync.sync_now() == 10
    assert listener.sync.state.spent == 20


async def test_preview_charges_nothing_and_equals_the_next_request(noisy: Listener) -> None:
    await noisy.rates(5)
    shown = await noisy.sync.next_payload()
    assert noisy.sync.state.spent == 0
    await noisy.sync.sync_now()
    assert noisy.requests[0].to_json() == shown


async def test_values_without_noise_are_not_sent_again_once_noise_is_on(listener: Listener) -> None:
    listener.sync.configure(replace(NOISY, epsilon=None))
    await listener.rates(30)
    listener.serve = answer(503)
    with pytest.raises(SyncError):
        await listener.sync.sync_now()
    listener.sync.configure(NOISY)
    listener.serve = accept_all
    await listener.sync.sync_now()
    first, second = listener.requests
    assert {delta.epsilon for delta in first.deltas} == {None}
    assert {delta.epsilon for delta in second.deltas} == {2}
    assert first.batch_id != second.batch_id


@pytest.mark.parametrize(
    "changes",
    [{"epsilon": 0}, {"epsilon": 11}, {"epsilon": math.nan}, {"epsilon": "2"}, {"budget": -1}]
    + [{"budget": value} for value in (math.nan, math.inf, "100", None)],
)
async def test_nothing_is_sent_with_invalid_settings(listener: Listener, changes: Any) -> None:
    listener.sync.configure(replace(NOISY, **changes))
    await listener.rates(3)
    with pytest.raises(PrivacyError, match="Nothing is sent"):
        await listener.sync.sync_now()
    await listener.clock.advance(5 * HOUR)
    assert listener.requests == []
    assert (await listener.counts())["pending"] == 3


@pytest.mark.parametrize("kept", [{}, {"key": "ab", "spent": None, "charged": {}}, {"key": "x"}])
async def test_nothing_is_sent_if_the_budget_is_damaged(listener: Listener, kept: Any) -> None:
    await listener.store.keep_note(BUDGET_NOTE, kept)
    listener.sync.configure(NOISY)
    await listener.rates()
    with pytest.raises(PrivacyError, match="damaged, so nothing is sent"):
        await listener.sync.sync_now()
    assert listener.requests == []


async def test_nothing_is_sent_if_the_budget_cannot_be_stored(noisy: Listener) -> None:
    await noisy.rates()

    async def full(*_given: object) -> None:
        raise PrivacyError("the disk is full")

    noisy.store.keep_note = full  # type: ignore[method-assign, assignment]
    with pytest.raises(PrivacyError, match="full"):
        await noisy.sync.sync_now()
    assert noisy.requests == []
    assert (await noisy.counts())["pending"] == 1


async def test_key_is_never_sent_and_is_deleted_with_everything_else(noisy: Listener) -> None:
    await noisy.rates(3)
    await noisy.sync.sync_now()
    key = (await account(noisy))["key"]
    assert len(bytes.fromhex(key)) == 32
    assert all(key not in batch.to_json() for batch in noisy.requests)
    assert key not in "".join(await export_archive(noisy.store, now=NOON))
    assert key not in repr(PrivacyBudget.from_record(await account(noisy)))
    async with noisy.sync.forgetting():
        await noisy.store.wipe()
    assert noisy.sync.state.spent == 0
    await noisy.rates(1)
    await noisy.sync.sync_now()
    assert (await account(noisy))["key"] != key
    assert noisy.sync.state.spent == 2
