"""The transport without a network keeps the contract of all transports."""

import pytest

from sidflow_feedback.sync.deltas import AnonymizedBatch
from sidflow_feedback.sync.transport import Response
from sidflow_feedback.sync.transport.memory import MemoryTransport
from tests.contracts.transport_contract import CHECKS, ServerState


def open_transport(state: ServerState) -> MemoryTransport:
    transport = MemoryTransport(model=None if state == "without model" else {"version": "global-1"})
    transport.online = state != "down"
    return transport


@pytest.mark.parametrize("name", CHECKS)
async def test_contract(name: str) -> None:
    await CHECKS[name](open_transport)


async def test_sent_batches_are_recorded() -> None:
    transport = MemoryTransport(server=lambda _batch: Response(418))
    batch = AnonymizedBatch(deltas=[])
    assert (await transport.send(batch, timeout=1)).status == 418
    assert transport.sent == [batch]
