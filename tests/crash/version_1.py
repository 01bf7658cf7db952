"""A database as the page's first version created it, with rows, made by plain JavaScript."""

from __future__ import annotations

from playwright.sync_api import Page

RATINGS = 20_000
PLAYS = 4_000
"""Below the store's limit, so that no row is pruned."""

MAKE = """([ratings, plays, now]) => new Promise((resolve, reject) => {
    const opening = indexedDB.open("sidflow-feedback", 1);
    opening.onerror = () => reject(opening.error);
    opening.onupgradeneeded = () => {
        for (const name of ["ratings", "implicit-events"]) {
            const store = opening.result.createObjectStore(name, { keyPath: "id", autoIncrement: true });
            store.createIndex("uuid", "uuid", { unique: true });
            for (const field of ["sidPath", "timestamp", "syncStatus"]) store.createIndex(field, field);
        }
        opening.result.createObjectStore("model-snapshots", { keyPath: "id", autoIncrement: true });
    };
    opening.onsuccess = () => {
        const transaction = opening.result.transaction(["ratings", "implicit-events"], "readwrite");
        const add = (name, number, event) => transaction.objectStore(name).add({
            v: 1, uuid: crypto.randomUUID(), timestamp: now - number, sidPath: `Old/${number % 50}.sid`,
            song: 1, position: null, sessionId: "s", pipeline: "wasm", modelVersion: null, features: null,
            length: null, lengthSource: null, syncStatus: ["pending", "synced", "failed"][number % 3],
            attempts: number % 3, lastError: null, lastTry: 0, nextTry: 0, ...event,
        });
        for (let number = 0; number < ratings; number++)
            add("ratings", number, { kind: "rating", ratings: { e: 1 + number % 5 } });
        for (let number = 0; number < plays; number++)
            add("implicit-events", number, { kind: "implicit", action: "play" });
        transaction.oncomplete = () => { opening.result.close(); resolve(); };
        transaction.onabort = () => reject(transaction.error);
    };
})"""


def make_version_1(page: Page) -> None:
    """Create the database in the page's origin; the page must not have opened it."""
    page.evaluate(MAKE, [RATINGS, PLAYS, page.evaluate("Date.now()")])


def version(page: Page) -> int:
    """Return the version of the database on disk."""
    found: int = page.evaluate(
        "indexedDB.databases().then(all => all.find(({ name }) => name === 'sidflow-feedback').version)"
    )
    return found
