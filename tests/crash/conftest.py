"""The served application and a browser to kill."""

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
"""Kills of one profile; few enough that no more is recorded than the store keeps."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each run a seed of its own, which its name shows: ``--seed`` repeats it."""
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
    """Kills in this run."""
    return min(int(request.config.getoption("kills")), KILLS_EACH)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("served")) as served:
        yield served


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """While sync Playwright runs, no async test can: so it ends with the module."""
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
