"""A listener's steps on the page, and readers of what it shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import BrowserContext, Page, Route

from sidflow_feedback.vocabulary import name_space

ENGINE_SETUP = "**/engine/worker.js"
"""The file that the page loads before it starts an engine."""

WITHOUT_ENGINE = "navigator.locks.request = () => new Promise(() => {})"
"""The engine starts when its lock is granted."""

OFFLINE_READY = "html[data-offline=ready]"
"""Is there when the page works without a network."""

OUTBOX = """Object.entries(localStorage).filter(([key]) => key.startsWith("sidflow.outbox."))
    .map(([, entry]) => entry).sort().map((entry) => JSON.parse(entry.slice(entry.indexOf(" "))))"""

HOLD_QUESTIONS = """{
    const { postMessage } = Worker.prototype;
    globalThis.held = [];
    Worker.prototype.postMessage = function (message, ...rest) {
        const send = () => postMessage.call(this, message, ...rest);
        if (globalThis.holds && message?.path?.[0] === holds) held.push(send);
        else send();
    };
    globalThis.release = () => {
        globalThis.holds = "";
        for (const send of held.splice(0)) send();
    };
}"""
"""Lets what the page asks its workers wait if `holds` is the question's name, until `release` is called."""


NOTE_TITLE = """() => addEventListener("click", ({ target }) => {
    globalThis.clickedTitle = target.closest("tr")?.querySelector(".name").textContent;
}, { capture: true, once: true })"""
"""Notes the title in the row that is clicked next; the rows may change until then."""


def wait_for_engine(page: Page) -> None:
    page.wait_for_selector("html[data-engine=ready]")


def hold_engine(page: Page) -> Callable[[], None]:
    """Delay the engine of the page that is opened next; return a function that lets it start."""
    held: list[Route] | None = []

    def handle(route: Route) -> None:
        if held is None:
            route.continue_()
        else:
            held.append(route)

    def release() -> None:
        nonlocal held
        routes, held = held or [], None
        for route in routes:
            route.continue_()

    page.route(ENGINE_SETUP, handle)
    return release


@contextmanager
def holding(context: BrowserContext, url: str) -> Iterator[None]:
    """Let requests wait until the block ends."""
    routes: list[Route] = []
    is_held = True
    context.route(url, lambda route: routes.append(route) if is_held else route.continue_())
    yield
    is_held = False
    for route in routes:
        route.continue_()


def play(page: Page, number: int) -> None:
    """Click the tune in this row, and wait until it plays: until it is chosen, the one before does."""
    page.click("#tab-play")
    page.evaluate(NOTE_TITLE)
    page.click(f"#tunes tbody tr:nth-child({number}) button.tune")
    page.wait_for_function(
        "!document.querySelector('#like').disabled"
        " && document.querySelector('#now-title').textContent === clickedTitle"
    )


def wait_until_playing(page: Page) -> None:
    page.wait_for_selector("#like:enabled")


def wait_for_text(page: Page, selector: str, text: str) -> None:
    """Wait until the text, or the value, of an element contains `text`."""
    page.wait_for_function(
        "([selector, text]) => { const found = document.querySelector(selector);"
        " return (found?.value || found?.textContent || '').includes(text); }",
        arg=[selector, text],
    )


def stats(page: Page) -> dict[str, float]:
    """Return frames played, underruns, and peak and RMS of the latest output."""
    found: dict[str, float] = json.loads(page.evaluate("JSON.stringify(window.sidPlayer.stats())"))
    return found


def rate(page: Page, **ratings: int) -> None:
    """Rate the playing tune on the Rate tab."""
    page.click("#tab-rate")
    for dimension, value in ratings.items():
        page.check(f"fieldset[data-dimension={dimension}] input[value='{value}']")
    page.click("#rate-form [type=submit]")
    page.wait_for_function("document.querySelector('#rate-result').textContent.startsWith('Rated')")


def count(page: Page, kind: str) -> int:
    """Return the number of events of a kind that the Preferences tab shows as waiting or staying here."""
    column = {"ratings": 1, "implicit": 2}[kind]
    rows = "#counts :is(tr[data-status=pending], tr[data-status=local])"
    return sum(map(int, page.locator(f"{rows} > :nth-child({column + 1})").all_text_contents()))


def wait_for_count(page: Page, kind: str, number: int, *standings: str) -> None:
    """Wait until so many events have one of these standings: unless given, until they wait or stay here."""
    column = {"ratings": 1, "implicit": 2}[kind]
    page.wait_for_function(
        """([standings, column, number]) => {
            const cells = standings.map(standing =>
                document.querySelector(`#counts tr[data-status=${standing}] > :nth-child(${column})`));
            return cells.every(Boolean)
                && cells.reduce((sum, cell) => sum + Number(cell.textContent), 0) === number;
        }""",
        arg=[standings or ("pending", "local"), column + 1, number],
    )


def rows(page: Page, store: str, name: str = "sidflow") -> list[dict[str, Any]]:
    """Read an object store of an application's real database without our own code."""
    found: list[dict[str, Any]] = page.evaluate(
        """([store, database]) => new Promise((resolve, reject) => {
            const opening = indexedDB.open(database);
            opening.onerror = () => reject(opening.error);
            opening.onsuccess = () => {
                const reading = opening.result.transaction(store).objectStore(store).getAll();
                reading.onsuccess = () => { opening.result.close(); resolve(reading.result); };
            };
        })""",
        [store, name_space(name)],
    )
    return found


def outbox(page: Page) -> list[dict[str, Any]]:
    """Return the events that no engine has stored yet, in order."""
    found: list[dict[str, Any]] = page.evaluate(OUTBOX)
    return found


PREDICTIONS = """[...document.querySelectorAll("#tunes tbody tr[data-path]")].map(
    ({ dataset }) => dataset.prediction.split(" ").filter(Boolean).map(Number))"""
"""The four predictions of each tune in the list, also those that are too unsure to be shown."""

PREDICTED = "#tunes tbody .why:not([hidden])"
"""A tune in the list that has predictions."""


def predictions(page: Page) -> list[list[float]]:
    found: list[list[float]] = page.evaluate(PREDICTIONS)
    return found
