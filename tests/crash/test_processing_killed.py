"""The page is killed during an upload: its events return to pending."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.crash.killable_browser import KillableBrowser
from tests.crash.stored import BARE, events
from tests.e2e.listener import play, rate, wait_for_count, wait_for_engine
from tests.served import Served


def claim_forever(page: Page, url: str) -> None:
    """Let the engine claim events for a server that never answers."""
    page.route("**/api/feedback/sync", lambda _route: None)
    page.goto(url)
    wait_for_engine(page)
    play(page, 1)
    page.click("#like")
    rate(page, e=5, m=4, c=3)
    wait_for_count(page, "implicit", 2)
    wait_for_count(page, "ratings", 1)
    page.click("#tab-preferences")
    page.check("[name=sync]")
    page.click("#sync-now")
    wait_for_count(page, "ratings", 1, "processing")


def progress(page: Page) -> list[tuple[str, str, int]]:
    """Return the action, status, and attempts of what is shared: all but plays."""
    found = [(row.get("action", "rating"), row["syncStatus"], row["attempts"]) for row in events(page)]
    return [row for row in found if row[0] != "play"]


def test_claimed_events_return_to_pending(browser: KillableBrowser, served: Served) -> None:
    page = browser.new_page()
    claim_forever(page, served.url)
    browser.kill_page(page)
    page = browser.new_page()
    page.goto(served.url + BARE)
    assert sorted(progress(page)) == [("like", "processing", 1), ("rating", "processing", 1)]
    page.goto(served.url)
    wait_for_count(page, "ratings", 1, "pending")
    wait_for_count(page, "implicit", 1, "pending")
    wait_for_count(page, "implicit", 1, "local")
    assert sorted(progress(page)) == [("like", "pending", 1), ("rating", "pending", 1)]
    assert {row["owner"] for row in events(page)} == {None}
