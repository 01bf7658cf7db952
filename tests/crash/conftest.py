"""The served application and a browser that can be killed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, sync_playwright

from tests.crash.killable_browser import KillableBrowser
from tests.crash.reports import Reports, listening
from tests.served import Served, serve

KILLS_EACH = 10
"""Kills per profile; few enough that the recorded events stay below the store's limit."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each run its own seed, shown in the test's name; ``--seed`` repeats it."""
    if "seed" not in metafunc.fixturenames:
        return
    runs = -(-metafunc.config.getoption("kills") // KILLS_EACH)
    seeds = metafunc.config.getoption("seed")[:runs]
    metafunc.parametrize("seed", seeds, ids=[f"seed {seed}" for seed in seeds])


@pytest.fixture
def rng(seed: int) -> random.Random:
    return random.Random(seed)


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    """The number of kills in this run."""
    return min(int(request.config.getoption("kills")), KILLS_EACH)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("served")) as served:
        yield served


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Ends with the module, because async tests can't run while sync Playwright does."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture
def browser(playwright: Playwright, tmp_path: Path) -> Iterator[KillableBrowser]:
    browser = KillableBrowser(playwright, tmp_path / "profile")
    yield browser
    browser.close()


@pytest.fixture
def reports() -> Iterator[Reports]:
    with listening() as reports:
        yield reports
