"""`make bench-portability`: many events exported to a file and imported from it. The last line is JSON."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.bench.harness import HERE, BenchmarkError, Figures, new_profile, open_page, run

SCRIPT = (HERE / "portability_page.js").read_text("utf-8")

WIPED = """document.querySelector("#books").textContent.startsWith("0 events")
    && document.querySelector("#local-data-result").textContent.startsWith("Everything")"""


def measure(browser: Browser, url: str, *, events: int = 50_000) -> Figures:
    """Return the milliseconds of both, the page's longest task, and the longest wait for the engine."""
    with new_profile(browser) as context, tempfile.TemporaryDirectory() as folder:
        page = context.new_page()
        open_page(page, url)
        page.evaluate(SCRIPT)
        page.evaluate("events => bench.fill(events)", events)
        page.click("#tab-preferences")
        archive = Path(folder) / "archive.json"
        exported = _watched(page, "#export", "click", "Exported", lambda: _export(page, archive))
        size = archive.stat().st_size
        page.once("dialog", lambda dialog: dialog.accept())
        page.click("#wipe")
        page.wait_for_function(WIPED)
        beginning = f"{events} events imported, 0 were here"
        imported = _watched(
            page, "#import", "change", beginning, lambda: page.set_input_files("#import", archive)
        )
        page.wait_for_function(
            "text => document.querySelector('#books').textContent.startsWith(text)",
            arg=f"{events:,} events recorded: {events:,} stored, 0 undone",
        )
    return {
        "export_50k_ms": exported["ms"],
        "import_50k_ms": imported["ms"],
        "longest_task_ms": max(exported["longest"], imported["longest"]),
        "engine_longest_wait_ms": max(exported["wait"], imported["wait"]),
        "archive_mb": size / 1e6,
        "events": events,
    }


def _export(page: Page, archive: Path) -> None:
    with page.expect_download() as download:
        page.click("#export")
    download.value.save_as(archive)


def _watched(page: Page, selector: str, kind: str, result: str, work: Callable[[], None]) -> dict[str, Any]:
    page.evaluate(
        "([selector, kind, result]) => bench.watch(selector, kind, result)", [selector, kind, result]
    )
    work()
    page.wait_for_function("globalThis.benchFound")
    found: dict[str, Any] = page.evaluate("benchFound")
    if found["problem"]:
        raise BenchmarkError(found["problem"])
    return found


if __name__ == "__main__":
    run(measure, browser=True)
