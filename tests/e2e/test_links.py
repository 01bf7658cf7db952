"""Addresses of tabs, tunes, and positions: opened, shared, and gone back to."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.e2e.conftest import usable
from tests.e2e.listener import (
    HOLD_QUESTIONS,
    WITHOUT_ENGINE,
    holding,
    play,
    wait_for_engine,
    wait_for_text,
    wait_until_playing,
)
from tests.patience import wait_until
from tests.served import Served
from tests.wasm.psid import clicker, clicker_play, psid

TITLE, AUTHOR = "Tinsel Confetti", "sidflow bright"
SONGS = "#/tune/Demo/Tinsel_Confetti.sid"
FEELINGS = ("calm", "driving", "dark", "bright", "simple", "intricate")


def wait_for_hash(page: Page, text: str) -> None:
    page.wait_for_function("text => location.hash === text", arg=text)


def catalog(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(
        "async () => (await (await fetch('/static/vendor/tunes/catalog.json')).json()).tunes"
    )
    return found


def follow(page: Page, link: str) -> None:
    """Follow a link in the open page, as a press on it or an address that is typed does."""
    page.evaluate("link => { location.hash = link; }", link)


def open_link(context: BrowserContext, served: Served, link: str) -> Page:
    page = context.new_page()
    page.add_init_script(WITHOUT_ENGINE)
    page.goto(f"{served.url}/{link}")
    page.wait_for_selector("html[data-ui=ready]")
    return page


def wait_status(page: Page, status: str) -> None:
    page.wait_for_function("status => document.querySelector('footer').dataset.status === status", arg=status)


def test_link_to_song_and_position_is_shown_and_plays_from_there_at_one_press(
    without_engine: Page, context: BrowserContext, served: Served
) -> None:
    tune = next(tune for tune in catalog(without_engine) if tune["songs"] > 1)
    page = open_link(context, served, f"#/tune/{tune['sidPath']}?song=2&t=20")
    wait_for_text(page, "#now-title", tune["title"])
    wait_status(page, "paused")
    page.wait_for_function("sidPlayer.progress === 1 && sidPlayer.position === 20")
    assert page.input_value("#song") == "2"
    assert page.text_content("#position") == "0:20"
    page.click("#play-pause")
    wait_until_playing(page)
    page.wait_for_function("sidPlayer.position > 20.2")
    wait_for_hash(page, f"#/tune/{tune['sidPath']}?song=2")


@pytest.mark.parametrize(
    ("path", "words"),
    [("MUSICIANS/N/Nobody/Nothing.sid", "neither on this site"), ("sha256:" + "0" * 64, "the same file")],
)
def test_link_to_a_tune_that_is_not_here_says_what_to_do(
    context: BrowserContext, served: Served, path: str, words: str
) -> None:
    page = open_link(context, served, f"#/tune/{path}")
    wait_for_text(page, "#notice", words)
    assert "Add files" in (page.text_content("#notice") or "")
    page.click("#start-listening")
    wait_until_playing(page)


def test_tabs_have_addresses_and_back_and_forward_move_between_them(
    context: BrowserContext, served: Served
) -> None:
    page = open_link(context, served, "#/insights")
    page.wait_for_selector("#insights:not([hidden])")
    page.click("#tab-rate")
    wait_for_hash(page, "#/rate")
    page.click("#tab-preferences")
    page.click("#tab-play")
    wait_for_hash(page, "#/")
    page.go_back()
    page.wait_for_selector("#preferences:not([hidden])")
    page.go_back()
    page.wait_for_selector("#rate:not([hidden])")
    page.go_forward()
    page.wait_for_selector("#preferences:not([hidden])")
    assert page.get_attribute("#tab-preferences", "aria-selected") == "true"


def test_a_tune_that_starts_replaces_the_address_and_back_does_not_stop_the_music(
    without_engine: Page,
) -> None:
    page = without_engine
    play(page, 1)
    first, second = (tune["sidPath"] for tune in catalog(page)[:2])
    wait_for_hash(page, f"#/tune/{first}")
    entries = page.evaluate("history.length")
    play(page, 2)
    wait_for_hash(page, f"#/tune/{second}")
    assert page.evaluate("history.length") == entries
    page.click("#tab-rate")
    page.click("#tab-play")
    wait_for_hash(page, f"#/tune/{second}")
    title = page.text_content("#now-title")
    play(page, 1)
    page.go_back()
    page.wait_for_selector("#rate:not([hidden])")
    page.go_back()
    page.wait_for_selector("#play:not([hidden])")
    assert page.text_content("#now-title") != title
    wait_status(page, "playing")


def test_a_link_that_is_followed_while_music_plays_plays_what_it_names(without_engine: Page) -> None:
    page = without_engine
    tunes = catalog(page)
    several = next(tune for tune in tunes[2:] if tune["songs"] > 1)
    play(page, 1)
    page.click("#tab-rate")
    follow(page, f"#/tune/{several['sidPath']}?song=2&t=20")
    page.wait_for_selector("#play:not([hidden])")
    wait_for_text(page, "#now-title", several["title"])
    page.wait_for_function("sidPlayer.position > 20.2 && song.value === '2'")
    wait_status(page, "playing")
    follow(page, f"#/tune/{several['sidPath']}")
    page.wait_for_function(f"song.value === '{several['startSong']}'")
    wait_status(page, "playing")
    page.click("#play-pause")
    wait_status(page, "paused")
    follow(page, f"#/tune/{tunes[1]['sidPath']}")
    wait_for_text(page, "#now-title", tunes[1]["title"])
    wait_status(page, "playing")


def test_back_and_forward_between_two_links_play_them(without_engine: Page) -> None:
    page = without_engine
    first, second = catalog(page)[:2]
    play(page, 1)
    follow(page, f"#/tune/{second['sidPath']}")
    wait_for_text(page, "#now-title", second["title"])
    wait_status(page, "playing")
    page.go_back()
    wait_for_text(page, "#now-title", first["title"])
    wait_status(page, "playing")
    page.click("#play-pause")
    wait_status(page, "paused")
    page.go_forward()
    wait_for_text(page, "#now-title", second["title"])
    wait_status(page, "paused")


def test_back_from_another_view_brings_the_address_up_to_date(without_engine: Page) -> None:
    page = without_engine
    second = catalog(page)[1]
    play(page, 1)
    page.click("#tab-rate")
    page.click("#next")
    page.wait_for_function(
        "before => document.querySelector('#now-title').textContent !== before", arg=catalog(page)[0]["title"]
    )
    wait_until_playing(page)
    title = page.text_content("#now-title")
    page.go_back()
    page.wait_for_selector("#play:not([hidden])")
    assert page.text_content("#now-title") == title
    wait_for_hash(page, f"#/tune/{second['sidPath']}")


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("#/composer/nobody%20at%20all", "the composer “nobody at all”"),
        ("#/folder/none/Demos/Nobody", "the folder “Demos/Nobody”"),
        ("#/station/loud", "the station “loud”"),
    ],
)
def test_link_to_what_is_not_there_says_so_until_another_tune_plays(
    context: BrowserContext, served: Served, link: str, words: str
) -> None:
    page = open_link(context, served, link)
    wait_for_text(page, "#notice", words)
    page.wait_for_selector("#no-tunes", state="hidden")  # It doesn't look like an empty search.
    page.click("#start-listening")
    wait_until_playing(page)
    page.wait_for_selector("#notice", state="hidden")
    follow(page, "#/tune/Nothing.sid")
    page.wait_for_selector("#notice", state="visible")
    follow(page, "#/insights")
    page.wait_for_selector("#notice", state="hidden")
    wait_status(page, "playing")


def test_link_to_a_tune_that_is_added_afterwards_opens_it(
    context: BrowserContext, served: Served, own_tune: Path
) -> None:
    digest = hashlib.sha256(own_tune.read_bytes()).hexdigest()
    page = open_link(context, served, f"#/tune/sha256:{digest}")
    wait_for_text(page, "#notice", "the same file")
    page.set_input_files("#own-file", own_tune)
    page.wait_for_selector("#notice", state="hidden")
    page.wait_for_function("document.querySelector('#now-title').textContent !== 'Nothing is playing'")


def test_link_to_a_station_wins_over_going_on(
    without_engine: Page, context: BrowserContext, served: Served
) -> None:
    play(without_engine, 1)
    without_engine.click("#play-pause")
    wait_status(without_engine, "paused")
    wait_for_text(open_link(context, served, ""), "#start-listening", "Go on with")
    page = open_link(context, served, "#/station/calm")
    assert page.text_content("#start-listening") == "Start listening"
    assert page.get_attribute("#stations [data-station=calm]", "aria-pressed") == "true"
    assert page.is_visible("#stop-station")
    page.click("#start-listening")
    wait_until_playing(page)


def test_link_to_a_station_plays_it_while_music_plays(page: Page) -> None:
    wait_for_engine(page)
    page.wait_for_selector("html[data-model^=global]")
    play(page, 1)
    before = page.text_content("#now-title")
    follow(page, "#/station/driving")
    page.wait_for_function(
        "before => document.querySelector('#now-title').textContent !== before", arg=before
    )
    wait_for_text(page, "#up-next-how", "driving tunes")
    wait_until_playing(page)


def test_incognito_leaves_no_tune_in_the_address(without_engine: Page) -> None:
    page = without_engine
    page.click("#incognito")
    page.click("#tunes tbody tr:nth-child(1) button.tune")
    wait_status(page, "playing")
    wait_for_hash(page, "#/")


def test_shared_link_leads_to_the_song(context: BrowserContext, served: Served) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=served.url)
    page = context.new_page()
    page.add_init_script(WITHOUT_ENGINE)
    page.add_init_script("Navigator.prototype.share = undefined")
    with usable(page, served):
        assert page.is_disabled("#share")
        play(page, 3)
        page.fill("#progress", "0.5")
        page.wait_for_function("sidPlayer.progress === 1")
        page.click("#play-pause")
        page.click("#share")
        page.click("#share-song")
        wait_for_text(page, "#share-result", "Link copied.")
        at = page.evaluate("Math.floor(sidPlayer.position)")
        assert at > 10
        path = catalog(page)[2]["sidPath"]
        link = f"{served.url}/#/tune/{path}"
        assert page.evaluate("navigator.clipboard.readText()") == link
        page.click("#share-position")
        wait_until(lambda: page.evaluate("navigator.clipboard.readText()") == f"{link}?t={at}")


def test_share_uses_the_systems_dialog_where_there_is_one(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    page.add_init_script(WITHOUT_ENGINE)
    page.add_init_script("Navigator.prototype.share = async (what) => { globalThis.shared = what; }")
    with usable(page, served):
        play(page, 1)
        page.click("#share")
        page.click("#share-song")
        page.wait_for_function("globalThis.shared")
        shared = page.evaluate("shared")
        assert shared["title"] == page.text_content("#now-title")
        assert shared["url"].startswith(f"{served.url}/#/tune/")
        page.keyboard.press("Escape")
        page.wait_for_selector("#share-menu", state="hidden")


def test_link_to_a_station_says_what_comes_next(page: Page) -> None:
    page.wait_for_selector("html[data-model^=global]")
    for feeling in FEELINGS:
        follow(page, f"#/station/{feeling}")
        wait_for_text(page, "#up-next-how", f"Station, until you choose another tune: {feeling} tunes")
    page.wait_for_selector("#stop-station", state="visible")
    follow(page, "#/station/likes")
    wait_for_text(page, "#up-next-how", "This station needs tunes to start from")


@pytest.mark.parametrize("here", ["", "#/station/driving", "#/composer/sidflow%20bright"])
def test_link_leads_to_another_song_of_a_tune_from_the_queue(without_engine: Page, here: str) -> None:
    page = without_engine
    page.locator("#up-next li", has_text=TITLE).locator("button.tune").click()
    wait_for_text(page, "#now-title", TITLE)
    wait_until_playing(page)
    page.click("#play-pause")
    page.wait_for_selector("footer[data-status=paused]")
    if here:
        follow(page, here)
    if "composer" in here:
        wait_for_text(page, "#place-name", AUTHOR)
    for song in ("2", "3"):
        follow(page, f"{SONGS}?song={song}")
        wait_for_text(page, "#song", song)
        assert page.text_content("#now-title") == TITLE
    wait_status(page, "playing")


def test_advice_after_a_link_to_no_station_can_be_followed_on_a_phone(
    context: BrowserContext, served: Served
) -> None:
    page = open_link(context, served, "#/station/loud")
    wait_for_text(page, "#notice", "they are below “Up next”.")
    page.set_viewport_size({"width": 360, "height": 740})
    follow(page, "#/station/louder")
    wait_for_text(page, "#notice", "a press on the title at the bottom of the page opens.")
    page.click("#open-sheet")
    page.locator("#stations [data-station=calm]").scroll_into_view_if_needed()
    assert page.is_visible("#stations [data-station=calm]")


@pytest.mark.parametrize(
    ("link", "name"), [("#/folder/site", "Demo tunes"), ("#/composer/sidflow%20bright", AUTHOR)]
)
def test_place_of_demo_tunes_has_a_name_however_late_they_come(
    context: BrowserContext, served: Served, link: str, name: str
) -> None:
    page = context.new_page()
    page.add_init_script(WITHOUT_ENGINE)
    with holding(context, "**/catalog.json"):
        page.goto(f"{served.url}/{link}")
        wait_for_text(page, "#list-count", "0 tunes")  # The listener's own.
        assert page.inner_text("#no-tunes") == "Loading the library…"
    wait_for_text(page, "#place-name", name)
    page.wait_for_selector("#place", state="visible")


COMPOSER = "#/composer/sidflow%20bright"
ALL_TUNES_ARE_THERE = "by whom there is no tune"
"""Before, the page doesn't say what is missing."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "Mine"
    folder.mkdir()
    (folder / "mine.sid").write_bytes(psid(clicker(), play=clicker_play(), title=b"A tune of mine"))
    return folder


