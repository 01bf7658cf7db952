"""A server with a collection: its listeners find and play all tunes, with predictions, and add nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.collection_tree import AUTHORS, path_of, plant
from tests.e2e.conftest import usable
from tests.e2e.listener import wait_for_engine, wait_for_text, wait_until_playing
from tests.e2e.test_analysis_file import COUNT as DEMOS
from tests.e2e.test_analysis_file import analysis_file, music, predicted
from tests.e2e.test_collection import SITE, search, wait_for_rows
from tests.patience import patient, wait_until
from tests.served import Served, serve

__all__ = ["music"]

COUNT = 40
FOLDER = "MUSICIANS/D/Demo"


@pytest.fixture(scope="module")
def served(music: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site with tunes that an analysis file knows, and others."""
    tree = plant(tmp_path_factory.mktemp("site") / "Site music", COUNT)
    shutil.copytree(music, tree / FOLDER)
    (tree / "DOCUMENTS" / "hvsc.sidan").write_bytes(analysis_file(music))
    stil = f"/{path_of(5)}\nCOMMENT: Xylophone"
    (tree / "DOCUMENTS" / "STIL.txt").write_text(stil)
    with serve(tmp_path_factory.mktemp("served"), "--collection", str(tree)) as served:
        yield served


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = patient(browser.new_context())
    yield context
    context.close()


@pytest.fixture(scope="module")
def page(context: BrowserContext, served: Served) -> Iterator[Page]:
    """One page for all tests, whose list has the collection."""
    wait_until(lambda: '"tunes":0,' not in urlopen(served.url + "/api/collection").read().decode())
    with usable(context.new_page(), served) as page:
        wait_for_rows(page, SITE + COUNT + 1 + DEMOS)
        yield page


def test_first_visit_finds_and_plays_each_tune(page: Page) -> None:
    search(page, "tune number 16", 1)
    page.click("#tunes tbody tr:first-child button.tune")
    wait_for_text(page, "#now-title", "Tune number 16")
    wait_until_playing(page)
    search(page, "xylophone", 1)
    page.fill("#search", "")
    assert page.is_hidden("#own-music")


def test_folders_and_composers_have_pages(page: Page) -> None:
    page.select_option("#folder", label="Site music")
    wait_for_rows(page, COUNT + 1 + DEMOS)
    page.evaluate("location.hash = 'folder=collection&path=MUSICIANS/R/Rob_Hubbard'")
    wait_for_rows(page, COUNT // len(AUTHORS))
    page.evaluate("location.hash = 'composer=jeroen tel'")
    wait_for_rows(page, COUNT // len(AUTHORS))
    page.evaluate("location.hash = ''")


def test_analysis_file_of_the_site_predicts(page: Page) -> None:
    wait_for_engine(page)
    page.evaluate(f"location.hash = 'folder=collection&path={FOLDER}'")
    wait_for_rows(page, DEMOS)
    predicted(page, DEMOS)
    page.evaluate("location.hash = ''")
