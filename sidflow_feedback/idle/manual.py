"""Idle time for tests and simulations, in which hours pass within milliseconds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sidflow_feedback.clock import NEW_YEAR_2026, ManualClock
from sidflow_feedback.idle import Slot

if TYPE_CHECKING:
    from sidflow_feedback.types import Milliseconds


class ManualIdleClock(ManualClock):
    """An `IdleClock` whose time stands still until `advance` is called.

    Parameters
    ----------
    grant
        The length of each slot; with None, the method `grant` grants the slots one by one.
    cost
        The cost of each slot; the clock advances by it.
    every
        Seconds to wait before each slot, if `grant` is a number.
    epoch
        Wall-clock time at the start, in epoch milliseconds.
    """

    def __init__(
        self,
        *,
        grant: Milliseconds | None = None,
        cost: Milliseconds = 0.0,
        every: float = 0.02,
        epoch: Milliseconds = NEW_YEAR_2026,
    ) -> None:
        super().__init__(epoch=epoch)
        self.withheld: str | None = None
        self._slot_length = grant
        self._cost = cost
        self._every = every
        self._requests: list[asyncio.Future[Slot]] = []

    @property
    def waiting(self) -> int:
        """The number of callers that are waiting for a slot."""
        return sum(not request.done() for request in self._requests)

    async def slot(self) -> Slot:
        if self._slot_length is not None:
            await self.sleep(self._every)
            self.spend(self._cost)
            return Slot(self._slot_length, self._cost)
        request: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        self._requests.append(request)
        return await request

    async def grant(self, milliseconds: Milliseconds) -> None:
        """Grant a slot to all callers that are waiting for one, and let them use it."""
        requests, self._requests = self._requests, []
        for request in requests:
            if not request.done():
                request.set_result(Slot(milliseconds, self._cost))
        await self.settle()
