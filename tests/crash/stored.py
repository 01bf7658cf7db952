"""The content of the database, read without our own code."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from playwright.sync_api import Page

from tests.crash.reports import Reports
from tests.e2e.listener import wait_for_engine

BARE = "/static/icon.svg"
"""A page of the same origin that runs no code of ours."""

EVENT_STORES = ("ratings", "implicit-events")
STANDINGS = ("pending", "processing", "synced", "failed", "local")


def open_until_all_saved(page: Page, url: str) -> None:
    """Open the page, and wait until its outbox is empty and all withdrawals are done."""
    page.goto(url)
    wait_for_engine(page)
    page.wait_for_function(
        """() => !Object.keys(localStorage).some(key => /^sidflow.(outbox|withdrawn)[.]/.test(key))
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
    """Check counters and books against the rows; return all rows."""
    found = {store: rows(page, store) for store in EVENT_STORES}
    assert {counter.pop("store"): counter for counter in rows(page, "counters")} == {
        store: counted(in_store) for store, in_store in found.items()
    }
    stored = [row for in_store in found.values() for row in in_store]
    account = books(page)
    assert account["recorded"] == len(stored) + account["undone"] + account["refused"] + account["pruned"]
    assert min(account.values()) >= 0
    return stored


def books(page: Page) -> dict[str, int]:
    """Return the numbers of all events that the store has ever seen."""
    [found] = [note for note in rows(page, "notes") if isinstance(note, dict) and "recorded" in note]
    return found


def check_all_are_stored(page: Page, reports: Reports, *, ends: int, disk_was_full: bool = False) -> None:
    """Check that all recorded events are stored once, except those that were undone, and the books.

    Parameters
    ----------
    page
        A page of the same origin.
    reports
        What all pages have reported.
    ends
        How many of these ended while they recorded. Each may have recorded one more event than it has
        reported, and undone one more.
    disk_was_full
        Plays, and nothing else, may have been removed to make room.
    """
    recorded, undone = set(reports.of("recorded")), set(reports.of("undone"))
    stored = unique_uuids(events(page))
    assert stored & undone == set()
    account = books(page)
    gone = recorded - undone - stored
    found = f"{len(gone)} gone; reported: {len(recorded)} recorded, {len(undone)} undone; books: {account}"
    unreported, undone_unreported = account["recorded"] - len(recorded), account["undone"] - len(undone)
    assert 0 <= unreported <= ends, found
    no_plays = gone - set(reports.of("played"))
    assert len(no_plays) <= ends, f"{len(no_plays)} ratings are gone; {found}"
    # On a full disk, nothing can be entered: what has left meanwhile is entered on one account later.
    # It may not have been reported, or may have been undone after that.
    left = undone_unreported + account["pruned"]
    assert left - (unreported if disk_was_full else 0) <= len(gone) <= left, found
    assert disk_was_full or (account["pruned"] == 0 and undone_unreported <= ends), found
    assert account["refused"] == 0, found


def counted(in_store: list[dict[str, Any]]) -> dict[str, int]:
    counts = Counter(standing(row) for row in in_store)
    return {standing: counts[standing] for standing in STANDINGS}


def standing(row: dict[str, Any]) -> str:
    """Return what a row counts as: plays are never sent."""
    is_play = row.get("action") == "play"
    return "local" if is_play and row["syncStatus"] == "pending" else str(row["syncStatus"])


def unique_uuids(found: list[dict[str, Any]]) -> set[str]:
    """Return the uuids of rows; fail if one occurs twice."""
    uuids = [row["uuid"] for row in found]
    assert [uuid for uuid, times in Counter(uuids).items() if times > 1] == []
    return set(uuids)
