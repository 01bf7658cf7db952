"""Going on after a reload, one tab that plays, and the sleep timer."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.e2e.listener import WITHOUT_ENGINE, play, wait_for_text, wait_until_playing
from tests.served import Served

SECONDS = "() => 60 * parseInt(position.textContent) + parseInt(position.textContent.split(':')[1])"


def wait_status(page: Page, status: str) -> None:
    page.wait_for_function("status => document.querySelector('footer').dataset.status === status", arg=status)


def reload(page: Page) -> None:
    page.reload()
    page.wait_for_selector("html[data-ui=ready]")


def test_a_reload_offers_to_go_on_at_song_position_and_volume(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    page.fill("#volume", "30")
    page.fill("#progress", "0.5")
    page.wait_for_function("sidPlayer.progress === 1")
    page.click("#play-pause")
    wait_status(page, "paused")
    title, at = page.text_content("#now-title"), page.text_content("#position")
    seconds = page.evaluate("sidPlayer.position")
    reload(page)
    wait_for_text(page, "#start-listening", f"Go on with {title} at {at}")
    assert page.text_content("#now-title") == "Nothing is playing"
    assert page.input_value("#volume") == "30"
    page.click("#start-listening")
    wait_until_playing(page)
    assert page.text_content("#now-title") == title
    page.wait_for_function("at => sidPlayer.position >= at && sidPlayer.position < at + 20", arg=seconds)


def test_play_in_the_bar_goes_on_too_also_with_another_song(without_engine: Page) -> None:
    """The address names the song, too, but it isn't a link that somebody has shared."""
    page = without_engine
    play(page, 6)
    page.click("#next-song")
    page.wait_for_function("document.querySelector('#song').value === '2' && sidPlayer.position > 0")
    page.fill("#progress", "0.5")
    page.wait_for_function("sidPlayer.position > 5")
    page.click("#play-pause")
    wait_status(page, "paused")
    title, seconds = page.text_content("#now-title"), page.evaluate("sidPlayer.position")
    reload(page)
    wait_for_text(page, "#start-listening", f"Go on with {title}")
    page.click("#play-pause")
    wait_until_playing(page)
    assert page.evaluate("sidPlayer.position") >= seconds
    assert (page.text_content("#now-title"), page.input_value("#song")) == (title, "2")


def test_going_on_brings_station_and_tunes_that_were_put_next_back(without_engine: Page) -> None:
    page = without_engine
    page.set_viewport_size({"width": 1920, "height": 1080})
    play(page, 1)
    page.click("#stations [data-station=calm]")
    names: list[str | None] = []
    for row in (8, 6):
        page.click(f"#tunes tbody tr:nth-child({row}) .menu")
        page.click("#row-menu [data-action=next]")
        names.insert(0, page.text_content(f"#tunes tbody tr:nth-child({row}) .name"))
    page.click("#play-pause")
    wait_status(page, "paused")
    reload(page)
    assert page.get_attribute("#stations [data-station=calm]", "aria-pressed") == "false"
    page.click("#start-listening")
    wait_until_playing(page)
    page.wait_for_function(
        """names => names.every((name, at) =>
            document.querySelector(`#up-next li:nth-child(${at + 1}) .name`).textContent === name)""",
        arg=names,
    )
    wait_for_text(page, "#up-next-how", "In your order, until you pick another tune.")
    page.wait_for_selector("#stations [data-station=calm][aria-pressed=true]")


def test_going_on_in_a_sorted_list_brings_its_order_back(without_engine: Page) -> None:
    page = without_engine
    page.set_viewport_size({"width": 1920, "height": 1080})
    titles = page.locator("#tunes tbody .name").all_text_contents()
    page.click("#tunes th.title button")
    page.click("#tunes th.title button")
    wait_for_text(page, "#tunes tbody tr:first-child .name", max(titles, key=str.lower))
    play(page, 3)
    order = "In order, until you choose another tune: the list by title, the other way round"
    wait_for_text(page, "#up-next-how", order)
    names = page.locator("#up-next .name").all_text_contents()
    page.click("#play-pause")
    wait_status(page, "paused")
    reload(page)
    page.click("#start-listening")
    wait_until_playing(page)
    wait_for_text(page, "#up-next-how", order)
    assert page.locator("#up-next .name").all_text_contents() == names
    page.click("#next")
    wait_for_text(page, "#now-title", names[0])


