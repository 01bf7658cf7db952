"""Pages that embed the library on a static host, as docs/embed.md describes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from app.export import export_library
from app.paths import paths
from app.server.settings import Settings
from app.setup.wheel import build_library_wheel
from tests.browser.isolated_server import serve
from tests.e2e.listener import rows

EXAMPLE = Path(__file__).parents[2] / "docs" / "embed"
OPINION = (1, 1, 2, 2, 4, 4, 5, 5)
"""Ratings of the loops in order: faster and brighter ones are better."""


def from_files(folder: Path) -> str:
    """Add the library's files at the address in page.json; return the page's file name."""
    export_library(folder / "sidflow", Settings.from_environment({}))
    return "index.html"


def for_javascript(folder: Path) -> str:
    """Add the library's files, and no other Python; return the page's file name."""
    export_library(folder / "sidflow", Settings.from_environment({}))
    shutil.rmtree(folder / "sidflow" / "static" / "vendor" / "pyscript")
    return "javascript.html"


def from_wheel(folder: Path) -> str:
    """Add only PyScript, Pyodide, and the library's wheel; return the page's file name."""
    vendor = paths().vendor
    for name in ("pyscript", "pyodide"):
        shutil.copytree(vendor / name, folder / name)
    build_library_wheel(paths().library, folder)
    return "installed.html"


@pytest.fixture(scope="module", params=[from_files, from_wheel, for_javascript])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A static host with the example's files and the parts of the library that it needs."""
    folder = tmp_path_factory.mktemp("site") / "site"
    shutil.copytree(EXAMPLE, folder)
    page = request.param(folder)
    with serve(folder, isolated=False) as url:
        yield f"{url}/{page}"


@pytest.fixture
def page(context: BrowserContext, site: str) -> Iterator[Page]:
    page = context.new_page()
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.goto(site)
    page.wait_for_selector("#loops li:nth-child(8)")
    yield page
    assert thrown == []


def predicted(page: Page) -> list[float]:
    texts = page.eval_on_selector_all("#loops output", "outputs => outputs.map((one) => one.textContent)")
    return [float(text.removeprefix("you: ") or "nan") for text in texts]


def rate(page: Page, number: int, stars: int) -> None:
    page.click(f"#loops li:nth-child({number + 1}) button.play")
    page.click(f"#loops li:nth-child({number + 1}) button.rate:text-is('{stars}')")
    page.wait_for_function(
        "stars => document.querySelector('#status').textContent === `Rated ${stars}.`", arg=stars
    )


def test_embedding_page_learns_from_ratings_of_loops(page: Page) -> None:
    page.wait_for_function("document.querySelector('#status').textContent === 'Ready to learn.'")
    page.wait_for_function("[...document.querySelectorAll('#loops output')].every((one) => one.textContent)")
    before = predicted(page)
    for number, stars in enumerate(OPINION):
        rate(page, number, stars)
    # Training must continue although nothing repaints on this page after the last click.
    page.wait_for_function(
        "before => document.querySelector('#loops output').textContent !== before",
        arg=page.text_content("#loops output"),
    )
    page.wait_for_function("document.querySelector('#status').textContent === 'Learned.'")
    after = predicted(page)
    assert len(set(before)) == 1 or before != after
    assert max(after[:4]) < min(after[4:])
    stored = rows(page, "ratings", "loops")
    assert sorted(row["sidPath"] for row in stored) == [f"loop-{number}" for number in range(8)]
    assert all(set(row["features"]) >= {"energy", "bpm"} for row in stored)
    page.reload()
    page.wait_for_function(f"document.querySelector('#loops output')?.textContent === 'you: {after[0]}'")
    assert predicted(page) == after