def test_tune_that_is_chosen_while_a_link_is_looked_up_plays_on(
    context: BrowserContext, served: Served, folder: Path
) -> None:
    page = open_link(context, served, "")
    page.set_input_files("#own-folder", folder)
    page.wait_for_selector("#collection-result:not(:empty)")
    page.wait_for_selector("#tunes tr[data-path^='sha256:']")
    path = page.get_attribute("#tunes tr[data-path^='sha256:']", "data-path")
    page.close()
    page = context.new_page()
    page.add_init_script(WITHOUT_ENGINE)
    page.add_init_script(HOLD_QUESTIONS)
    page.add_init_script("globalThis.holds = 'find'")
    page.goto(f"{served.url}/#/tune/{path}")
    page.wait_for_function("held.length > 0")
    tune = page.locator("#tunes tbody tr:not([data-path^='sha256:'])").first
    title = tune.locator(".name").text_content()
    tune.locator("button.tune").click()
    wait_until_playing(page)
    page.evaluate("release()")
    page.wait_for_selector("html[data-ui=ready]")
    assert page.text_content("#now-title") == title
    wait_status(page, "playing")


def open_composer(context: BrowserContext, served: Served) -> Page:
    page = context.new_page()
    page.add_init_script(WITHOUT_ENGINE)
    page.add_init_script(HOLD_QUESTIONS)
    page.goto(f"{served.url}/#/composer/nobody")
    wait_for_text(page, "#notice", ALL_TUNES_ARE_THERE)
    follow(page, COMPOSER)
    wait_for_text(page, "#place-name", AUTHOR)
    page.wait_for_selector("#place", state="visible")
    return page


