"""Shifts the clock of a page and of its workers, as a system clock that is wrong, or set, does."""

from __future__ import annotations

import contextlib
import random
from typing import Final

from playwright.sync_api import Error, Page, Worker

MAX_SHIFT: Final = 10 * 365 * 24 * 3600 * 1000
"""Milliseconds."""

SHIFT = """shift => {
    globalThis.trueDate ??= Date;
    const { trueDate } = globalThis;
    globalThis.Date = class extends trueDate {
        constructor(...parts) {
            super(...(parts.length ? parts : [trueDate.now() + shift]));
        }
        static now() {
            return trueDate.now() + shift;
        }
    };
}"""


class ShiftedClock:
    """The clock of `page`, of the workers it has, and of those it will start.

    Call `shift` before the page is opened: later, it applies to what runs then.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self._shift = 0
        page.on("worker", self._set)

    def shift(self, milliseconds: int) -> None:
        """Let the clock be ahead by so much; negative values let it be slow."""
        self._shift = milliseconds
        self._page.add_init_script(f"({SHIFT})({milliseconds})")
        with contextlib.suppress(Error):  # The page is gone, or shows nothing yet.
            self._page.evaluate(SHIFT, milliseconds)
        for worker in self._page.workers:
            self._set(worker)

    def _set(self, worker: Worker) -> None:
        with contextlib.suppress(Error):  # It has ended.
            worker.evaluate(SHIFT, self._shift)


def random_shift(rng: random.Random) -> int:
    """Return up to ten years in both directions; a third of all clocks is right."""
    days = 24 * 3600 * 1000
    return rng.choice([0, rng.randint(-60 * days, 60 * days), rng.randint(-MAX_SHIFT, MAX_SHIFT)])
