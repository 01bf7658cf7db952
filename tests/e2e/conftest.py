"""The served application and a real browser, as a listener has them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app.setup.chromium import chromium
from app.setup.places import places

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
)
ENGINE_START = 60_000
"""Milliseconds that the engine may take on a busy machine; what it takes is measured in a benchmark."""


@dataclass(frozen=True)
class Served:
    """A running server: its address and its database."""

    url: str
    database: Path


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Start the console script as an operator would."""
    database = tmp_path_factory.mktemp("served") / "feedback.sqlite3"
    process = subprocess.Popen(
        [Path(sys.executable).with_name("sidflow-feedback"), "serve", "--port", "0"],
        env={**os.environ, "SIDFLOW_DATABASE_URL": f"sqlite:///{database}", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Served(_announced(process), database)
    finally:
        process.terminate()
        process.wait(timeout=20)
        assert process.stdout is not None
        process.stdout.close()


def _announced(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://[\w.:]+", line):
            return found.group().rstrip(".")
    raise AssertionError("The server ended without telling its address; run `make setup` to see why.")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium()), args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, served: Served) -> Iterator[Page]:
    """The page, usable; whatever it throws fails the test."""
    page = context.new_page()
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    yield page
    assert thrown == []


@pytest.fixture
def own_tune() -> Path:
    """A tune as a listener may have one, made by somebody else where there is one at hand."""
    root = Path(__file__).parents[2]
    given = root.parent / "shared" / "tunes" / "10_Orbyte.sid"
    return given if given.exists() else min((places().vendor / "tunes").glob("*.sid"))
