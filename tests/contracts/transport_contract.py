"""The contract of every `Transport`. A check gets a function that opens one to a server in a given state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal, TypeAlias

from sidflow_feedback.errors import SyncError
from sidflow_feedback.sync.deltas import AnonymizedBatch, AnonymizedDelta
from sidflow_feedback.sync.transport import Transport
from tests.contracts.samples import implicit, rating
from tests.patience import PATIENCE

ServerState: TypeAlias = Literal["up", "down", "without model"]
OpenTransport: TypeAlias = Callable[[ServerState], Transport]
Check: TypeAlias = Callable[[OpenTransport], Awaitable[None]]


async def check_each_event_is_answered(open_transport: OpenTransport) -> None:
    batch = _batch()
    response = await open_transport("up").send(batch, timeout=PATIENCE)
    assert response.status == 200
    assert response.body is not None
    assert response.body["batchId"] == batch.batch_id
    results = sorted((result["uuid"], result["status"]) for result in response.body["results"])
    assert results == sorted((delta.uuid, "accepted") for delta in batch.deltas), "the order isn't promised"


async def check_model_comes_with_its_version_and_etag(open_transport: OpenTransport) -> None:
    response = await open_transport("up").fetch_model(etag=None, timeout=PATIENCE)
    assert response.status == 200
    assert response.body is not None
    assert response.body["version"]
    assert response.headers["etag"]


async def check_known_model_is_not_sent_again(open_transport: OpenTransport) -> None:
    transport = open_transport("up")
    etag = (await transport.fetch_model(etag=None, timeout=PATIENCE)).headers["etag"]
    again = await transport.fetch_model(etag=etag, timeout=PATIENCE)
    assert (again.status, again.body) == (304, None)
    other = await transport.fetch_model(etag='"another"', timeout=PATIENCE)
    assert (other.status, other.body is None) == (200, False)


async def check_missing_model_is_answered_with_a_reason(open_transport: OpenTransport) -> None:
    response = await open_transport("without model").fetch_model(etag=None, timeout=PATIENCE)
    assert response.status == 503
    assert response.body is not None
    assert len(response.body["error"]["message"]) > 10


async def check_header_names_are_in_lower_case(open_transport: OpenTransport) -> None:
    response = await open_transport("up").fetch_model(etag=None, timeout=PATIENCE)
    assert all(name == name.lower() for name in response.headers)


async def check_lost_connection_is_an_error_without_status(open_transport: OpenTransport) -> None:
    transport = open_transport("down")
    for call in (transport.send(_batch(), timeout=PATIENCE), _model(transport)):
        error = await _error(call)
        assert "can't be reached" in str(error)
        assert error.status is None
        assert error.retry_after is None


CHECKS: Final[dict[str, Check]] = {
    name.removeprefix("check_"): check for name, check in globals().items() if name.startswith("check_")
}
"""All checks by name, in the order of this file."""


def _batch() -> AnonymizedBatch:
    deltas = [AnonymizedDelta.from_event(event) for event in (rating(), rating(), implicit())]
    return AnonymizedBatch(deltas=deltas)


def _model(transport: Transport) -> Awaitable[Any]:
    return transport.fetch_model(etag=None, timeout=PATIENCE)


async def _error(call: Awaitable[object]) -> SyncError:
    try:
        await call
    except SyncError as exc:
        return exc
    raise AssertionError("no SyncError was raised")
