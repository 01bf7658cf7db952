"""The engine's start: its progress bar, and its cache, which may be damaged."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.e2e.listener import wait_for_engine
from tests.served import Served

WATCH = """() => {
    globalThis.shown = [];
    const look = () => {
        const bar = document.querySelector("#engine-start");
        if (bar && bar.checkVisibility() && shown.at(-1) !== bar.value) shown.push(bar.value);
        requestAnimationFrame(look);
    };
    look();
    globalThis.published = [];
    new BroadcastChannel("sidflow-feedback").onmessage = ({ data: { type, json } }) => {
        if (type === "boot-progress") published.push(json);
    };
}"""

CACHE_SIZE = """async () => {
    const cache = await caches.open("sidflow-snapshot");
    const [request] = await cache.keys();
    return request ? (await (await cache.match(request)).arrayBuffer()).byteLength : 0;
}"""

DAMAGE = """async (whole) => {
    const cache = await caches.open("sidflow-snapshot");
    const [request] = await cache.keys();
    const garbage = new Blob([new Uint8Array(100000).fill(7)]).stream();
    const gzipped = await new Response(garbage.pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
    await cache.put(request, new Response(whole ? gzipped : gzipped.slice(0, 50)));
}"""


@pytest.fixture
def page(context: BrowserContext, served: Served) -> Page:
    page = context.new_page()
    page.add_init_script(f"({WATCH})()")
    page.goto(served.url)
    wait_for_engine(page)
    return page


def wait_until_cached(page: Page) -> int:
    page.wait_for_selector("html[data-start=kept]", state="attached")
    size: int = page.evaluate(CACHE_SIZE)
    return size


def test_progress_bar_grows_while_the_engine_starts_and_disappears(page: Page) -> None:
    page.wait_for_selector("#engine-start", state="hidden")
    shown = page.evaluate("shown")
    assert shown == sorted(shown)
    assert len(shown) > 2
    assert shown[-1] > 0.5
    reports = page.evaluate("published")
    assert len(reports) == len(set(reports)), "no progress is reported twice"


def test_engine_starts_with_a_damaged_start_cache(page: Page) -> None:
    size = wait_until_cached(page)
    assert size > 1_000_000
    page.reload()
    wait_for_engine(page)
    assert page.evaluate(CACHE_SIZE) == size, "the cache was used"
    for complete in (True, False):
        page.evaluate(DAMAGE, complete)
        page.reload()
        wait_for_engine(page)
    page.wait_for_selector("html[data-model^=global]")
