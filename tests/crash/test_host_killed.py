"""The tab that runs the engine is killed: the other tab goes on, and every recorded event is stored once."""

from __future__ import annotations

import random
import time

from tests.crash.killable_browser import KillableBrowser
from tests.crash.reports import Reports
from tests.crash.stored import check_all_are_stored, open_until_all_saved
from tests.e2e.listener import wait_for_engine
from tests.served import Served
from tests.shifted_clock import random_shift


def test_other_tab_goes_on(
    browser: KillableBrowser, served: Served, reports: Reports, rng: random.Random
) -> None:
    host = browser.recording_page(reports, random_shift(rng))
    host.goto(served.url)
    wait_for_engine(host)
    other = browser.recording_page(reports, random_shift(rng), beside=True)
    other.goto(served.url)
    wait_for_engine(other)
    reports.wait_for("committed", rng.randint(1, 4))
    time.sleep(rng.uniform(0, 1))
    browser.crash_page(host)
    killed = time.monotonic()
    reports.wait_for("committed", 2)
    print(f"committed again after {time.monotonic() - killed:.1f} s")
    page = browser.new_page()
    open_until_all_saved(page, served.url)
    check_all_are_stored(page, reports, ends=2)
