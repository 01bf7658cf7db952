"""What goes wrong during a soak. Each fault lasts for the seconds that it is given, and is over on return."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Final, TypeAlias

from playwright.sync_api import Error, Page

from tests.crash.killable_browser import KillableBrowser
from tests.crash.reports import Reports
from tests.e2e import faulty_proxy
from tests.e2e.faulty_proxy import FaultyProxy, forward
from tests.e2e.operator import Operator
from tests.patience import PATIENCE
from tests.shifted_clock import ShiftedClock, random_shift

EVENTS_PER_SECOND: Final = 1
"""An hour of them stays below the store's limit of plays."""


@dataclass
class Soak:
    """A page that records and shares, a proxy, the server behind it, and random faults of all."""

    browser: KillableBrowser
    reports: Reports
    proxy: FaultyProxy
    operator: Operator
    rng: random.Random
    page: Page
    clock: ShiftedClock
    ends: int = 0
    """How often the page has ended while it recorded."""

    def open(self) -> None:
        """Open the page in a new tab, with a clock that is right."""
        self.page = self.browser.recording_page(self.reports, pause=1 / EVENTS_PER_SECOND)
        self.clock = ShiftedClock(self.page)
        self.reload()

    def reload(self) -> None:
        """Open the page again in the same tab. It must come up whatever the network does."""
        self.ends += 1  # Of the last load, which may have been the first.
        self.page.goto(self.proxy.url)
        self.page.wait_for_selector("html[data-ui=ready]")

    def listen(self, seconds: float) -> None:
        """Let the time pass; the listener asks for an upload meanwhile."""
        time.sleep(seconds / 2)
        with contextlib.suppress(Error):  # The page may be without its engine, or gone.
            self.page.evaluate("document.querySelector('#sync-now').click()")
        time.sleep(seconds / 2)


Fault: TypeAlias = Callable[[Soak, float], None]


def lying_proxy(soak: Soak, seconds: float) -> None:
    """Uploads meet all that proxies do to them."""
    soak.proxy.fault = soak.rng.choice(UPLOAD_FAULTS)
    soak.listen(seconds)
    soak.proxy.fault = forward


def maintenance(soak: Soak, seconds: float) -> None:
    """Everything is answered with a page that isn't ours, while the listener reloads."""
    soak.proxy.fault, soak.proxy.everywhere = faulty_proxy.portal, True
    soak.reload()
    soak.listen(seconds)
    soak.proxy.fault, soak.proxy.everywhere = forward, False


def wrong_clock(soak: Soak, seconds: float) -> None:
    soak.clock.shift(random_shift(soak.rng))
    soak.listen(seconds)
    soak.clock.shift(0)


def full_disk(soak: Soak, seconds: float) -> None:
    """The browser has no room left for this site."""
    session = soak.page.context.new_cdp_session(soak.page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": soak.proxy.url, "quotaSize": 1})
    soak.listen(seconds)
    session.send("Storage.overrideQuotaForOrigin", {"origin": soak.proxy.url})
    session.detach()


def dead_engine(soak: Soak, seconds: float) -> None:
    """The engine's worker ends without a word."""
    for worker in soak.page.workers:
        if "/engine/worker" in worker.url:
            with contextlib.suppress(Error):
                worker.evaluate("self.close()")
    soak.listen(seconds)


def dead_tab(soak: Soak, seconds: float) -> None:
    """The page's process crashes; the listener opens it again."""
    soak.browser.crash_page(soak.page)
    soak.open()
    soak.listen(seconds)


def dead_server(soak: Soak, seconds: float) -> None:
    soak.operator.kill()
    soak.listen(seconds)
    soak.proxy.upstream = soak.operator.start().url


def locked_database(soak: Soak, seconds: float) -> None:
    """Another program holds the server's database."""
    with closing(sqlite3.connect(soak.operator.served.database, timeout=PATIENCE)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        soak.listen(seconds)
        connection.rollback()


FAULTS: Final[tuple[Fault, ...]] = (
    lying_proxy,
    maintenance,
    wrong_clock,
    full_disk,
    dead_engine,
    dead_tab,
    dead_server,
    locked_database,
)

UPLOAD_FAULTS: Final = (
    faulty_proxy.refused_connection,
    faulty_proxy.lost_answer,
    faulty_proxy.truncated_answer,
    faulty_proxy.portal,
    faulty_proxy.gatekeeper,
    faulty_proxy.redirect,
    faulty_proxy.error_500,
    faulty_proxy.busy_429,
    faulty_proxy.silence,
    faulty_proxy.held_answer,
)
