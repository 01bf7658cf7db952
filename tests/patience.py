"""How long tests wait for something that must happen.

A test that waits isn't a benchmark: it fails when the thing doesn't happen, not when it takes long. So all
tests wait equally long, far longer than anything takes on a processor half as fast as that of a small laptop,
with four busy loops beside it. The wait costs nothing where the thing happens; where it doesn't, the test has
failed anyway. How long things take is measured in `tests/bench`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext

PATIENCE: Final = 300.0
"""Seconds."""

PATIENCE_MS: Final = 1000 * PATIENCE
"""The same for Playwright, which counts milliseconds."""


def patient(context: BrowserContext) -> BrowserContext:
    """Return the context, whose pages now wait for so long; Playwright's own limit is 30 s."""
    context.set_default_timeout(PATIENCE_MS)
    return context


def wait_until(condition: Callable[[], object], *, pause: float = 0.02) -> None:
    """Wait until `condition` returns something true, asking every `pause` seconds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"not so after {PATIENCE:.0f} s"
        time.sleep(pause)
