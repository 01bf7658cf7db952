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
from tests.e2e.listener import OFFLINE_READY, play, rows, wait_for_count, wait_for_engine
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
