"""The page is killed while it upgrades a database of version 1: no row is lost."""

from __future__ import annotations

import random
from typing import Any

from playwright.sync_api import Page

from tests.crash.killable_browser import KillableBrowser
from tests.crash.reports import SEND_REPORT, Reports
from tests.crash.stored import BARE, EVENT_STORES, events, rows, unique_uuids
from tests.crash.version_1 import make_version_1, version
from tests.e2e.listener import wait_for_engine
from tests.served import Served

VERSION = 4
"""The version after the upgrade."""

LONGEST = 1.0
"""Seconds from the start of an upgrade within which the page is killed: about its duration."""

UPGRADE = """url => {
    const createObjectStore = IDBDatabase.prototype.createObjectStore;
    IDBDatabase.prototype.createObjectStore = function (...given) {
        const store = createObjectStore.apply(this, given);
        tell(`${url}/upgrading/${given[0]}`);
        return store;
    };
    import("/sidflow_feedback/store/indexeddb.js").then(store => store.open("sidflow-feedback"));
}"""


def kill_while_upgrading(browser: KillableBrowser, reports: Reports, url: str, after: float) -> None:
    page = browser.new_page()
    page.goto(url + BARE)
    page.evaluate(f"() => {{ {SEND_REPORT} }}")
    page.evaluate(UPGRADE, reports.url)
    reports.wait_for("upgrading", 1)
    browser.kill_page(page, after)


def contents(page: Page) -> list[dict[str, Any]]:
    return [row for store in EVENT_STORES for row in rows(page, store)]


def test_upgrade_is_complete_or_has_no_effect(
    browser: KillableBrowser, served: Served, reports: Reports, rng: random.Random, kills: int
) -> None:
    page = browser.new_page()
    page.goto(served.url + BARE)
    make_version_1(page)
    before = contents(page)
    versions = []
    for number in range(kills):
        kill_while_upgrading(browser, reports, served.url, rng.uniform(0, LONGEST) if number else 0)
        page = browser.new_page()
        page.goto(served.url + BARE)
        versions.append(version(page))
        assert contents(page) == before
        if versions[-1] == VERSION:
            break
    print(f"versions after each kill: {versions}")
    assert versions[0] == 1, "the first kill came too late to be in the middle of the upgrade"
    page = browser.new_page()
    page.goto(served.url)
    wait_for_engine(page)
    assert version(page) == VERSION
    assert unique_uuids(events(page)) == {row["uuid"] for row in before}
