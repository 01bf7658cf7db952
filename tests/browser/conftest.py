"""A real browser, the real server, and Pyodide in a worker, for the tests in this folder."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from app.errors import SetupError
from app.paths import paths
from app.setup.chromium import chromium
from tests.browser.site import Site, serve_application
from tests.patience import PATIENCE_MS, patient

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
    # Tests must not use the network beyond this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
MADE_BY_SETUP = ("pyodide/pyodide.mjs", "micropython/micropython.mjs", "pyscript/core.js")


class Pyodide:
    """Pyodide in a worker of a page, with the library and the tests' Python files."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page = page
        setup = {"wheel": site.wheel, "files": site.files}
        page.evaluate("arguments => startPyodide(...arguments)", [setup, PATIENCE_MS])

    def call(self, module: str, name: str, *arguments: Any) -> Any:
        """Run a function of ``tests/browser/in_pyodide``; an exception there fails the test here."""
        where = [f"tests.browser.in_pyodide.{module}", name, json.dumps(arguments)]
        try:
            answer = self.page.evaluate("where => python.call(...where)", where)
        except Error as exc:
            if "Traceback" not in exc.message:
                raise
            pytest.fail(f"in Pyodide: {exc.message}", pytrace=False)
        return json.loads(answer)


class KillableBrowser:
    """A browser whose pages can be killed at any moment."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self._browser = browser
        self._site = site
        self._context = patient(browser.new_context())
        self._killed: set[int] = set()

    def open_page(self) -> Page:
        """Open a page after the browser has noticed dead processes, so that it doesn't reuse one of them."""
        while self._killed & self._renderers():
            sleep(0.05)
        return open_harness(self._context, self._site)

    def die(self, page: Page, script: str, argument: object) -> None:
        """Run a function on the page that causes the page to be killed."""
        with page.expect_event("crash"):
            page.evaluate(f"argument => {{ setTimeout(() => ({script})(argument)) }}", argument)

    def arm(self) -> None:
        """Kill all pages as soon as one requests /test/kill, which is never answered."""
        pids = self._renderers()

        def kill() -> None:
            self._site.on_kill = lambda: None
            self._killed |= pids
            for pid in pids:
                os.kill(pid, signal.SIGKILL)

        self._site.on_kill = kill

    def _renderers(self) -> set[int]:
        session = self._browser.new_browser_cdp_session()
        info = session.send("SystemInfo.getProcessInfo")
        session.detach()
        return {process["id"] for process in info["processInfo"] if process["type"] == "renderer"}


@pytest.fixture(scope="session")
def executable() -> Path:
    """A working Chromium; fails if set-up wasn't run."""
    missing = [name for name in MADE_BY_SETUP if not (paths().vendor / name).exists()]
    if missing:
        pytest.fail(f"{missing[0]} is missing in {paths().vendor}: run `make setup` first.", pytrace=False)
    try:
        return chromium()
    except SetupError as exc:
        pytest.fail(str(exc), pytrace=False)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serve_application(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="module")
def browser(executable: Path) -> Iterator[Browser]:
    """One Chromium per module: async tests can't run while sync Playwright does."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A new browser profile with its own storage and channels."""
    with patient(browser.new_context()) as context:
        yield context


@pytest.fixture
def open_page(context: BrowserContext, site: Site) -> Callable[[], Page]:
    """Open tabs in the same profile."""
    return lambda: open_harness(context, site)


@pytest.fixture(scope="module")
def pyodide(browser: Browser, site: Site) -> Iterator[Pyodide]:
    """One Pyodide per module, for tests that leave no state in it."""
    with patient(browser.new_context()) as context:
        yield Pyodide(open_harness(context, site), site)


@pytest.fixture
def killable(browser: Browser, executable: Path, site: Site) -> Iterator[KillableBrowser]:
    own = browser.browser_type.launch(executable_path=executable, args=CHROMIUM_ARGS)
    yield KillableBrowser(own, site)
    site.on_kill = lambda: None
    own.close()


@pytest.fixture
def without_storage(browser: Browser, executable: Path, tmp_path: Path) -> Iterator[BrowserContext]:
    """A browser in which the listener has blocked site storage."""
    preferences = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(preferences))
    with patient(
        browser.browser_type.launch_persistent_context(
            tmp_path, executable_path=executable, args=CHROMIUM_ARGS
        )
    ) as context:
        yield context


def open_harness(context: BrowserContext, site: Site) -> Page:
    """Open a page that only contains functions to start Python."""
    page = context.new_page()
    page.goto(f"{site.url}/test/browser/harness.html")
    page.wait_for_function("globalThis.harness")
    return page
