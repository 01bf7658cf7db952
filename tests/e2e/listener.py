"""What a listener does on the page, and what they see."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page

from tests.e2e.conftest import ENGINE_START


def wait_for_engine(page: Page) -> None:
    page.wait_for_selector("html[data-engine=ready]", timeout=ENGINE_START)


def play(page: Page, number: int) -> None:
    """Click the tune in this row, and wait until it is heard."""
    page.click("#tab-play")
    page.click(f"#tunes tbody tr:nth-child({number}) button.tune")
    wait_until_heard(page)


def wait_until_heard(page: Page) -> None:
    page.wait_for_selector("#like:enabled", timeout=30_000)


def stats(page: Page) -> dict[str, float]:
    """Frames played, underruns, and peak and rms of the latest output."""
    found: dict[str, float] = json.loads(page.evaluate("JSON.stringify(window.sidPlayer.stats())"))
    return found


def rate(page: Page, **ratings: int) -> None:
    """Rate what plays, on the Rate tab."""
    page.click("#tab-rate")
    for dimension, value in ratings.items():
        page.check(f"fieldset[data-dimension={dimension}] input[value='{value}']")
    page.click("#rate-form [type=submit]")
    page.wait_for_function("document.querySelector('#rate-result').textContent.startsWith('Rated')")


def count(page: Page, kind: str, status: str = "pending") -> int:
    """How many events of a kind the Preferences tab says are in the store."""
    column = {"ratings": 1, "implicit": 2}[kind]
    cell = page.locator(f"#counts tr[data-status={status}] > :nth-child({column + 1})")
    return int(cell.text_content() or "0") if cell.count() else 0


def wait_for_count(page: Page, kind: str, number: int, status: str = "pending") -> None:
    column = {"ratings": 1, "implicit": 2}[kind]
    page.wait_for_function(
        """([status, column, number]) => document.querySelector(
            `#counts tr[data-status=${status}] > :nth-child(${column})`)?.textContent === String(number)""",
        arg=[status, column + 1, number],
    )


def rows(page: Page, store: str) -> list[dict[str, Any]]:
    """Read a store of the real database, past all of our own code."""
    found: list[dict[str, Any]] = page.evaluate(
        """store => new Promise((resolve, reject) => {
            const opening = indexedDB.open("sidflow-feedback");
            opening.onerror = () => reject(opening.error);
            opening.onsuccess = () => {
                const reading = opening.result.transaction(store).objectStore(store).getAll();
                reading.onsuccess = () => { opening.result.close(); resolve(reading.result); };
            };
        })""",
        store,
    )
    return found


def predictions(page: Page) -> list[list[float]]:
    """The four numbers beside each tune."""
    found: list[list[float]] = page.eval_on_selector_all(
        "#tunes tbody tr",
        """rows => rows.map(
            row => [...row.querySelectorAll('td.feeling')].map(cell => Number(cell.textContent)))""",
    )
    return found
