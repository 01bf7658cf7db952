"""While music plays that the listener has added: stations, the map, and places lead back to the site's."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.listener import PREDICTED, wait_for_text, wait_until_playing
from tests.e2e.test_taste_map import CANVAS, empty_place, title, wait_for_another
from tests.wasm.psid import clicker, clicker_play, psid

OWN = "A tune of mine"
STATION = "Station, until you choose another tune: "


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.sid"
    path.write_bytes(psid(clicker(), play=clicker_play(), title=OWN.encode()))
    return path


def play_own(page: Page, file: Path) -> None:
    page.set_input_files("#own-file", file)
    wait_for_text(page, "#now-title", OWN)
    wait_until_playing(page)


def test_stations_and_the_map_play_music_of_the_site(page: Page, file: Path) -> None:
    page.wait_for_selector("html[data-model^=global]")
    page.wait_for_selector(PREDICTED)
    play_own(page, file)
    page.click("#stations [data-station=driving]")
    wait_for_another(page, OWN)
    wait_for_text(page, "#up-next-how", f"{STATION}driving tunes")
    assert page.locator("#up-next li").count() > 1

    page.click("#tunes tbody tr:first-child button.tune")
    wait_for_text(page, "#now-title", OWN)
    wait_until_playing(page)
    page.wait_for_function("!document.querySelector('#up-next-how').textContent.startsWith('Station')")
    page.click("#open-map")
    page.wait_for_selector(f"#map-dialog {CANVAS}")
    page.wait_for_function(f"document.querySelector('{CANVAS}').width > 200")
    page.mouse.click(*empty_place(page))
    wait_for_another(page, OWN)
    wait_for_text(page, "#up-next-how", f"{STATION}tunes from the map")


def test_a_place_plays_music_of_the_site(without_engine: Page, file: Path) -> None:
    page = without_engine
    play_own(page, file)
    page.evaluate("location.hash = '#/composer/sidflow%20bright'")
    wait_for_text(page, "#place-name", "sidflow bright")
    # The list may follow later than the name.
    page.wait_for_function("own => document.querySelector('#tunes tbody .name').textContent !== own", arg=OWN)
    first, second = page.locator("#tunes tbody .name").all_text_contents()[:2]
    page.click("#place-play")
    wait_for_text(page, "#now-title", first)
    wait_until_playing(page)
    wait_for_text(page, "#up-next-how", "In order, until you choose another tune: sidflow bright")
    page.click("#next")
    wait_for_text(page, "#now-title", second)
    assert title(page) != OWN
