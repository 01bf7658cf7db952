"""`make bench-collection`: a folder of 60,000 tunes, indexed, searched, scrolled. The last line is JSON."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.bench.harness import HERE, PATIENCE, browsing, new_profile, open_page, percentile
from tests.collection_tree import plant

FILES = 60_000
SIZE = 4000
"""Bytes added to each tune: files of the High Voltage SID Collection have about 5,000."""

SETTLE = 3000
"""Milliseconds until a page with an engine has settled."""

SEARCHES = (
    "number",
    "hubbard 7",
    "hulsbeck number 1",
    "tune 59",
    "4",
    "daglish 1985 tune number 33",
    "galway",
)
SCRIPT = (HERE / "collection_page.js").read_text()


def main() -> None:
    """Measure, and print one JSON object."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else FILES
    with tempfile.TemporaryDirectory() as folder, browsing(high_priority=True) as (browser, url):
        tree = plant(Path(folder) / "C64Music", count, SIZE)
        print(json.dumps({"files": count, **_figures(browser, url, tree)}))


def _figures(browser: Browser, url: str, tree: Path) -> dict[str, Any]:
    with new_profile(browser) as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        open_page(page, url)
        page.wait_for_timeout(SETTLE)
        page.evaluate(SCRIPT)
        read = _with_files(page, tree, "bench.read(files)")
        before = page.evaluate("bench.workerMemory()")
        indexed = _with_files(page, tree, "bench.index(files)")
        after = page.evaluate("bench.workerMemory()")
        again = _with_files(page, tree, "bench.index(files)")
        searches = page.evaluate("words => bench.search(words)", list(SEARCHES))
        scroll = page.evaluate("bench.scroll()")
        reload = _reload(page)
    count = indexed["count"]
    return {
        "index_s": round(indexed["ms"] / 1000, 1),
        "files_per_s": round(1000 * count / indexed["ms"]),
        "read_s": round(read["ms"] / 1000, 1),
        "index_read_ratio": round(indexed["ms"] / read["ms"], 2),
        "again_s": round(again["ms"] / 1000, 1),
        "search_p50_ms": round(percentile(searches, 0.5), 1),
        "search_p99_ms": round(percentile(searches, 0.99), 1),
        "page_longest_task_ms": indexed["longest"],
        "scroll_longest_task_ms": scroll["longest"],
        "rows": scroll["rows"],
        "worker_mb": round(after - before),
        "list_after_reload_s": round(reload / 1000, 1),
    }


def _with_files(page: Page, tree: Path, script: str) -> Any:
    """Select the folder in the browser, and run `script` on its files."""
    page.set_input_files("#bench-folder", tree)
    return page.evaluate(
        f"() => {{ const {{ files }} = document.querySelector('#bench-folder'); return {script}; }}"
    )


def _reload(page: Page) -> float:
    """Return the milliseconds from the start of loading to the complete list."""
    rows = page.get_attribute("#tunes", "aria-rowcount")
    page.reload()
    page.wait_for_function(
        "rows => document.querySelector('#tunes').getAttribute('aria-rowcount') === rows", arg=rows
    )
    return float(page.evaluate("performance.now()"))


if __name__ == "__main__":
    main()
