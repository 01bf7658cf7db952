"""A server with a collection: its listeners find and play all tunes, with predictions, and add nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.collection_tree import AUTHORS, path_of, plant
from tests.e2e.conftest import usable
from tests.e2e.listener import WITHOUT_ENGINE, wait_for_engine, wait_for_text, wait_until_playing
from tests.e2e.music import wait_for_rows
from tests.e2e.test_analysis_file import COUNT as DEMOS
from tests.e2e.test_analysis_file import analysis_file, music, predicted
from tests.e2e.test_collection import SITE, result, search
from tests.patience import patient, wait_until
from tests.served import Served, serve

__all__ = ["music"]

COUNT = 40
FOLDER = "MUSICIANS/D/Demo"
ALL = SITE + COUNT + 1 + DEMOS


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("site") / "Site music", COUNT)


@pytest.fixture(scope="module")
def served(tree: Path, music: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site with tunes that an analysis file knows, and others."""
    shutil.copytree(music, tree / FOLDER)
    (tree / "DOCUMENTS" / "hvsc.sidan").write_bytes(analysis_file(music))
    stil = f"/{path_of(5)}\nCOMMENT: Xylophone"
    (tree / "DOCUMENTS" / "STIL.txt").write_text(stil)
    with serve(tmp_path_factory.mktemp("served"), "--collection", str(tree)) as served:
        wait_until(lambda: '"tunes":0,' not in urlopen(served.url + "/api/collection").read().decode())
        yield served


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = patient(browser.new_context())
    yield context
    context.close()


@pytest.fixture(scope="module")
def page(context: BrowserContext, served: Served) -> Iterator[Page]:
    """One page for all tests, whose list has the collection."""
    with usable(context.new_page(), served) as page:
        wait_for_rows(page, ALL)
        yield page


def test_first_visit_finds_and_plays_each_tune(page: Page) -> None:
    search(page, "tune number 16", 1)
    page.click("#tunes tbody tr:first-child button.tune")
    wait_for_text(page, "#now-title", "Tune number 16")
    wait_until_playing(page)
    search(page, "xylophone", 1)
    page.fill("#search", "")
    page.wait_for_selector("#own-music", state="hidden")


def test_folders_and_composers_have_pages(page: Page) -> None:
    page.select_option("#folder", label="Site music")
    wait_for_rows(page, COUNT + 1 + DEMOS)
    page.evaluate("location.hash = '#/folder/collection/MUSICIANS/R/Rob_Hubbard'")
    wait_for_rows(page, COUNT // len(AUTHORS))
    page.evaluate("location.hash = '#/composer/jeroen%20tel'")
    wait_for_rows(page, COUNT // len(AUTHORS))
    page.evaluate("location.hash = ''")


def test_analysis_file_of_the_site_predicts(page: Page) -> None:
    wait_for_engine(page)
    page.evaluate(f"location.hash = '#/folder/collection/{FOLDER}'")
    wait_for_rows(page, DEMOS)
    predicted(page, DEMOS)
    page.evaluate("location.hash = ''")


def test_listeners_copy_is_listed_instead_of_the_sites(page: Page, tree: Path) -> None:
    page.set_input_files("#own-file", tree / path_of(16))
    assert result(page).startswith("1 tune")
    search(page, "tune number 16", 1)
    page.fill("#search", "")
    wait_for_rows(page, ALL)
    page.select_option("#folder", label="Site music")
    wait_for_rows(page, COUNT + 1 + DEMOS)
    page.select_option("#folder", index=0)
    wait_for_rows(page, ALL)


@pytest.mark.parametrize("kind", ["catalog", "md5"])
def test_collection_that_changes_while_it_loads_is_read_again(
    browser: Browser, served: Served, kind: str
) -> None:
    asked: list[dict[str, object]] = []

    def answer(route: Route) -> None:
        info = route.fetch().json()
        if not asked:
            info[kind] = "collection/files/gone"  # As if other files had replaced it a moment later.
        asked.append(info)
        route.fulfill(json=info)

    with patient(browser.new_context()) as context:
        context.route("**/api/collection", answer)
        page = context.new_page()
        page.add_init_script(WITHOUT_ENGINE)
        with usable(page, served):
            wait_for_rows(page, ALL)
            search(page, "xylophone", 1)  # STIL.txt is read after the MD5s.
            assert len(asked) == 2


def test_collection_that_can_not_be_read_is_asked_for_again(browser: Browser, served: Served) -> None:
    failures = iter((lambda route: route.abort(), lambda route: route.fulfill(status=503)))

    def answer(route: Route) -> None:
        next(failures, Route.continue_)(route)

    with patient(browser.new_context()) as context:
        context.route("**/api/collection", answer)
        page = context.new_page()
        page.add_init_script(WITHOUT_ENGINE)
        page.goto(f"{served.url}/#/tune/{path_of(5)}")
        wait_for_text(page, "#notice", "The site's collection can't be loaded: the server can't be reached.")
        assert "Trying again" in page.inner_text("#notice")
        wait_for_rows(page, ALL)
        page.wait_for_selector("#notice", state="hidden")
        wait_for_text(page, "#now-title", "Tune number 5")


def test_collection_is_there_without_a_server(page: Page, context: BrowserContext, served: Served) -> None:
    page.wait_for_selector("html[data-offline=ready]")
    search(page, "tune number 26", 1)
    page.click("#tunes tbody tr:first-child button.tune")
    wait_for_text(page, "#now-title", "Tune number 26")
    wait_until_playing(page)
    page.close()
    served.process.kill()
    context.set_offline(True)
    with usable(context.new_page(), served) as later:
        wait_for_rows(later, ALL)
        search(later, "xylophone", 1)
        search(later, "tune number 26", 1)
        later.click("#tunes tbody tr:first-child button.tune")
        wait_until_playing(later)
