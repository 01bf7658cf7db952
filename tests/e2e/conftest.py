"""The served application and a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright

from app.paths import paths
from app.setup.chromium import chromium
from tests.browser.conftest import CHROMIUM_ARGS
from tests.e2e.faulty_proxy import FaultyProxy, faulty_proxy
from tests.e2e.listener import ENGINE_SETUP, WITHOUT_ENGINE
from tests.e2e.operator import Operator
from tests.patience import PATIENCE_MS, patient
from tests.served import Served, serve

expect.set_options(timeout=PATIENCE_MS)  # Its own limit is 5 s.

START = "from sidflow_feedback.engine.start import start"
NO_LIMIT = "from sidflow_feedback.engine import runtime as engine; engine.TARGET_SHARE = 1.0; "


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
    with usable(context.new_page(), served) as page:
        yield page


@pytest.fixture
def without_engine(context: BrowserContext, served: Served) -> Iterator[Page]:
    """The same without an engine, which takes most of the time: events stay in the outbox."""
    page = context.new_page()
    page.add_init_script(WITHOUT_ENGINE)
    with usable(page, served) as page:
        yield page


@contextmanager
def usable(page: Page, served: Served) -> Iterator[Page]:
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    yield page
    assert thrown == []


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    operator = Operator(tmp_path)
    yield operator
    operator.close()


@pytest.fixture
def proxy(operator: Operator) -> Iterator[FaultyProxy]:
    with faulty_proxy(operator.served.url) as proxy:
        yield proxy


@pytest.fixture
def whole_processor(context: BrowserContext) -> None:
    """Let the engine use the whole processor; with its usual share, an analysis takes minutes."""
    context.route(ENGINE_SETUP, _fulfill_without_limit)


def _fulfill_without_limit(route: Route) -> None:
    answer = route.fetch()
    script = answer.text()
    assert START in script
    route.fulfill(response=answer, body=script.replace(START, NO_LIMIT + START))


@pytest.fixture
def own_tune() -> Path:
    """A tune as in a listener's collection: a real one if available, else a demo tune."""
    root = Path(__file__).parents[2]
    given = root.parent / "shared" / "tunes" / "10_Orbyte.sid"
    return given if given.exists() else min((paths().vendor / "tunes").glob("*.sid"))
