"""`make bench-start`: from opening the page to a usable page and a ready engine. The last line is JSON.

Each round has three new profiles: in one the page is opened for the first and the second time, in one
on a slow processor, and in one, without a service worker, the peer: `loadPyodide` with numpy in a
worker, from the cache too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, BrowserType

from app.setup.chromium import chromium as executable
from tests.bench.counting_proxy import counted
from tests.bench.harness import Figures, medians, open_page, run, spread, watched
from tests.bench.smoke import BARE
from tests.browser.conftest import CHROMIUM_ARGS

SLOWDOWN = 4
"""How much slower the page's processor is in the visit on a slow machine."""

WATCH = """
    globalThis.longTasks = [];
    new PerformanceObserver(list => { longTasks.push(...list.getEntries().map(task => task.duration)); })
        .observe({ type: "longtask", buffered: true });
"""
FOUND = """() => {
    const times = Object.fromEntries(
        [...performance.getEntriesByType("mark"), ...performance.getEntriesByType("paint")]
            .map(entry => [entry.name, entry.startTime]));
    return {
        ui_ready_ms: times["ui-ready"], first_paint_ms: times["first-paint"],
        engine_ready_ms: times["engine-ready"], long_tasks: longTasks.length,
        longest_task_ms: Math.max(0, ...longTasks),
    };
}"""


def measure(browser: Browser, url: str, *, rounds: int = 5) -> Figures:
    """Return medians of the rounds, but the most long tasks of any; bytes and requests of one more visit."""
    found = [_round(browser.browser_type, url) for _ in range(rounds)]
    worst = {"long_tasks": max(figures["long_tasks"] for figures in found)}
    ranges = {"ratio_warm_range": spread(found, "ratio_warm")}
    return medians(found) | worst | ranges | _over_the_wire(browser.browser_type, url)


def _round(chromium: BrowserType, url: str) -> dict[str, float]:
    with _new_profile(chromium) as context:
        cold = _visit(context, url, stay=True)
        warm = _visit(context, url)
    with _new_profile(chromium) as context:
        slow = _visit(context, url, slowdown=SLOWDOWN)
    with _new_profile(chromium, service_workers="block") as context:
        page = context.pages[0]
        page.goto(f"{url}/static/icon.svg")
        page.evaluate(BARE, url)
        bare = page.evaluate(BARE, url)
    return {
        "ui_ready_ms": cold["ui_ready_ms"],
        "ui_ready_warm_ms": warm["ui_ready_ms"],
        "first_paint_ms": cold["first_paint_ms"],
        "first_paint_warm_ms": warm["first_paint_ms"],
        "engine_ready_cold_ms": cold["engine_ready_ms"],
        "engine_ready_warm_ms": warm["engine_ready_ms"],
        "bare_pyodide_numpy_ms": bare,
        "ratio_warm": warm["engine_ready_ms"] / bare,
        "long_tasks": cold["long_tasks"] + warm["long_tasks"],
        "slow_ui_ready_ms": slow["ui_ready_ms"],
        "slow_longest_task_ms": slow["longest_task_ms"],
    }


def _visit(context: BrowserContext, url: str, *, stay: bool = False, slowdown: float = 1) -> dict[str, float]:
    """Open the page; with `stay`, wait until the browser has cached the files for later visits."""
    page = context.new_page()
    if slowdown > 1:
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
    page.add_init_script(WATCH)
    open_page(page, url)
    found: dict[str, float] = page.evaluate(FOUND)
    if stay:
        page.wait_for_selector("html[data-offline=ready][data-start=kept]")
    page.close()
    return found


def _over_the_wire(chromium: BrowserType, url: str) -> dict[str, int]:
    """Return the bytes and requests of a first visit until the engine is ready."""
    with counted(url) as wire, _new_profile(chromium) as context:
        open_page(context.new_page(), wire.url)
        return {"bytes_before_engine": wire.received, "requests_before_engine": wire.requests}


@contextmanager
def _new_profile(
    chromium: BrowserType, *, service_workers: Literal["allow", "block"] = "allow"
) -> Iterator[BrowserContext]:
    """Yield a new profile on disk; scripts can be added to its pages."""
    with tempfile.TemporaryDirectory() as folder:
        profile = chromium.launch_persistent_context(
            folder,
            executable_path=executable(),
            args=CHROMIUM_ARGS,
            bypass_csp=True,
            service_workers=service_workers,
        )
        with watched(profile) as context:
            yield context


if __name__ == "__main__":
    run(measure, browser=True)
