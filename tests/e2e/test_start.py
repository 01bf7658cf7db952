"""The engine's start: its progress bar, and its cache, which may be damaged."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.e2e.listener import wait_for_engine
from tests.patience import wait_until
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

COMPRESS = """async () => {
    const cache = await caches.open("sidflow-snapshot");
    const [request] = await cache.keys();
    const {body} = await cache.match(request);
    const gzip = new CompressionStream("gzip");
    await cache.put(request, new Response(await new Response(body.pipeThrough(gzip)).arrayBuffer()));
}"""
"""What the page does with a snapshot when there is little room."""

CHANGE_A_BYTE = """async () => {
    const cache = await caches.open("sidflow-snapshot");
    const [request] = await cache.keys();
    const kept = await cache.match(request);
    const bytes = new Uint8Array(await kept.arrayBuffer());
    bytes[bytes.length >> 1] ^= 1;
    await cache.put(request, new Response(bytes, { headers: kept.headers }));
}"""


CHANGES = """(ticks) => new Promise((resolve) => {
    let changes = 0;
    const observer = new MutationObserver(() => changes++);
    observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
    const timer = setInterval(() => {
        if (ticks-- > 0) return;
        clearInterval(timer);
        observer.disconnect();
        resolve(changes);
    }, 250);
})"""
"""Counts how often the document changes during that many updates of the player's position."""


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


def start_again(page: Page) -> None:
    page.reload()
    wait_for_engine(page)


def test_engine_starts_from_its_snapshot(page: Page) -> None:
    size = wait_until_cached(page)
    assert size > 10_000_000
    start_again(page)
    assert page.evaluate(CACHE_SIZE) == size, "it was used, and not made again"
    page.evaluate(COMPRESS)
    compressed = page.evaluate(CACHE_SIZE)
    assert 1_000_000 < compressed < size / 2
    start_again(page)
    assert page.evaluate(CACHE_SIZE) == compressed
    page.wait_for_selector("html[data-model^=global]")


def test_engine_starts_with_a_damaged_snapshot(page: Page) -> None:
    warnings: list[str] = []
    page.on("console", lambda message: warnings.append(message.text))
    for damage in ([CHANGE_A_BYTE], [COMPRESS, CHANGE_A_BYTE]):
        wait_until_cached(page)
        for script in damage:
            page.evaluate(script)
        start_again(page)
        page.wait_for_selector("html[data-model^=global]")
    assert sum("snapshot can't be used" in text for text in warnings) == 2


def test_page_at_rest_changes_nothing(page: Page) -> None:
    """Each change would draw a frame and use the battery; a few may come from the engine."""
    wait_until_cached(page)
    wait_until(lambda: page.evaluate(CHANGES, 12) <= 4)  # At first, the engine has work to do.
