"""Back closes what covers the page, and leads back through what was visited; the music goes on."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.e2e.listener import play, wait_until_playing
from tests.e2e.test_links import wait_for_hash, wait_status

PHONE: ViewportSize = {"width": 360, "height": 740}


@pytest.fixture
def phone(without_engine: Page) -> Page:
    without_engine.set_viewport_size(PHONE)
    play(without_engine, 1)
    return without_engine


def address(page: Page) -> str:
    found: str = page.evaluate("location.hash")
    return found


def test_back_closes_the_sheet_and_the_music_goes_on(phone: Page) -> None:
    page = phone
    page.click("#open-sheet")
    page.wait_for_selector("#voices", state="visible")
    before = address(page)
    page.click("#next")
    page.wait_for_function("before => location.hash !== before", arg=before)
    wait_until_playing(page)
    title, song = page.text_content("#now-title"), address(page)
    page.go_back()
    page.wait_for_selector("#tune-list", state="visible")
    assert page.is_hidden("#voices")
    assert page.text_content("#now-title") == title
    wait_for_hash(page, song)
    wait_status(page, "playing")


@pytest.mark.parametrize("close", ["#close-sheet", "#open-sheet", "#tab-play", "Escape"])
def test_a_sheet_that_was_closed_leaves_nothing_to_go_back_to(phone: Page, close: str) -> None:
    page = phone
    page.click("#tab-rate")
    page.click("#tab-play")
    page.click("#open-sheet")
    page.wait_for_selector("#voices", state="visible")
    if close == "Escape":
        page.keyboard.press(close)
    else:
        page.click(close)
    page.wait_for_selector("#tune-list", state="visible")
    page.wait_for_function("history.state === 0")
    page.go_back()
    page.wait_for_selector("#rate:not([hidden])")


def test_a_tab_takes_the_place_of_the_sheet(phone: Page) -> None:
    page = phone
    page.click("#open-sheet")
    page.wait_for_selector("#voices", state="visible")
    page.click("#tab-rate")
    page.wait_for_selector("#rate:not([hidden])")
    page.go_back()
    page.wait_for_selector("#tune-list", state="visible")
    assert page.is_hidden("#voices")
    page.go_forward()
    page.wait_for_selector("#rate:not([hidden])")


def test_a_composer_that_is_pressed_in_the_sheet_is_shown(phone: Page) -> None:
    page = phone
    page.click("#open-sheet")
    page.click("#now-author button")
    page.wait_for_selector("#place-name", state="visible")
    assert page.is_hidden("#voices")
    page.go_back()
    page.wait_for_selector("#place-name", state="hidden")
    page.wait_for_function("history.state === 0")
    wait_status(page, "playing")


def test_back_closes_full_screen_and_then_the_sheet(phone: Page) -> None:
    page = phone
    page.click("#open-sheet")
    page.click("#full-screen")
    page.wait_for_function("document.fullscreenElement && history.state === 2")
    page.go_back()
    page.wait_for_function("!document.fullscreenElement && history.state === 1")
    assert page.is_visible("#voices")
    page.go_back()
    page.wait_for_selector("#tune-list", state="visible")


def test_back_closes_a_dialog(phone: Page) -> None:
    page = phone
    page.keyboard.press("?")
    page.wait_for_function("document.querySelector('#keys').open && history.state === 1")
    page.go_back()
    page.wait_for_function("!document.querySelector('#keys').open")
    page.keyboard.press("?")
    page.wait_for_function("history.state === 1")
    page.click("#keys-close")
    page.wait_for_function("history.state === 0")
