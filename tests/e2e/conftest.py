"""The served application and a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app.paths import paths
from app.setup.chromium import chromium
from tests.browser.conftest import CHROMIUM_ARGS
from tests.patience import patient
from tests.served import Served, serve


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("served")) as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium per module: async tests can't run while sync Playwright does."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = patient(browser.new_context())
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, served: Served) -> Iterator[Page]:
    """The page when it is usable; an uncaught error in it fails the test."""
    page = context.new_page()
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    yield page
    assert thrown == []


@pytest.fixture
def own_tune() -> Path:
    """A tune as in a listener's collection: a real one if available, else a demo tune."""
    root = Path(__file__).parents[2]
    given = root.parent / "shared" / "tunes" / "10_Orbyte.sid"
    return given if given.exists() else min((paths().vendor / "tunes").glob("*.sid"))
