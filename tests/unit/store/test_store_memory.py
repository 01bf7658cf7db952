"""The store in memory keeps the contract of all stores."""

import pytest

from sidflow_feedback.store import FeedbackStore
from sidflow_feedback.store.memory import MemoryStore
from tests.contracts.store_contract import CHECKS


async def open_store() -> FeedbackStore:
    return MemoryStore()


@pytest.mark.parametrize("name", CHECKS)
async def test_contract(name: str) -> None:
    await CHECKS[name](open_store)
