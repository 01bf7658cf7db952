"""Playback while the engine boots, trains, flushes, syncs, and analyzes; and the cost of feature analysis."""

from __future__ import annotations

import json
import tempfile
import time
from collections import deque
from pathlib import Path

from playwright.sync_api import Browser, Page

from app.paths import paths
from tests.bench.harness import new_profile, open_page, start_python

WINDOW = 60
OWN_TUNES = 60
COPIES = 3

WATCH_DONE = """() => {
    globalThis.benchDone = "{}";
    new BroadcastChannel("bench-done").onmessage = ({ data }) => { globalThis.benchDone = data; };
}"""


def underrun_figures(browser: Browser, url: str, seconds: float) -> dict[str, float]:
    """Play while all background work runs, from the start of the page."""
    with new_profile(browser) as context, tempfile.TemporaryDirectory() as folder:
        page = context.new_page()
        page.add_init_script(f"({WATCH_DONE})()")
        page.goto(url)
        page.wait_for_selector("html[data-ui=ready]")
        page.locator("#tunes button.tune").first.click()
        page.wait_for_selector("#like:enabled")
        begun = time.monotonic()
        _add_own_tunes(page, Path(folder))
        page.click("#tab-preferences")
        for name in ("training", "sync"):
            page.check(f"[name={name}]")
        start_python(page, "page", "sid_busy.py")
        page.click("#tab-play")
        page.wait_for_selector("html[data-engine=ready]")
        booted = time.monotonic() - begun
        page.wait_for_timeout(1000 * max(0.0, seconds - booted))
        stats = json.loads(page.evaluate("JSON.stringify(window.sidPlayer.stats())"))
        done = json.loads(page.evaluate("benchDone"))
        took = time.monotonic() - begun
        analyzed = _analyzed(page)
    return {
        "underruns": stats["underruns"],
        "played_s": stats["framesPlayed"] / 44100,
        "listened_s": took,
        "engine_boot_s": booted,
        "tunes_analyzed": analyzed,
        **done,
    }


def analysis_figures(browser: Browser, url: str, seconds: int) -> dict[str, float]:
    """Return the workers' highest share of a processor in a minute while they only analyze tunes."""
    with new_profile(browser) as context, tempfile.TemporaryDirectory() as folder:
        page = context.new_page()
        open_page(page, url)
        _add_own_tunes(page, Path(folder))
        page.wait_for_timeout(10_000)  # The files are in the list, and the renderer has built its tables.
        used = deque([_workers_time(browser)], maxlen=WINDOW + 1)
        max_used, before = 0.0, _analyzed(page)
        for _ in range(seconds):
            page.wait_for_timeout(1000)
            used.append(_workers_time(browser))
            max_used = max(max_used, used[-1] - used[0])
        found = _analyzed(page) - before
    return {"analysis_share_60s": max_used / WINDOW, "analyzed_per_minute": found / seconds * 60}


def full_analysis_figures(browser: Browser, url: str, seconds: int) -> dict[str, float]:
    """Return how many tunes a minute the page analyzes while the listener lets it use all cores."""
    with new_profile(browser) as context, tempfile.TemporaryDirectory() as folder:
        page = context.new_page()
        open_page(page, url)
        _add_own_tunes(page, Path(folder))
        page.wait_for_timeout(10_000)
        page.click("#analyze-now button")
        page.wait_for_function("document.querySelector('#analyze-now progress').value > 2")
        begun, before = time.monotonic(), _analyzed(page)
        page.wait_for_timeout(1000 * seconds)
        found, took = _analyzed(page) - before, time.monotonic() - begun
    return {"page_all_cores_tunes_per_minute": found / took * 60}


def _add_own_tunes(page: Page, folder: Path) -> None:
    """Add copies of demo tunes with changed titles, which count as different files."""
    demo = sorted((paths().vendor / "tunes").glob("*.sid"))[:OWN_TUNES]
    for file in demo:
        data = bytearray(file.read_bytes())
        for copy in range(COPIES):
            data[0x16:0x1A] = f"Own{copy}".encode()
            (folder / f"{copy}-{file.name}").write_bytes(data)
    page.set_input_files("#own-file", sorted(folder.iterdir()))


def _analyzed(page: Page) -> int:
    """Return the number of analyzed tunes that the page shows."""
    return int((page.text_content("#analysis-status") or "0").split()[0].replace(",", ""))


def _workers_time(browser: Browser) -> float:
    """Return the processor time of all worker threads of all pages so far, in seconds."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return sum(
        int((thread / "schedstat").read_text().split()[0]) / 1e9
        for process in processes
        if process["type"] == "renderer"
        for thread in Path(f"/proc/{process['id']}/task").iterdir()
        if (thread / "comm").read_text().startswith("DedicatedWorker")
    )
