"""A first visit to a site with a collection; `collection.py` has the command."""

from __future__ import annotations

import gzip
import json
import tempfile
import time
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

from playwright.sync_api import Browser

from tests.bench.harness import Figures, new_profile
from tests.served import serve

POLL: Final = 0.5
"""Seconds between two questions whether the collection is published."""

SEARCH = """(text) => {
    const found = () => document.querySelector("#tunes").getAttribute("aria-rowcount") === "2";
    const field = document.querySelector("#search");
    const usable = performance.getEntriesByName("ui-ready")[0].startTime;
    const tasks = [];
    const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries()));
    observer.observe({ type: "longtask", buffered: true });
    field.value = text;
    field.dispatchEvent(new Event("input"));
    return new Promise((resolve) => {
        const check = () => {
            if (!found()) return requestAnimationFrame(check);
            const since = tasks.filter(({ startTime }) => startTime > usable).map(({ duration }) => duration);
            resolve({ ms: performance.now() - usable, longest: Math.max(0, ...since) });
        };
        check();
    });
}"""


def first_visit(browser: Browser, tree: Path) -> Figures:
    """Return how long the search for the last tune of a site's collection takes, and what is transferred.

    Its path is typed as soon as the page is usable. Milliseconds count from then.
    """
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder), "--collection", str(tree)) as served:
        begun = time.monotonic()
        info = _published(served.url)
        publishing = time.monotonic() - begun
        sizes = {kind: len(_fetch(f"{served.url}/{info[kind]}")) for kind in ("catalog", "md5")}
        catalog = json.loads(gzip.decompress(_fetch(f"{served.url}/{info['catalog']}")))
        with new_profile(browser) as context:
            page = context.new_page()
            page.goto(served.url)
            page.wait_for_selector("html[data-ui=ready]")
            found = page.evaluate(SEARCH, f"{catalog['folders'][-1]}/{catalog['files'][-1]}")
    return {
        "site_tunes": info["tunes"],
        "site_publish_s": publishing,
        "site_searchable_ms": found["ms"],
        "site_longest_task_ms": found["longest"],
        "site_catalog_mb": sizes["catalog"] / 1e6,
        "site_list_mb": sum(sizes.values()) / 1e6,
    }


def _published(url: str) -> dict[str, Any]:
    """Wait until the server has a collection; return its `CollectionInfo`."""
    while True:
        info: dict[str, Any] = json.loads(gzip.decompress(_fetch(f"{url}/api/collection")))
        if info["catalog"]:
            return info
        time.sleep(POLL)


def _fetch(url: str) -> bytes:
    """Return what a browser gets over the wire."""
    with urlopen(Request(url, headers={"Accept-Encoding": "gzip"})) as answer:
        data: bytes = answer.read()
    return data
