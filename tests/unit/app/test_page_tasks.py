"""Background work of the page that must not run twice at a time."""

from __future__ import annotations

import asyncio

from app.page.core.tasks import Refresher


class Work:
    """Takes until it is let through."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.runs = self.at_once = self.most = 0
        self.problem = ""

    async def run(self) -> None:
        self.runs += 1
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.gate.wait()
        self.at_once -= 1
        if self.problem:
            raise RuntimeError(self.problem)


async def pass_time() -> None:
    for _ in range(9):
        await asyncio.sleep(0)


def test_work_that_is_due_again_is_done_once_more_and_never_twice_at_a_time() -> None:
    async def refresh() -> Work:
        work = Work()
        refresher = Refresher(work.run)
        refresher.refresh()
        refresher.refresh()  # Before it has begun.
        await pass_time()
        assert work.runs == 1
        refresher.refresh()
        refresher.refresh()
        work.gate.set()
        await pass_time()
        return work

    work = asyncio.run(refresh())
    assert (work.runs, work.most) == (2, 1)


def test_work_that_has_failed_is_done_when_it_is_due_again() -> None:
    async def refresh() -> Work:
        work = Work()
        work.gate.set()
        work.problem = "injected"
        refresher = Refresher(work.run)
        for _ in range(2):
            refresher.refresh()
            await pass_time()
        return work

    assert asyncio.run(refresh()).runs == 2
