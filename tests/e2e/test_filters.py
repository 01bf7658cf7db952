"""The list of tunes: filters, and the menu of a row."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.collection_tree import plant
from tests.e2e.listener import PREDICTED, wait_for_text
from tests.e2e.music import SITE, add_folder, choose, wait_for_count, wait_for_names, wait_for_rows

COUNT = 40
ALL = SITE + COUNT


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("music") / "HVSC", COUNT)


def chips(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("#chips li").all_text_contents()]


def test_filters_combine_with_search_and_order_and_are_chips(without_engine: Page, tree: Path) -> None:
    page = without_engine
    add_folder(page, tree)
    wait_for_count(page, f"{ALL} tunes")
    page.click("#filter-panel summary")
    page.fill("[name=author]", "hubbard")
    wait_for_count(page, f"{COUNT // 5} of {ALL} tunes")
    page.fill("[name=from]", "1986")
    wait_for_count(page, f"0 of {ALL} tunes")
    page.fill("[name=from]", "1985")
    page.fill("[name=to]", "1985")
    page.select_option("[name=chip]", "6581")
    wait_for_count(page, f"{COUNT // 5} of {ALL} tunes")
    assert chips(page) == ["Composer: hubbard", "From: 1985", "Until: 1985", "Chip: 6581"]
    page.keyboard.press("Escape")
    page.wait_for_selector("#filter-panel:not([open])")
    page.fill("#search", "tune_00015")
    wait_for_count(page, f"1 of {ALL} tunes")
    page.fill("#search", "rob_hubbard")
    page.click("#tunes th.title button")
    page.wait_for_selector("#tunes th.title[aria-sort=ascending]")
    page.click("#tunes th.title button")
    page.wait_for_selector("#tunes th.title[aria-sort=descending]")
    wait_for_text(page, "#tunes .name", "Tune number 5")
    page.get_by_role("button", name="Remove the filter Chip: 6581").click()
    assert chips(page) == ["Composer: hubbard", "From: 1985", "Until: 1985"]
    choose(page, "Tune number 5", "Open its folder")
    page.wait_for_selector("#place:not([hidden])")
    page.click("#filter-panel summary")
    page.fill("[name=to]", "19")
    assert chips(page) == ["Composer: hubbard", "From: 1985"], "19 is no year"
    page.click("#clear-filters")
    wait_for_count(page, f"{ALL} tunes")
    assert page.evaluate("document.activeElement.id") == "search"
    assert chips(page) == []
    assert page.input_value("#search") == ""
    assert page.is_hidden("#place")
    assert page.is_hidden("#clear-filters")
    page.fill("#search", "tune_00015")
    wait_for_count(page, f"1 of {ALL} tunes")
    page.click("#clear-filters")
    wait_for_count(page, f"{ALL} tunes")


def test_an_empty_list_says_what_is_true(without_engine: Page) -> None:
    page = without_engine
    page.fill("#search", "nothing has this name")
    page.wait_for_selector("#no-tunes", state="visible")
    searched = "No tune has all of these words in its title, composer, release, path, or notes"
    assert page.text_content("#no-tunes") == f"{searched}."
    page.click("#filter-panel summary")
    page.select_option("[name=chip]", "6581")
    wait_for_text(page, "#no-tunes", f"{searched}, and passes the filters that are set.")
    page.fill("#search", "")
    page.fill("[name=author]", "nobody")
    wait_for_text(page, "#no-tunes", "No tune passes the filters that are set.")


GAPS = """() => {
    const range = document.createRange();
    range.selectNodeContents(document.querySelector("#list-count"));
    const text = range.getBoundingClientRect();
    return [text.top - document.querySelector("#filter-form").getBoundingClientRect().bottom,
        document.querySelector("#tune-list").getBoundingClientRect().top - text.bottom];
}"""


def test_number_of_tunes_has_room_below_the_open_filters(without_engine: Page) -> None:
    page = without_engine
    page.set_viewport_size({"width": 1366, "height": 768})
    page.click("#filter-panel summary")
    page.wait_for_selector("#filter-form", state="visible")
    assert min(page.evaluate(GAPS)) >= 8


def test_filter_by_feeling_shows_a_fifth_of_what_is_known(page: Page) -> None:
    page.wait_for_selector(PREDICTED)
    page.click("#filter-panel summary")
    page.select_option("[name=feeling]", "driving")
    wait_for_count(page, f"{SITE // 5} of {SITE} tunes")
    wait_for_rows(page, SITE // 5)
    driving = set(page.locator("#tunes .name").all_text_contents())
    page.select_option("[name=feeling]", "calm")
    wait_for_count(page, f"{SITE // 5} of {SITE} tunes")
    page.wait_for_function(
        "names => ![...document.querySelectorAll('#tunes .name')].some(e => names.includes(e.textContent))",
        arg=list(driving),
    )
    page.select_option("[name=feeling]", "dark")
    wait_for_count(page, f"0 of {SITE} tunes")


def test_menu_of_a_row_by_keyboard_returns_the_focus(without_engine: Page) -> None:
    page = without_engine
    page.focus("#tunes tbody tr:nth-child(2) .tune")
    page.keyboard.press("Shift+F10")
    page.wait_for_selector("#row-menu:popover-open")
    focused = "document.activeElement.textContent"
    assert page.evaluate(focused) == "Play next"
    page.keyboard.press("ArrowUp")
    assert page.evaluate(focused) == "Share a link"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == "Like"
    page.keyboard.press("Escape")
    page.wait_for_selector("#row-menu:popover-open", state="hidden")
    name = page.text_content("#tunes tbody tr:nth-child(2) .name")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == f"Actions for {name}"
    page.wait_for_selector("#tunes tbody tr:nth-child(2) .menu:not([aria-expanded])")


LIKES = """Object.entries(localStorage).filter(([, text]) => text.includes('"action": "like"')).length"""


def check_like_is_recorded_once_and_taken_back(page: Page) -> None:
    choose(page, "Tune number 7", "Like")
    page.wait_for_selector("#tunes tr[data-liked]")
    assert page.evaluate(LIKES) == 1
    page.reload()
    page.wait_for_selector("html[data-ui=ready]")
    page.fill("#search", "tune_00007")
    wait_for_names(page, ["Tune number 7"])
    page.wait_for_selector("#tunes tr[data-liked]")
    choose(page, "Tune number 7", "Take like back")
    page.wait_for_selector("#tunes tr[data-path]:not([data-liked])")
    assert page.text_content("#row-status") == "Your like of Tune number 7 is taken back."
    page.wait_for_function(f"{LIKES} === 0")
    choose(page, "Tune number 7", "Like")
    page.wait_for_selector("#tunes tr[data-liked]")
    assert page.evaluate(LIKES) == 1


def test_own_tunes_that_are_not_analyzed_say_so(without_engine: Page, tree: Path) -> None:
    page = without_engine
    assert page.locator("#tunes .unheard:visible").count() == 0
    add_folder(page, tree)
    page.fill("#search", "tune_00007")
    wait_for_names(page, ["Tune number 7"])
    assert page.inner_text("#tunes td.match") == "not heard yet"
    assert "when it plays, or while the browser is idle" in (
        page.get_attribute("#tunes td.match", "title") or ""
    )


def test_open_filters_do_not_cover_what_a_playlist_offers(without_engine: Page) -> None:
    page = without_engine
    for width in (360, 1200):
        page.set_viewport_size({"width": width, "height": 800})
        page.click("#filter-panel summary")
        page.select_option("#playlist", label="Favorites (0)")
        page.wait_for_selector("#playlist-bar:not([hidden])")
        form, bar = page.locator("#filter-form").bounding_box(), page.locator("#playlist-bar").bounding_box()
        assert form
        assert bar
        assert bar["y"] >= form["y"] + form["height"]
        page.click("#clear-filters")
        page.click("#filter-panel summary")


def test_menu_plays_next_likes_and_opens_the_composer(without_engine: Page, tree: Path) -> None:
    page = without_engine
    add_folder(page, tree)
    wait_for_count(page, f"{ALL} tunes")
    page.fill("#search", "tune_00007")
    wait_for_text(page, "#tunes .name", "Tune number 7")
    choose(page, "Tune number 7", "Play next")
    wait_for_text(page, "#up-next .name", "Tune number 7")
    assert page.text_content("#row-status") == "Tune number 7 plays next."
    page.fill("#search", "")
    wait_for_count(page, f"{ALL} tunes")
    page.wait_for_function(  # Though the list has others before it.
        """() => {
            const names = [...document.querySelectorAll("#up-next .name")].map((name) => name.textContent);
            return names.length > 1 && names[0] === "Tune number 7";
        }"""
    )
    page.fill("#search", "tune_00007")
    wait_for_count(page, f"1 of {ALL} tunes")
    check_like_is_recorded_once_and_taken_back(page)
    page.evaluate("() => { navigator.share = async ({ url }) => { window.shared = url; }; }")
    choose(page, "Tune number 7", "Share a link")
    page.wait_for_function("window.shared?.includes('#/tune/')")
    choose(page, "Tune number 7", "Open the composer’s page")
    wait_for_text(page, "#place-name", "Chris Hülsbeck")
    assert page.inner_text("#place-detail") == f"{COUNT // 5} tunes, 1985"
    page.wait_for_selector("#place-station")
    page.click("#place-close")
    choose(page, "Tune number 7", "Open its folder")
    wait_for_text(page, "#place-name", "Chris_Hülsbeck")
    page.wait_for_selector("#place-station", state="hidden")
