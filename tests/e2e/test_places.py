"""Folders, composers, and what STIL.txt says: from a zip of a collection, in a real browser."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.collection_tree import path_of, plant
from tests.e2e.listener import holding, wait_for_text, wait_until_playing
from tests.e2e.music import wait_for_rows
from tests.e2e.test_collection import ROWS

COUNT = 40
TUNES = COUNT + 1
SITE = 60
STIL = """
/MUSICIANS/R/Rob_Hubbard/
COMMENT: The whole folder.

/MUSICIANS/R/Rob_Hubbard/Tune_00005.sid
(#1)
   NAME: The Fifth
  TITLE: Moonlight Sonata (0:30)
 ARTIST: Ludwig van Beethoven
"""
CURRENT = "#tunes tr[aria-current=true] .name"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("music")
    tree = plant(root / "C64Music", COUNT)
    (tree / "DOCUMENTS" / "STIL.txt").write_text(STIL)
    target = root / "HVSC.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(tree.rglob("*")):
            archive.write(path, path.relative_to(root))
    return target


def wait_for_place(page: Page, name: str) -> None:
    page.wait_for_function("name => document.querySelector('#place-name').textContent === name", arg=name)


def test_zip_with_documents_becomes_folders_composers_and_notes(without_engine: Page, archive: Path) -> None:
    page = without_engine
    check_documents_are_read(page, archive)
    check_notes_are_searched_and_shown(page)
    check_composer_and_folder_are_places(page)
    check_tunes_of_a_place_follow_each_other(page)
    check_place_has_an_address(page)


def test_zip_that_is_added_twice_at_a_time_is_one_folder(
    without_engine: Page, archive: Path, tmp_path: Path
) -> None:
    page = without_engine
    again = shutil.copy(archive, tmp_path)  # The same file would be no change for the browser.
    with holding(page.context, "**/sid.wasm"):
        for file in (archive.parent / "C64Music" / path_of(5), archive, again):
            page.set_input_files("#own-file", file)
            page.wait_for_selector("#indexing", state="visible")
    wait_for_text(page, "#collection-result", "tunes, 0 of them new.")
    assert page.evaluate(ROWS, "folders") == 2  # Single files are one, too.


def check_documents_are_read(page: Page, archive: Path) -> None:
    page.set_input_files("#own-file", archive)
    page.wait_for_selector("#collection-result:not(:empty)")
    message = page.text_content("#collection-result") or ""
    assert message.startswith(f"{TUNES} tunes, {COUNT} of them new. The lengths of {COUNT} tunes")
    assert message.endswith("STIL.txt tells about 2 tunes.")


def check_notes_are_searched_and_shown(page: Page) -> None:
    page.fill("#search", "beethoven rob_hubbard")
    wait_for_rows(page, 1)
    page.click("#tunes tbody tr:first-child button.tune")
    wait_until_playing(page)
    page.wait_for_selector("#now-notes:not([hidden])")
    page.click("#details summary")
    assert page.inner_text("#now-path") == "HVSC/C64Music/MUSICIANS/R/Rob_Hubbard/Tune_00005.sid"
    assert page.inner_text("#now-notes").split("\n") == [
        *("Song title", "The Fifth"),
        *("Covers", "Moonlight Sonata by Ludwig van Beethoven, from 0:30"),
    ]


def check_composer_and_folder_are_places(page: Page) -> None:
    assert page.text_content("#second-column") == "Composer"
    page.fill("#search", "")
    page.click("#now-author button")
    wait_for_place(page, "Rob Hubbard")
    wait_for_rows(page, COUNT // 5)
    assert page.evaluate("document.activeElement.id") == "place-name"
    assert page.inner_text("#place-detail") == f"{COUNT // 5} tunes, 1985"
    assert page.inner_text("#place-comment") == "The whole folder."
    assert "1985 Maker" in page.locator("#tunes tbody .author").all_text_contents()
    assert page.text_content("#second-column") == "Release"

    page.click("#place-links button")
    wait_for_place(page, "Rob_Hubbard")
    assert page.inner_text("#place-trail").split("\n") == ["HVSC", "C64Music", "MUSICIANS", "R"]
    page.click("#place-trail li:nth-child(3) button")
    wait_for_place(page, "MUSICIANS")
    wait_for_rows(page, COUNT)
    parts = [part.split() for part in page.locator("#place-parts button").all_text_contents()]
    assert parts == [["B", "8"], ["C", "8"], ["J", "8"], ["M", "8"], ["R", "8"]]


def check_tunes_of_a_place_follow_each_other(page: Page) -> None:
    page.go_back()
    wait_for_place(page, "Rob_Hubbard")
    wait_for_rows(page, COUNT // 5)
    page.click("#place-play")
    page.wait_for_function("document.querySelector('#now-title').textContent === 'Tune number 0'")
    assert page.inner_text("#up-next-how").endswith(": Rob_Hubbard")
    page.click("#place-close")
    wait_for_rows(page, SITE + COUNT)
    page.click("#next")
    page.wait_for_function("document.querySelector('#now-title').textContent === 'Tune number 5'")
    page.click("#next")
    page.wait_for_function("document.querySelector('#now-title').textContent === 'Tune number 10'")


def check_place_has_an_address(page: Page) -> None:
    page.go_back()
    wait_for_place(page, "Rob_Hubbard")
    page.reload()
    page.wait_for_selector("html[data-ui=ready]")
    wait_for_place(page, "Rob_Hubbard")
    wait_for_rows(page, COUNT // 5)
    page.fill("#search", "moonlight")
    wait_for_rows(page, 1)
