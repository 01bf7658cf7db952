"""Offline: after the first visit the page starts, plays, records, and trains without a network."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page

from app.paths import paths
from app.server.application import create_app
from app.server.settings import Settings
from tests.e2e.listener import (
    OFFLINE_READY,
    WITHOUT_ENGINE,
    play,
    rows,
    wait_for_count,
    wait_for_engine,
    wait_for_text,
    wait_until_playing,
)
from tests.e2e.training_listener import MIN_RATED, rate_and_train
from tests.patience import wait_until
from tests.served import Served, serve
from tests.server.conftest import running

EDIT = "\n// edited\n"


class Server:
    """A server that can stop and start again at the same address."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self.served = self.start()

    def start(self, port: int = 0) -> Served:
        self.served = self._stack.enter_context(serve(self._folder, port=port))
        return self.served

    def stop(self) -> None:
        self.served.process.kill()
        self.served.process.wait()

    def come_back(self) -> None:
        self.start(int(self.served.url.rpartition(":")[2]))

    def events(self) -> set[str]:
        with closing(sqlite3.connect(self.served.database)) as database:
            return {uuid for (uuid,) in database.execute("SELECT uuid FROM events")}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with ExitStack() as stack:
        yield Server(tmp_path, stack)


def opened(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("html[data-ui=ready]")
    return page


def test_new_release_is_used_completely_from_the_next_load_on(
    context: BrowserContext, tmp_path: Path
) -> None:
    static = tmp_path / "static"
    shutil.copytree(paths().static, static, ignore=shutil.ignore_patterns("vendor"))
    settings = replace(
        Settings.from_environment({}), database_url=f"sqlite:///{tmp_path / 'events.sqlite3'}", static=static
    )
    with running(create_app(settings)) as client:
        url = str(client.base_url)
        first = opened(context, url)
        first.wait_for_selector(OFFLINE_READY)
        first.close()
        page, old = opened(context, url), release(client)
        script = static / "js" / "site.js"
        script.write_text(script.read_text() + EDIT)
        assert EDIT not in fetched(page, f"r/{old}/static/js/site.js")
        play(page, 1)
        # Must come first: if the server took long, the page would open the old release.
        wait_until(lambda: release(client) != old)
        other, new = opened(context, url), release(client)
        assert EDIT in fetched(other, f"r/{new}/static/js/site.js")
        assert releases_loaded(other) == {new}
        other.wait_for_selector(OFFLINE_READY)
        assert EDIT not in fetched(page, f"r/{old}/static/js/site.js")
        assert releases_loaded(page) == {old}


def release(client: httpx.Client) -> str:
    found = re.search(r'"r/([0-9a-f]+)/', client.get("/").text)
    assert found
    return found[1]


def fetched(page: Page, path: str) -> str:
    return str(page.evaluate("path => fetch(path).then(answer => answer.text())", path))


def releases_loaded(page: Page) -> set[str]:
    """Return the releases of the files that this page loaded."""
    names = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    return {found[1] for name in names if (found := re.search("/r/([0-9a-f]+)/", name))}


def test_page_works_offline_on_the_second_visit(server: Server, context: BrowserContext) -> None:
    first = opened(context, server.served.url)
    first.wait_for_selector(OFFLINE_READY)
    first.close()
    server.stop()
    context.set_offline(True)
    page = opened(context, server.served.url)
    assert page.evaluate("crossOriginIsolated")
    _plays_records_and_trains(page)
    _sync_waits_and_then_delivers(page, server)


def _plays_records_and_trains(page: Page) -> None:
    play(page, 1)  # Clicked before the engine is ready.
    wait_for_engine(page)
    rate_and_train(page)


def _sync_waits_and_then_delivers(page: Page, server: Server) -> None:
    page.check("[name=sync]")
    page.click("#sync-now")
    page.wait_for_function(
        "document.querySelector('#sync-result').textContent.includes('can\\'t be reached')"
    )
    wait_for_count(page, "ratings", MIN_RATED)
    server.come_back()
    page.context.set_offline(False)
    wait_for_count(page, "ratings", MIN_RATED, "synced")
    mine = {row["uuid"] for row in rows(page, "ratings")}
    assert len(mine) == MIN_RATED
    assert mine <= server.events()


KEEP = """async (numbers) => {
    const catalog = "/static/vendor/tunes/catalog.json";
    const tunes = numbers.length ? (await (await fetch(catalog)).json()).tunes : [];
    const kept = numbers.map((number) => tunes[number]);
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) {
            const isKept = kept.some(({ url }) => request.url.endsWith(`/vendor/tunes/${url}`));
            if (request.url.endsWith(".sid") && !isKept) await cache.delete(request);
        }
    }
    return kept.map(({ title }) => title);
}"""
"""Takes all tunes of the site out of the service worker's caches, but for those with these numbers."""

UP_NEXT = "[...document.querySelectorAll('#up-next .name')].map((name) => name.textContent)"

WATCH_TITLES = """() => {
    const title = document.querySelector("#now-title");
    window.titles = [];
    new MutationObserver(() => titles.push(title.textContent)).observe(title, { childList: true });
}"""


def next_title(page: Page, control: str) -> None:
    """Click what leads to another tune, and wait until it plays."""
    title = page.text_content("#now-title")
    page.click(control)
    page.wait_for_function("old => document.querySelector('#now-title').textContent !== old", arg=title)
    wait_until_playing(page)


def wait_for_queue_of(page: Page, titles: set[str], count: int) -> None:
    """Wait until so many tunes are next, all of them among these."""
    page.wait_for_function(
        f"([titles, count]) => {UP_NEXT}.length === count && {UP_NEXT}.every((one) => titles.includes(one))",
        arg=[sorted(titles), count],
    )


def test_offline_only_what_is_kept_follows(server: Server, context: BrowserContext) -> None:
    page = opened(context, server.served.url)
    page.wait_for_selector(OFFLINE_READY)
    kept = set(page.evaluate(KEEP, [10, 20, 30, 40]))
    page.wait_for_selector("html[data-model^=global]")
    play(page, 11)
    page.wait_for_function(f"{UP_NEXT}.length === 10")
    context.set_offline(True)
    wait_for_queue_of(page, kept, 3)
    page.evaluate(WATCH_TITLES)
    for control in ("#next", "#next", "[data-station=calm]"):
        next_title(page, control)
    assert set(page.evaluate("titles")) <= kept
    assert page.text_content("#play-note") == ""
    context.set_offline(False)
    page.wait_for_function(f"{UP_NEXT}.length === 10")
    page.close()
    server.stop()
    context.set_offline(True)
    page = context.new_page()
    page.add_init_script(WITHOUT_ENGINE)
    page.goto(server.served.url)
    page.wait_for_selector("html[data-ui=ready]")
    wait_for_queue_of(page, kept, 4)
    next_title(page, "#next")
    _says_so_if_nothing_is_kept(page)


def _says_so_if_nothing_is_kept(page: Page) -> None:
    page.evaluate(KEEP, [])
    page.context.set_offline(False)
    page.wait_for_function(f"{UP_NEXT}.length === 10")
    page.context.set_offline(True)
    wait_for_text(page, "#up-next-how", "You are offline, and this browser has kept no other tune")
    page.evaluate(WATCH_TITLES)
    page.click("#next")
    wait_for_text(page, "#notice", "You are offline, and this browser has kept no other tune")
    assert page.evaluate("titles") == []
    assert page.get_attribute("#play-pause", "aria-label") == "Pause", "what plays goes on"
    with page.expect_request("**/*.sid"):
        page.click("#tunes tbody tr:nth-child(3) button.tune")  # What is chosen is tried.