def test_place_that_is_left_while_music_is_added_stays_closed(
    context: BrowserContext, served: Served, folder: Path
) -> None:
    page = open_composer(context, served)
    page.evaluate("globalThis.holds = 'place'")
    page.set_input_files("#own-folder", folder)
    page.wait_for_function("held.length > 1")  # To show the place, and to see whether it is there.
    page.click("#place-close")
    page.wait_for_selector("#place", state="hidden")
    page.evaluate("release()")
    page.fill("#search", "a tune of mine")
    wait_for_text(page, "#list-count", "1 of ")
    assert page.is_hidden("#place")


def test_place_is_still_there_after_music_was_added_on_another_tab(
    context: BrowserContext, served: Served, folder: Path
) -> None:
    page = open_composer(context, served)
    page.click("#tab-rate")
    wait_for_hash(page, "#/rate")
    count = page.text_content("#list-count")
    page.set_input_files("#own-folder", folder)
    page.wait_for_selector("#collection-result:not(:empty)", state="attached")
    page.wait_for_function("count => document.querySelector('#list-count').textContent !== count", arg=count)
    page.click("#tab-play")
    wait_for_hash(page, COMPOSER)
    assert page.is_visible("#place")
    page.fill("#search", "a tune of mine")
    wait_for_text(page, "#list-count", "0 of ")
