"""Idle time in the browser: the page grants the slots, over the channel."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from sidflow_feedback.clock import SystemClock
from sidflow_feedback.idle import Slot
from sidflow_feedback.vocabulary import Post, Publication

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidflow_feedback.types import Channel, IdleGrant, Milliseconds

GRANT_TIMEOUT: Final = 5.0
"""Seconds to wait for a grant before asking again: the page that received the request may have closed."""


_REMEMBERED_COSTS: Final = 32


class PageIdleClock(SystemClock):
    """An `IdleClock` whose slots come from the page's `requestIdleCallback`.

    No browser tells a thread its processor time. The cost of a slot is therefore estimated by the time that
    the messages took, without the page's wait for idle time: the lower quartile of the last 32 slots, because
    any of them may have waited for other work.

    Attributes
    ----------
    on_change
        Called after `withheld` has changed.
    """

    def __init__(self, channel: Channel) -> None:
        self.withheld: str | None = None
        self.on_change: Callable[[], None] = lambda: None
        self._channel = channel
        self._request_id = 0
        self._grant: asyncio.Future[IdleGrant] | None = None
        self._costs: deque[Milliseconds] = deque(maxlen=_REMEMBERED_COSTS)
        channel.on(Post.IDLE_GRANTED, self._on_granted)

    async def slot(self) -> Slot:
        while True:
            self._request_id += 1
            self._grant = asyncio.get_running_loop().create_future()
            asked = self.now()
            self._channel.publish(Publication.IDLE_WANTED, self._request_id)
            try:
                grant = await asyncio.wait_for(self._grant, GRANT_TIMEOUT)
            except TimeoutError:
                continue
            self._costs.append(max(0.0, self.now() - asked - grant["waited"]))
            return Slot(float(grant["milliseconds"]), sorted(self._costs)[len(self._costs) // 4])

    def _on_granted(self, grant: IdleGrant) -> None:
        # Must ignore a late answer to an earlier request: that idle time has passed.
        if self._grant is None or self._grant.done() or grant["id"] != self._request_id:
            return
        before, self.withheld = self.withheld, grant.get("withheld")
        if self.withheld is None:
            self._grant.set_result(grant)
        if self.withheld != before:
            self.on_change()
