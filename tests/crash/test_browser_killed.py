"""The whole browser is killed: all events acknowledged as committed are stored, none twice.

There is no stronger promise: events that aren't committed yet are in localStorage, which Chromium writes to
disk some seconds later. A killed page loses none of them; a killed browser may.
"""

from __future__ import annotations

import random

from tests.crash.killable_browser import KillableBrowser
from tests.crash.reports import Reports
from tests.crash.stored import events, open_until_all_saved, unique_uuids
from tests.e2e.listener import wait_for_engine
from tests.served import Served
from tests.shifted_clock import random_shift


def test_committed_events_are_stored_once(
    browser: KillableBrowser, served: Served, reports: Reports, rng: random.Random
) -> None:
    page = browser.recording_page(reports, random_shift(rng))
    page.goto(served.url)
    wait_for_engine(page)
    reports.wait_for("committed", rng.randint(1, 6))
    browser.kill(after=rng.uniform(0, 1))
    page = browser.new_page()
    open_until_all_saved(page, served.url)
    stored = unique_uuids(events(page))
    committed = {uuid for text in reports.of("committed") for uuid in text.split(",")}
    assert committed - stored - set(reports.of("undone")) == set()
    assert committed
    lost = set(reports.of("recorded")) - stored
    print(f"{len(committed)} committed; of {len(reports.of('recorded'))} recorded {len(lost)} were lost")
