"""An engine that has died, hangs, or couldn't start is replaced. All tabs tell, and nothing is lost."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.e2e.listener import rows, wait_for_engine
from tests.e2e.test_tabs import RECORD, RUN, lock_counts, open_tab, recorded, wait_for_all_saved
from tests.patience import patient, wait_until
from tests.served import Served
from tests.unguarded import let_python_in

FEW = "PAUSE = 20" + RECORD.replace("500", "20")
"""Records 20 plays."""

KEEP_WORKERS = """{
    const { Worker } = globalThis;
    globalThis.engineWorkers = [];
    globalThis.Worker = class extends Worker {
        constructor(url, options) {
            super(url, options);
            if (options?.name === "engine") engineWorkers.push(this);
        }
    };
}"""

KEEP_STATUS = """document.addEventListener("DOMContentLoaded", () => {
    const status = document.querySelector("#engine-status");
    globalThis.told = [];
    const keep = () => told.push([Date.now(), status.textContent]);
    new MutationObserver(keep).observe(status, { childList: true, characterData: true, subtree: true });
})"""

READY = "Learning is off"
SILENT = "Learning doesn't respond"
FAILED = "Learning couldn't start"

ASK_FOR_EXPORT = """
import asyncio, js
from app.page.main import page
async def ask():
    js.document.body.dataset.archive = await page.feedback.export_archive()
asyncio.create_task(ask())
"""

HANG = "new BroadcastChannel('sidflow-hang').postMessage(null)"
CAN_HANG = """addEventListener("message", () => {
    new BroadcastChannel("sidflow-hang").onmessage = () => { for (;;); };
}, { once: true });
"""

WITHOUT_SERVICE_WORKER = "Object.defineProperty(navigator, 'serviceWorker', { value: undefined })"

HEALTHY_AT_ONCE = """{
    const now = performance.now.bind(performance);
    performance.now = () => 1000 * now();
}"""
"""An engine that ends after its first 20 s is replaced without a pause; this makes it some milliseconds."""


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with patient(browser.new_context(bypass_csp=True)) as context:
        context.add_init_script(KEEP_WORKERS)
        context.add_init_script(KEEP_STATUS)
        yield let_python_in(context)


@pytest.fixture
def tabs(context: BrowserContext, served: Served) -> tuple[Page, Page]:
    return open_tabs(context, served)


def open_tabs(context: BrowserContext, served: Served) -> tuple[Page, Page]:
    """Return the tab that runs the engine, and another one."""
    first = open_tab(context, served)
    wait_for_engine(first)
    second = open_tab(context, served)
    wait_for_engine(second)
    return first, second


def wait_until_told(page: Page, text: str, count: int = 1) -> None:
    """Wait until the page's status has been a text for so many times."""
    page.wait_for_function(
        "([text, count]) => told.filter(([, status]) => status.startsWith(text)).length >= count",
        arg=[text, count],
    )


def check_stored_once(page: Page, *lists: list[str]) -> None:
    """Check it in the page that recorded last: others may hear of what it has kept only later."""
    wait_for_all_saved(page)
    stored = Counter(row["uuid"] for row in rows(page, "implicit-events"))
    assert set(stored.values()) == {1}
    assert stored.keys() == {uuid for uuids in lists for uuid in uuids}


def test_engine_whose_worker_dies_is_replaced_in_its_tab(tabs: tuple[Page, Page]) -> None:
    first, second = tabs
    first.evaluate("engineWorkers[0].terminate()")
    second.evaluate(RUN, FEW)
    second.evaluate(RUN, ASK_FOR_EXPORT)
    second.wait_for_selector("body[data-archive]", state="attached")
    for page in tabs:
        wait_until_told(page, SILENT)
        wait_until_told(page, READY, 2)
    check_stored_once(second, recorded(second, 20))
    assert first.evaluate("engineWorkers.length") == 2
    assert second.evaluate("engineWorkers.length") == 0


def make_hang(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=CAN_HANG + answer.text())


def test_engine_that_hangs_is_replaced(context: BrowserContext, served: Served) -> None:
    context.route("**/engine/worker.js", make_hang, times=1)
    page = open_tab(context, served)
    wait_for_engine(page)
    page.evaluate(HANG)
    page.evaluate(RUN, FEW)
    wait_until_told(page, SILENT)
    wait_until_told(page, READY, 2)
    check_stored_once(page, recorded(page, 20))
    assert page.evaluate("engineWorkers.length") == 2


def test_engine_that_replaces_another_is_replaced_as_well(context: BrowserContext, served: Served) -> None:
    context.add_init_script(HEALTHY_AT_ONCE)
    context.add_init_script(WITHOUT_SERVICE_WORKER)  # It would answer for the second worker.
    context.route("**/engine/worker.js", make_hang, times=2)
    page = open_tab(context, served)
    wait_for_engine(page)
    for count in (1, 2):
        page.evaluate(HANG)
        wait_until_told(page, SILENT, count)
        wait_until_told(page, READY, count + 1)
    assert page.evaluate("engineWorkers.length") == 3


def test_engine_of_a_suspended_tab_is_replaced_in_another_and_ends(
    context: BrowserContext, served: Served
) -> None:
    # The whole process is suspended: a service worker in it would keep all files from the other tab.
    context.add_init_script(WITHOUT_SERVICE_WORKER)
    first, second = open_tabs(context, served)
    before = second.evaluate("Date.now()")
    process = process_of_engine(first)
    os.kill(process, signal.SIGSTOP)
    try:
        second.evaluate(RUN, FEW)
        second.evaluate(RUN, ASK_FOR_EXPORT)
        of_second = recorded(second, 20)
        wait_until_told(second, SILENT)
        wait_until_told(second, READY, 2)
        second.wait_for_selector("body[data-archive]", state="attached")
        check_stored_once(second, of_second)
        print([(time - before, text) for time, text in second.evaluate("told") if time > before])
    finally:
        os.kill(process, signal.SIGCONT)
    wait_until(lambda: sum(lock_counts(first)) == 2)
    first.evaluate(RUN, FEW)
    check_stored_once(first, of_second, recorded(first, 20))
    first.wait_for_function("engineWorkers.length === 1")
    assert second.evaluate("engineWorkers.length") == 1
    assert not [worker for worker in first.workers if "/engine/worker.js" in worker.url]


def process_of_engine(page: Page) -> int:
    """Return the process of the tab that runs the engine, which has used the most processor time."""
    browser = page.context.browser
    assert browser is not None
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [process for process in processes if process["type"] == "renderer"]
    return int(max(renderers, key=lambda process: process["cpuTime"])["id"])


@pytest.mark.parametrize(
    "file",
    [
        "engine/worker.js",
        "boot/interpreter.js",
        "pyodide.asm.wasm",
        "python_stdlib.zip",
        "sidflow_feedback-*",
    ],
)
def test_start_that_failed_is_tried_again(context: BrowserContext, served: Served, file: str) -> None:
    context.route(f"**/{file}", lambda route: route.abort(), times=1)
    tabs = [open_tab(context, served), open_tab(context, served)]
    for page in tabs:
        wait_until_told(page, FAILED)
        wait_until_told(page, READY)
    tabs[1].evaluate(RUN, FEW)
    check_stored_once(tabs[1], recorded(tabs[1], 20))
