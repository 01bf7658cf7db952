"""Every event for which `record()` returned is stored exactly once or undone, whenever the page is killed."""

from __future__ import annotations

import random
from collections.abc import Callable

from playwright.sync_api import Page

from sidflow_feedback.engine.event_writer import FLUSH_DELAY
from tests.crash.killable_browser import KillableBrowser
from tests.crash.reports import Reports
from tests.crash.stored import check_all_are_stored, open_until_all_saved
from tests.e2e.listener import wait_for_engine
from tests.served import Served
from tests.shifted_clock import random_shift

Wait = Callable[[Page, Reports, random.Random], float]
"""Waits for a precondition, and returns the seconds from then to the kill."""


def loading(_page: Page, _reports: Reports, rng: random.Random) -> float:
    return rng.uniform(0, 1)


def before_the_engine(_page: Page, reports: Reports, rng: random.Random) -> float:
    reports.wait_for("recorded", 1)
    return rng.uniform(0, 1.5)


def handing_over(page: Page, _reports: Reports, rng: random.Random) -> float:
    """The engine has just started and writes all events recorded before."""
    wait_for_engine(page)
    return rng.uniform(0, 0.2)


def in_a_flush(page: Page, reports: Reports, rng: random.Random) -> float:
    """The engine flushes every half second; aim at such a moment."""
    wait_for_engine(page)
    reports.wait_for("committed", rng.randint(1, 4))
    return rng.uniform(0.9, 1.1) * FLUSH_DELAY


MOMENTS: tuple[Wait, ...] = (
    before_the_engine,
    loading,
    handing_over,
    in_a_flush,
    before_the_engine,
    loading,
)


def test_recorded_events_are_stored_once(
    browser: KillableBrowser, served: Served, reports: Reports, rng: random.Random, kills: int
) -> None:
    for number in range(kills):
        moment = MOMENTS[number % len(MOMENTS)]
        page = browser.recording_page(reports, random_shift(rng))
        page.goto(served.url, wait_until="commit")
        browser.kill_page(page, moment(page, reports, rng))
        print(f"{moment.__name__}: {len(reports.of('recorded'))} recorded")
    page = browser.new_page()
    open_until_all_saved(page, served.url)
    check_all_are_stored(page, reports, ends=kills)
    assert len(reports.of("recorded")) > 10 * kills
