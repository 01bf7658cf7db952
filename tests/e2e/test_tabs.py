"""Several tabs of one listener share one engine; when its tab closes, another tab takes over."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request

from tests.e2e.listener import rows, wait_for_engine
from tests.patience import patient, wait_until
from tests.served import Served
from tests.unguarded import let_python_in

LOCKS = """async () => {
    const { held, pending } = await navigator.locks.query();
    return [held, pending].map((locks) => locks.filter(({ name }) => name === "sidflow-feedback-engine"));
}"""

RUN = """text => {
    const script = document.createElement("script");
    script.type = "mpy";
    script.textContent = text;
    document.body.append(script);
}"""

ASK = """
import asyncio, js
from app.page.main import page
from sidflow_feedback.vocabulary import Request
async def ask():
    js.document.body.dataset.answer = str(len(await page.engine.ask(Request.UNSYNCED, 50)))
asyncio.create_task(ask())
"""

RECORD = """
import js
from app.page.main import page
TRACK = {"item_id": "Tabs/Tune.sid", "song": 1}
def record_one():
    if len(recorded) < 500:
        recorded.append(page.feedback.recorder.action("play", TRACK, 0.0))
        js.document.body.dataset.recorded = " ".join(recorded)
recorded = []
js.setInterval(record_one, PAUSE)
"""


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One whose pages run the Python of these tests."""
    with patient(browser.new_context(bypass_csp=True)) as context:
        yield let_python_in(context)


def open_tab(context: BrowserContext, served: Served) -> Page:
    page = context.new_page()
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    return page


def kill_tab_with_engine(page: Page) -> None:
    """Kill the process of the tab that runs the engine, which has used the most processor time."""
    browser = page.context.browser
    assert browser is not None
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [process for process in processes if process["type"] == "renderer"]
    with page.expect_event("crash"):
        os.kill(max(renderers, key=lambda process: process["cpuTime"])["id"], signal.SIGKILL)


def recorded(page: Page, count: int) -> list[str]:
    page.wait_for_function("n => (document.body.dataset.recorded ?? '').split(' ').length >= n", arg=count)
    return str(page.evaluate("document.body.dataset.recorded")).split()


def wait_for_all_saved(page: Page) -> None:
    page.wait_for_function("() => !Object.keys(localStorage).some(key => key.startsWith('sidflow.outbox.'))")


def requests_of(page: Page) -> list[str]:
    """Collect the addresses that a tab and its workers request from now on."""
    urls: list[str] = []

    def note(request: Request) -> None:
        urls.append(request.url)

    page.on("request", note)
    return urls


def load_pyodide(requests: list[str]) -> bool:
    return any("/pyodide/" in url for url in requests)


def engines(page: Page) -> int:
    """Return how many engines a tab runs; another worker may prepare the next start."""
    return sum(worker.url.endswith("/engine/worker.js") for worker in page.workers)


def lock_counts(page: Page) -> tuple[int, int]:
    """Return how many tabs run an engine, and how many wait to run one."""
    held, pending = page.evaluate(LOCKS)
    return len(held), len(pending)


def test_ten_tabs_have_one_engine(context: BrowserContext, served: Served) -> None:
    asked: dict[Page, list[str]] = {}
    for _ in range(10):
        page = context.new_page()
        asked[page] = requests_of(page)
        page.goto(served.url)
        page.wait_for_selector("html[data-ui=ready]")
    for page in asked:
        wait_for_engine(page)
    wait_until(lambda: lock_counts(page) == (1, 9))  # A tab hears of the engine before it asks for the lock.
    assert Counter(engines(page) for page in asked) == {1: 1, 0: 9}
    assert [load_pyodide(requests) for requests in asked.values()] == [True] + [False] * 9


def test_another_tab_takes_over_and_answers(context: BrowserContext, served: Served) -> None:
    first, second = open_tab(context, served), open_tab(context, served)
    wait_for_engine(first)
    wait_for_engine(second)
    wait_until(lambda: lock_counts(second) == (1, 1))
    first.close()
    check_answer(second)  # Perhaps still from the engine of the closed tab.
    wait_until(lambda: lock_counts(second) == (1, 0))
    check_answer(second)
    assert engines(second) == 1


def check_answer(page: Page) -> None:
    page.evaluate("delete document.body.dataset.answer")
    page.evaluate(RUN, ASK)
    page.wait_for_selector("body[data-answer='0']", state="attached")


def test_thousand_events_of_two_tabs_are_stored_once_despite_a_crash(
    context: BrowserContext, served: Served
) -> None:
    first, second = open_tab(context, served), open_tab(context, served)
    wait_for_engine(first)
    wait_for_engine(second)
    first.evaluate(RUN, "PAUSE = 10" + RECORD)
    second.evaluate(RUN, "PAUSE = 30" + RECORD)
    of_first = recorded(first, 500)
    kill_tab_with_engine(first)
    of_second = recorded(second, 500)
    wait_for_all_saved(second)
    stored = Counter(row["uuid"] for row in rows(second, "implicit-events"))
    assert set(stored.values()) == {1}
    assert stored.keys() == {*of_first, *of_second}
    assert len(stored) == 1000


def test_settings_apply_to_all_tabs(context: BrowserContext, served: Served) -> None:
    first, second = open_tab(context, served), open_tab(context, served)
    wait_for_engine(second)
    first.click("#tab-preferences")
    first.check("[name=training]")
    first.fill("[name=iterations]", "70")
    first.press("[name=iterations]", "Enter")
    second.click("#tab-preferences")
    second.wait_for_selector("[name=training]:checked")
    second.wait_for_function("document.querySelector('[name=iterations]').value === '70'")
    assert second.is_enabled("#train-now")
    second.uncheck("[name=training]")
    first.wait_for_selector("[name=training]:not(:checked)")
    first.close()
    assert not second.is_checked("[name=training]")
