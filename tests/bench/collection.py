"""`make bench-collection`: a folder of 60,000 tunes, indexed and shown; and as a site's collection.

The last line is JSON.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.bench.harness import HERE, Figures, new_profile, open_page, percentile, run
from tests.bench.site_collection import first_visit
from tests.collection_tree import plant

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
COLUMNS = ("title", "title", "author", "author", "year", "year", "length", "length")
"""Columns of which the head is clicked, in this order: each twice, so that it is reversed, too."""

FILTERS = (
    *(("author", "hubbard"), ("author", "galway"), ("from", "1986"), ("from", "")),
    *(("author", ""), ("chip", "8580"), ("chip", "")),
)
"""Fields of the filters, and their values. Each changes which tunes the list shows."""

SCRIPT = (HERE / "collection_page.js").read_text()


def measure(
    browser: Browser, url: str, *, files: int = 60_000, searches: int = 15, music: str = ""
) -> Figures:
    """Return the costs of indexing, of searching, filtering (each several times), sorting, and scrolling.

    Parameters
    ----------
    files
        Number of generated tunes.
    music
        A folder of tunes to use instead.
    """
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(music) if music else plant(Path(folder) / "C64Music", files, SIZE)
        return _own_music(browser, url, tree, searches) | first_visit(browser, tree)


def _own_music(browser: Browser, url: str, tree: Path, searches: int) -> Figures:
    with new_profile(browser) as context:
        page = context.new_page()
        open_page(page, url)
        page.wait_for_timeout(SETTLE)
        page.evaluate(SCRIPT)
        read = _with_files(page, tree, "bench.read(files)")
        before = page.evaluate("bench.workerMemory()")
        indexed = _with_files(page, tree, "bench.index(files)")
        after = page.evaluate("bench.workerMemory()")
        again = _with_files(page, tree, "bench.index(files)")
        found = page.evaluate("texts => bench.search(texts)", list(SEARCHES) * searches)
        sort = page.evaluate("columns => bench.sort(columns)", list(COLUMNS))
        filtered = page.evaluate("values => bench.filter(values)", list(FILTERS) * searches)
        scroll = page.evaluate("bench.scroll()")
        reload = _reload(page)
    count = indexed["count"]
    return {
        "files": count,
        "first_sign_ms": indexed["firstSign"],
        "index_s": indexed["ms"] / 1000,
        "files_per_s": 1000 * count / indexed["ms"],
        "read_s": read["ms"] / 1000,
        "index_read_ratio": indexed["ms"] / read["ms"],
        "again_s": again["ms"] / 1000,
        "search_p50_ms": percentile(found["costs"], 0.5),
        "search_p99_ms": percentile(found["costs"], 0.99),
        "search_longest_task_ms": found["longest"],
        "sort_p50_ms": percentile(sort["costs"], 0.5),
        "sort_max_ms": max(sort["costs"]),
        "sort_longest_task_ms": sort["longest"],
        "filter_p50_ms": percentile(filtered["costs"], 0.5),
        "filter_p99_ms": percentile(filtered["costs"], 0.99),
        "filter_longest_task_ms": filtered["longest"],
        "jump_p50_ms": percentile(scroll["costs"], 0.5),
        "jump_p99_ms": percentile(scroll["costs"], 0.99),
        "page_longest_task_ms": indexed["longest"],
        "scroll_longest_task_ms": scroll["longest"],
        "rows": scroll["rows"],
        "worker_mb": after - before,
        "list_after_reload_s": reload / 1000,
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
    run(measure, browser=True, high_priority=True)
