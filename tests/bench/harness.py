"""Shared by the benchmarks: the served page in a real browser, and figures that its Python posts."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app.setup.chromium import chromium
from tests.browser.conftest import CHROMIUM_ARGS
from tests.served import serve

HERE = Path(__file__).parent
PATIENCE = 300_000
"""Milliseconds to wait for figures, enough on a busy machine."""

CONFIGURATION = {
    "interpreter": "/sidflow_feedback/engine/boot/interpreter.js",
    "sync_main_only": True,
    "js_modules": {
        "worker": {
            "/sidflow_feedback/store/indexeddb.js": "feedback_store",
            "/static/js/sid/excerpt.js": "sid_excerpt",
        }
    },
}
WORKER = {"worker": "", "name": "bench", "config": json.dumps(CONFIGURATION)}
"""Attributes of a script that runs in a separate Pyodide, started as the engine is."""

RUN_SCRIPT = """([type, attributes, text]) => {
    const script = document.createElement("script");
    script.type = type;
    for (const [name, value] of Object.entries(attributes)) script.setAttribute(name, value);
    script.textContent = text;
    document.body.append(script);
}"""


@contextmanager
def browsing(*, high_priority: bool = False) -> Iterator[tuple[Browser, str]]:
    """Serve the application; yield a browser and the address.

    With `high_priority`, processes get a higher priority if the system permits it (root): other work on the
    machine would distort short measurements. The browser's processes inherit the priority.
    """
    with (
        _priority(-10 if high_priority else 0),
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder)) as served,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGS)
        yield browser, served.url
        browser.close()


@contextmanager
def _priority(change: int) -> Iterator[None]:
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    with contextlib.suppress(OSError):
        os.nice(change)
    yield
    os.setpriority(os.PRIO_PROCESS, 0, usual)


def new_profile(browser: Browser) -> BrowserContext:
    """Return a new profile in which scripts can be added to pages despite their content security policy."""
    return browser.new_context(bypass_csp=True)


def open_page(page: Page, url: str) -> None:
    """Open the page and wait for its engine."""
    page.goto(url)
    page.wait_for_selector("html[data-engine=ready]", timeout=PATIENCE)


def figures(page: Page, kind: str, attributes: dict[str, str], script: str) -> dict[str, Any]:
    """Run a script in the Python of the page or of a worker; it posts its figures on a channel."""
    page.evaluate(
        "() => { globalThis.figures = null;"
        " new BroadcastChannel('bench').onmessage = event => { globalThis.figures = event.data; }; }"
    )
    page.evaluate(RUN_SCRIPT, [kind, attributes, script])
    page.wait_for_function("globalThis.figures", timeout=PATIENCE)
    found: dict[str, Any] = json.loads(page.evaluate("globalThis.figures"))
    return found


def percentile(costs: Sequence[float], share: float) -> float:
    """Return the cost that `share` of the costs do not exceed."""
    return sorted(costs)[min(len(costs) - 1, int(len(costs) * share))]


def medians(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure over the rounds."""
    return {name: median(figures[name] for figures in rounds) for name in rounds[0]}


def spread(rounds: Sequence[dict[str, float]], name: str) -> list[float]:
    """Return the minimum and the maximum of one figure over the rounds."""
    values = [round(figures[name], 3) for figures in rounds]
    return [min(values), max(values)]
