"""A tune plays on without a gap while the engine boots, learns and stores: the short form of a benchmark."""

from __future__ import annotations

from playwright.sync_api import BrowserContext

from tests.e2e.conftest import ENGINE_START
from tests.e2e.listener import play, rate, stats, wait_for_count
from tests.served import Served

RATE = 44100
RATED = 10
HEARD = 12


def test_nothing_that_the_engine_does_is_heard(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    play(page, 1)
    assert page.get_attribute("html", "data-engine") != "ready", "The engine must boot while the tune plays."
    page.click("#tab-preferences")
    page.check("[name=training]")
    page.check("[name=sync]")
    page.wait_for_selector("html[data-engine=ready]", timeout=ENGINE_START)
    for number in range(RATED):
        rate(page, e=1 + number % 5, m=1, c=1 + number % 2)
        page.click("#rate-next")
        page.wait_for_selector("#like:enabled")
    wait_for_count(page, "ratings", RATED)
    page.click("#tab-preferences")
    page.click("#sync-now")
    page.wait_for_selector("html[data-model^=local]", timeout=90_000)
    page.wait_for_function(f"window.sidPlayer.stats().framesPlayed > {HEARD * RATE}")
    assert stats(page)["underruns"] == 0
