"""The page runs for a long time while faults strike at every seam; at the end its books balance."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.crash.killable_browser import KillableBrowser
from tests.crash.reports import listening
from tests.crash.stored import books, check_all_are_stored, open_until_all_saved, rows
from tests.e2e.faulty_proxy import faulty_proxy
from tests.e2e.listener import OFFLINE_READY, wait_for_engine
from tests.e2e.operator import Operator
from tests.patience import wait_until
from tests.shifted_clock import ShiftedClock
from tests.soak.faults import FAULTS, Soak

FAULT_SECONDS = (2, 8)
CALM_SECONDS = 2


@pytest.fixture
def soak(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Soak]:
    operator = Operator(tmp_path, SIDFLOW_RATE_LIMIT="0")
    seed = request.config.getoption("soak_seed") or random.randrange(10**6)
    print(f"seed {seed}")
    with sync_playwright() as playwright, listening() as reports, faulty_proxy(operator.served.url) as proxy:
        browser = KillableBrowser(playwright, tmp_path / "profile")
        page = browser.new_page()
        soak = Soak(browser, reports, proxy, operator, random.Random(seed), page, ShiftedClock(page))
        yield soak
        browser.close()
    operator.close()


def test_books_balance_after_faults_at_every_seam(soak: Soak, request: pytest.FixtureRequest) -> None:
    soak.open()
    wait_for_engine(soak.page)
    soak.page.wait_for_selector(OFFLINE_READY)
    soak.page.click("#tab-preferences")
    soak.page.check("[name=sync]")
    end = time.monotonic() + 60 * request.config.getoption("soak_minutes")
    strike_until(soak, end)
    check_books(soak)


def strike_until(soak: Soak, end: float) -> None:
    """Let all faults strike in random order, again and again."""
    while True:
        for fault in soak.rng.sample(FAULTS, len(FAULTS)):
            seconds = soak.rng.uniform(*FAULT_SECONDS)
            print(f"{fault.__name__} for {seconds:.0f} s after {len(soak.reports.of('recorded'))} events")
            fault(soak, seconds)
            soak.listen(CALM_SECONDS)
        if time.monotonic() > end:
            return


def check_books(soak: Soak) -> None:
    """Check that each recorded event is stored once, and each rating on the server once."""
    page = soak.browser.new_page()
    open_until_all_saved(page, soak.proxy.url)
    page.click("#tab-preferences")
    wait_until(lambda: all_sent(page), pause=2)
    check_all_are_stored(page, soak.reports, ends=soak.ends, disk_was_full=True)
    ratings = [row["uuid"] for row in rows(page, "ratings")]
    print(f"{len(soak.reports.of('recorded'))} recorded, {len(ratings)} ratings stored: {books(page)}")
    on_server = soak.operator.events()
    assert len(on_server) == len(set(on_server))
    assert set(ratings) <= set(on_server)
    gone = set(on_server) - {*ratings, *soak.reports.of("undone")}
    assert len(gone) <= soak.ends, "only what was undone may be on the server and nowhere else"


def all_sent(page: Page) -> bool:
    """Ask for an upload; return whether nothing was left to send before."""
    page.click("#sync-now")
    return all(row["syncStatus"] == "synced" for row in rows(page, "ratings"))
