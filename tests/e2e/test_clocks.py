"""Clocks that are wrong by years, in the page and in the engine, across reloads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.e2e import faulty_proxy as faults
from tests.e2e.faulty_proxy import FaultyProxy
from tests.e2e.listener import ENGINE_SETUP, play, rows, wait_for_count, wait_for_engine
from tests.e2e.operator import Operator
from tests.e2e.sharing import share, sync_now
from tests.patience import patient, wait_until
from tests.shifted_clock import SHIFT

YEAR = 365 * 24 * 3600 * 1000


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A context without a service worker, which would hand out the engine's script as it is."""
    context = patient(browser.new_context(service_workers="block"))
    yield context
    context.close()


def opened(context: BrowserContext, proxy: FaultyProxy, shift: int) -> Page:
    """Open the page with all clocks ahead by `shift` milliseconds."""
    script = f"({SHIFT})({shift});\n"

    def fulfill(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=script + answer.text())

    context.unroute_all()
    context.route(ENGINE_SETUP, fulfill)
    page = context.new_page()
    page.add_init_script(script)
    page.goto(proxy.url)
    page.wait_for_selector("html[data-ui=ready]")
    wait_for_engine(page)
    return page


def status(page: Page) -> str:
    return page.text_content("#sync-status") or ""


def test_sharing_survives_clocks_that_are_wrong_by_years(
    context: BrowserContext, proxy: FaultyProxy, operator: Operator
) -> None:
    """All steps share one context because an engine takes long to start."""
    page = opened(context, proxy, YEAR)
    check_upload_fails_while_the_clock_is_a_year_ahead(page, proxy)
    page.close()
    page = opened(context, proxy, 0)
    check_it_is_repeated_when_the_clock_is_right(page, proxy, operator)
    page.close()
    page = opened(context, proxy, -10 * YEAR)
    check_page_tells_that_the_clock_is_wrong(page, operator)


def check_upload_fails_while_the_clock_is_a_year_ahead(page: Page, proxy: FaultyProxy) -> None:
    play(page, 1)
    page.click("#like")
    wait_for_count(page, "implicit", 2)
    ahead = page.evaluate("Date.now()") - YEAR / 2
    assert min(row["timestamp"] for row in rows(page, "implicit-events")) > ahead
    share(page)
    proxy.fault = faults.error_500
    assert "The server answered 500" in sync_now(page)


def check_it_is_repeated_when_the_clock_is_right(page: Page, proxy: FaultyProxy, operator: Operator) -> None:
    page.click("#tab-preferences")
    proxy.fault = faults.forward
    page.evaluate("dispatchEvent(new Event('online'))")
    wait_until(lambda: len(operator.events()) == 1)
    wait_for_count(page, "implicit", 1, "synced")
    wait_for_count(page, "implicit", 1)
    assert "Clock of this device" not in status(page)


def check_page_tells_that_the_clock_is_wrong(page: Page, operator: Operator) -> None:
    stored = {row["uuid"] for row in rows(page, "implicit-events")}
    play(page, 2)  # A dislike of the first tune would take back its like.
    page.click("#dislike")
    wait_until(lambda: any(row["action"] == "dislike" for row in rows(page, "implicit-events")))
    page.click("#tab-preferences")
    assert sync_now(page).startswith("The server has accepted")
    page.wait_for_function("document.querySelector('#sync-status').textContent.includes('behind the server')")
    assert "10 years behind the server's" in status(page)
    assert len(operator.events()) > 1
    kept = {row["uuid"] for row in rows(page, "implicit-events")}
    assert {*operator.events(), *stored} <= kept
