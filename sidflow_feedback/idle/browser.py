"""Idle time in the browser: the page grants it, over the channel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from js import performance

from sidflow_feedback.engine.page_channel import PageChannel
from sidflow_feedback.types import Milliseconds, Record
from sidflow_feedback.vocabulary import Post, Publication

PATIENCE: Final = 5.0
"""Seconds to wait for a grant before asking again: the page that was asked may be gone."""


class PageIdle:
    """An `IdleClock` whose slots come from the page's `requestIdleCallback`.

    Attributes
    ----------
    on_change
        Called after `withheld` has changed.
    """

    def __init__(self, channel: PageChannel) -> None:
        self.withheld: str | None = None
        self.on_change: Callable[[], None] = lambda: None
        self._channel = channel
        self._asked = 0
        self._grant: asyncio.Future[Milliseconds] | None = None
        channel.on(Post.IDLE_GRANTED, self._granted)

    def now(self) -> Milliseconds:
        return float(performance.now())

    async def slot(self) -> Milliseconds:
        while True:
            self._asked += 1
            self._grant = asyncio.get_running_loop().create_future()
            self._channel.publish(Publication.IDLE_WANTED, self._asked)
            try:
                return await asyncio.wait_for(self._grant, PATIENCE)
            except TimeoutError:
                continue

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def _granted(self, grant: Record) -> None:
        # A late answer to an earlier question is worth nothing: its idle time is over.
        if self._grant is None or self._grant.done() or grant["id"] != self._asked:
            return
        before, self.withheld = self.withheld, grant.get("withheld")
        if self.withheld is None:
            self._grant.set_result(float(grant["milliseconds"]))
        if self.withheld != before:
            self.on_change()
