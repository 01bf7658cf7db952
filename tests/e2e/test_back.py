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


MENUS = {
    "#row-menu": "#tunes tbody tr:nth-child(2) .menu",
    "#list-menu": "#list-more",
    "#share-menu": "#share",
    "#filter-form": "#filter-panel > summary",
}
"""What each of them is opened with."""


@pytest.mark.parametrize("menu", MENUS)
def test_back_closes_a_menu_or_the_filters(phone: Page, menu: str) -> None:
    page = phone
    page.click("#tab-rate")
    page.click("#tab-play")
    depth = 0
    if menu == "#share-menu":
        page.click("#open-sheet")
        depth = 1
    for close in ("Back", "Escape"):
        page.click(MENUS[menu])
        page.wait_for_selector(menu, state="visible")
        page.wait_for_function(f"history.state === {depth + 1}")
        if close == "Back":
            page.go_back()
        else:
            page.keyboard.press("Escape")
        page.wait_for_selector(menu, state="hidden")
        page.wait_for_function(f"history.state === {depth}")
        assert page.is_visible("#play")
    for _ in range(depth + 1):
        page.go_back()
    page.wait_for_selector("#rate:not([hidden])")
    wait_status(page, "playing")


COUNT_STEPS = """() => {
    const go = history.go.bind(history);
    globalThis.steps = 0;
    history.go = (delta) => { steps++; go(delta); };
    addEventListener("popstate", () => { steps--; });
}"""
"""Counts the steps through the history that the page has asked for, and that are still to come."""


def test_menu_that_gives_way_to_another_leaves_one_entry(phone: Page) -> None:
    page = phone
    page.click("#tab-rate")
    page.click("#tab-play")
    page.wait_for_function("location.hash.startsWith('#/tune/')")
    page.evaluate(COUNT_STEPS)
    for number in (1, 2, 3):
        page.locator("#tunes .menu").nth(number).click()
        page.wait_for_selector("#row-menu", state="visible")
    page.wait_for_function("steps === 0 && history.state === 1")
    page.go_back()
    page.wait_for_selector("#row-menu", state="hidden")
    page.go_back()
    page.wait_for_selector("#rate:not([hidden])")


def test_composer_that_is_chosen_in_a_menu_is_one_step_from_the_list(phone: Page) -> None:
    page = phone
    for _ in range(2):
        before = address(page)
        page.locator("#tunes .menu").nth(1).click()
        page.get_by_role("menuitem", name="Open the composer’s page").click()
        page.wait_for_selector("#place-name", state="visible")
        page.wait_for_function("history.state === 0")
        page.go_back()
        page.wait_for_selector("#place-name", state="hidden")
        assert address(page) == before
    wait_status(page, "playing")


def test_a_tab_that_is_pressed_while_a_menu_is_open_opens(phone: Page) -> None:
    page = phone
    page.click("#list-more")
    page.wait_for_selector("#list-menu", state="visible")
    page.click("#tab-rate")
    page.wait_for_selector("#rate:not([hidden])")
    wait_for_hash(page, "#/rate")
    page.wait_for_selector("#list-menu", state="hidden")
    page.go_back()
    page.wait_for_selector("#play:not([hidden])")
