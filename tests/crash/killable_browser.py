"""A browser whose processes can be killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from pathlib import Path

from playwright.sync_api import BrowserContext, Error, Page, Playwright

from app.setup.chromium import chromium
from tests.browser.conftest import CHROMIUM_ARGS
from tests.crash.reports import SEND_REPORT, Reports
from tests.patience import patient, wait_until
from tests.shifted_clock import ShiftedClock
from tests.unguarded import let_python_in

RECORD = (Path(__file__).parent / "record.py").read_text()

WHEN_LOADED = """script => document.addEventListener("DOMContentLoaded", () => {
    const element = document.createElement("script");
    element.type = "mpy";
    element.textContent = script;
    document.body.append(element);
})"""

REPORT_COMMITTED = """url => {
    new BroadcastChannel("sidflow-feedback").onmessage = ({ data: { to, type, json } }) => {
        if (to === "pages" && type === "committed") tell(`${url}/committed/${JSON.parse(json).join(",")}`);
    };
}"""


class KillableBrowser:
    """A real Chromium with a profile on disk that survives a kill."""

    def __init__(self, playwright: Playwright, profile: Path) -> None:
        self._chromium = playwright.chromium
        self._profile = profile
        self._context = self._launch()

    def _launch(self) -> BrowserContext:
        context = patient(
            self._chromium.launch_persistent_context(
                self._profile,
                executable_path=chromium(),
                args=CHROMIUM_ARGS,
                bypass_csp=True,  # The page reports to the test's address.
            )
        )
        return let_python_in(context)

    def new_page(self) -> Page:
        """Replace all open or dead tabs by an empty one."""
        before = self._context.pages
        page = self._context.new_page()  # Must come first: without a tab the browser exits.
        for old in before:
            old.close()
        return page

    def recording_page(
        self, reports: Reports, clock_shift: int = 0, *, beside: bool = False, pause: float = 0.02
    ) -> Page:
        """Open a tab in which the page will record events as soon as it can.

        Parameters
        ----------
        reports
            What the page reports to.
        clock_shift
            Milliseconds by which the clock of the page and of its workers is ahead.
        beside
            Whether other tabs stay open.
        pause
            Seconds between two events.
        """
        page = self._context.new_page() if beside else self.new_page()
        ShiftedClock(page).shift(clock_shift)
        script = f"REPORTS, PAUSE = {reports.url!r}, {1000 * pause}\n{RECORD}"
        page.add_init_script(
            f"{SEND_REPORT}({WHEN_LOADED})({_js(script)});({REPORT_COMMITTED})({_js(reports.url)});"
        )
        return page

    def kill_page(self, page: Page, after: float = 0) -> None:
        """Kill the page's process after `after` seconds."""
        renderers = self._processes("renderer")
        time.sleep(after)
        with page.expect_event("crash"):
            for pid in renderers:
                _kill(pid)
        while set(renderers) & set(self._processes("renderer")):
            time.sleep(0.02)  # The browser must notice first; otherwise the next tab may get a dead process.

    def crash_page(self, page: Page) -> None:
        """Let the process of this tab, and of no other, crash."""
        with page.expect_event("crash"), contextlib.suppress(Error):
            page.goto("chrome://crash")

    def kill(self, after: float = 0) -> None:
        """Kill the whole browser after `after` seconds, and restart it with the same profile."""
        everything, main = self._processes(), self._processes("browser")
        time.sleep(after)
        with self._context.expect_event("close"):
            for pid in main:
                _kill(pid)
        _wait_until_gone(everything)
        self._context = self._launch()

    def close(self) -> None:
        self._context.close()

    def _processes(self, kind: str | None = None) -> list[int]:
        browser = self._context.browser
        assert browser is not None
        session = browser.new_browser_cdp_session()
        info = session.send("SystemInfo.getProcessInfo")["processInfo"]
        session.detach()
        return [process["id"] for process in info if kind in (None, process["type"])]


def _js(text: str) -> str:
    return json.dumps(text)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _wait_until_gone(pids: list[int]) -> None:
    """Wait for the browser's other processes, which exit by themselves: they hold files of the profile."""
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
