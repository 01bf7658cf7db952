"""What pages are told of an export or import."""

from __future__ import annotations

import asyncio

from sidflow_feedback.engine.transfer import Transfers
from sidflow_feedback.types import TransferProgress


def test_a_page_that_comes_later_is_told_how_far_it_is_or_that_there_is_none() -> None:
    async def transfer() -> None:
        transfers = Transfers(published.append)
        transfers.announce()
        with transfers.begin() as step:
            await step("store", 1, 3)
            transfers.announce()
        transfers.announce()

    published: list[TransferProgress | None] = []
    asyncio.run(transfer())
    progress: TransferProgress = {"phase": "store", "done": 1, "total": 3}
    assert published == [None, progress, progress, None, None]