def test_something_else_can_be_played_instead(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    page.click("#play-pause")
    wait_status(page, "paused")
    title, has_begun = page.text_content("#now-title"), page.evaluate("sidPlayer.position < 10")
    reload(page)
    wait_for_text(page, "#start-listening", f"Go on with {title}")
    text = page.text_content("#start-listening") or ""
    assert (" at " not in text) == has_begun, "not worth saying"
    page.click("#play-other")
    wait_until_playing(page)
    assert page.is_hidden("#start")


ROOM = """(text) => {
    const button = document.querySelector("#start-listening");
    button.textContent = text;
    const range = document.createRange();
    range.selectNodeContents(button);
    const [inner, outer] = [range, button].map((one) => one.getBoundingClientRect());
    return [inner.top - outer.top, outer.bottom - inner.bottom, inner.left - outer.left];
}"""


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1366, 768)])
def test_a_long_title_has_room_within_the_button(without_engine: Page, width: int, height: int) -> None:
    page = without_engine
    page.set_viewport_size({"width": width, "height": height})
    text = "Go on with a tune whose title needs more than one line, at all widths, at 1:02"
    assert min(page.evaluate(ROOM, text)) >= 6


def test_a_tune_that_played_incognito_is_not_offered(without_engine: Page) -> None:
    page = without_engine
    page.click("#incognito")
    page.click("#tunes tbody tr:nth-child(1) button.tune")
    wait_status(page, "playing")
    page.click("#play-pause")
    wait_status(page, "paused")
    reload(page)
    assert page.text_content("#start-listening") == "Start listening"
    assert page.is_hidden("#play-other")


def test_the_newest_tab_plays_and_the_other_says_so(
    without_engine: Page, context: BrowserContext, served: Served
) -> None:
    first = without_engine
    play(first, 1)
    second = context.new_page()
    second.add_init_script(WITHOUT_ENGINE)
    second.goto(served.url)
    second.wait_for_selector("html[data-ui=ready]")
    play(second, 2)
    wait_status(first, "paused")
    assert first.text_content("#elsewhere") == "Playing in another tab."
    wait_status(second, "playing")
    first.click("#play-pause")
    wait_status(second, "paused")
    wait_status(first, "playing")
    assert first.text_content("#elsewhere") == ""


def test_sleep_timer_counts_down_fades_and_pauses(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    page.add_init_script(WITHOUT_ENGINE)
    page.add_init_script(
        """globalThis.ahead = 0;
        const now = performance.now.bind(performance);
        performance.now = () => now() + ahead;"""
    )
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    play(page, 1)
    page.select_option("#sleep", "15")
    shown = "document.querySelector('#sleep').selectedOptions[0].textContent"
    page.wait_for_function(f"{shown} === '15 min left'")
    page.evaluate("ahead += 14.5 * 60 * 1000")
    page.wait_for_function(f"/^(30|[12]?\\d) s left$/.test({shown})")
    wait_until_playing(page)
    page.evaluate("ahead += 40 * 1000")
    wait_status(page, "paused")
    page.wait_for_function(f"{shown} === 'off'")
    assert page.text_content("#sleep option[value='15']") == "15 min"


def test_sleep_timer_stops_at_the_end_of_the_tune(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    title = page.text_content("#now-title")
    page.select_option("#sleep", "end")
    page.fill("#progress", "0.98")
    wait_status(page, "stopped")
    assert page.text_content("#now-title") == title
    assert page.input_value("#sleep") == ""
    page.wait_for_function("document.title === 'sidflow'")
