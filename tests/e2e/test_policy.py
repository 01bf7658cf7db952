"""Nothing that is injected into the page runs, and all of the page works under its policies."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.e2e.injections import (
    BEFORE_THE_START,
    JAVASCRIPT,
    SINKS,
    inject,
    ran,
    serve_foreign_script,
    wait_until_ran,
)
from tests.e2e.listener import play, wait_for_engine
from tests.patience import patient
from tests.served import Served


def test_page_works_under_its_policies_and_nothing_injected_runs(
    context: BrowserContext, served: Served
) -> None:
    page, refused = context.new_page(), []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    serve_foreign_script(context)
    page.goto(served.url)
    wait_for_engine(page)
    play(page, 1)
    page.click("#tab-insights")
    page.wait_for_selector("#insights-cards", state="visible")
    assert page.evaluate("crossOriginIsolated")
    assert refused == []
    inject(page)
    assert ran(page) == set()
    answer = page.evaluate("fetch('http://127.0.0.2:1/').then(() => 'sent', error => error.message)")
    assert answer == "Failed to fetch"
    assert any("connect-src" in text for text in refused)


def test_nothing_injected_before_the_start_runs(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    serve_foreign_script(context)
    page.add_init_script(BEFORE_THE_START)
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    assert ran(page) == set()


@pytest.mark.parametrize("when", ["before the start", "after the start"])
def test_python_stays_out_even_where_the_browser_has_no_policies(
    browser: Browser, served: Served, when: str
) -> None:
    context = patient(browser.new_context(bypass_csp=True))
    page = context.new_page()
    serve_foreign_script(context)
    if when == "before the start":
        page.add_init_script(BEFORE_THE_START)
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    if when == "after the start":
        inject(page)
    wait_until_ran(page, JAVASCRIPT)
    assert ran(page) == JAVASCRIPT
    context.close()


def test_no_text_becomes_html_or_code(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    assert page.evaluate(SINKS) == []
