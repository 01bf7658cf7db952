"""The content of the database, read without our own code."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from playwright.sync_api import Page

from tests.e2e.listener import wait_for_engine

BARE = "/static/icon.svg"
"""A page of the same origin that runs no code of ours."""

EVENT_STORES = ("ratings", "implicit-events")
STATUSES = ("pending", "processing", "synced", "failed")


def open_until_all_saved(page: Page, url: str) -> None:
    """Open the page, and wait until its outbox is empty."""
    page.goto(url)
    wait_for_engine(page)
    page.wait_for_function(
        """() => !Object.keys(localStorage).some(key => key.startsWith("sidflow.outbox."))
            && document.querySelector("#saved-state").textContent === "All saved" """
    )
    refused = page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('sidflow.refused.'))")
    assert refused == []


READ = """store => new Promise((resolve, reject) => {
    const opening = indexedDB.open("sidflow-feedback");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
        const reading = opening.result.transaction(store).objectStore(store).getAll();
        reading.onsuccess = () => { opening.result.close(); resolve(JSON.stringify(reading.result)); };
    };
})"""
"""Returns one text: thousands of rows would be slow in Playwright."""


def rows(page: Page, store: str) -> list[dict[str, Any]]:
    """Return all rows of a store; the database must exist."""
    found: list[dict[str, Any]] = json.loads(page.evaluate(READ, store))
    return found


def events(page: Page) -> list[dict[str, Any]]:
    """Check the counters against the rows; return all rows."""
    found = {store: rows(page, store) for store in EVENT_STORES}
    assert {counter.pop("store"): counter for counter in rows(page, "counters")} == {
        store: counted(in_store) for store, in_store in found.items()
    }
    return [row for in_store in found.values() for row in in_store]


def counted(in_store: list[dict[str, Any]]) -> dict[str, int]:
    counts = Counter(row["syncStatus"] for row in in_store)
    return {status: counts[status] for status in STATUSES}


def unique_uuids(found: list[dict[str, Any]]) -> set[str]:
    """Return the uuids of rows; fail if one occurs twice."""
    uuids = [row["uuid"] for row in found]
    assert [uuid for uuid, times in Counter(uuids).items() if times > 1] == []
    return set(uuids)
