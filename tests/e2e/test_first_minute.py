"""From the first look at the page to music, and to the one offer to learn."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page, Route

from tests.e2e.listener import WITHOUT_ENGINE, play, wait_until_playing
from tests.served import Served

TOPS = """() => ["#tune-list", "#tunes tbody tr", "#like", "#next"].map(
    (selector) => document.querySelector(selector).getBoundingClientRect().top)"""


def test_one_press_plays_the_first_tune_of_the_queue(without_engine: Page) -> None:
    page = without_engine
    first = page.text_content("#up-next li .name")
    assert page.is_visible("text=Music of the Commodore 64.")
    assert page.is_hidden("#match"), "a card without contents"
    page.click("#start-listening")
    wait_until_playing(page)
    assert page.text_content("#now-title") == first
    assert page.is_hidden("#start")


def test_play_and_space_start_the_music_too(without_engine: Page) -> None:
    page = without_engine
    page.click("#play-pause")
    wait_until_playing(page)
    page.reload()
    page.wait_for_selector("html[data-ui=ready]")
    page.keyboard.press("Space")
    wait_until_playing(page)


def test_a_press_before_the_page_has_its_python_plays_as_soon_as_there_are_tunes(
    context: BrowserContext, served: Served
) -> None:
    held: list[Route] = []
    context.route("**/page/modules.bin", lambda route: held.append(route))
    page = context.new_page()
    page.add_init_script(WITHOUT_ENGINE)
    with page.expect_request("**/page/modules.bin"):
        page.goto(served.url)
    page.click("#start-listening")
    assert page.get_attribute("html", "data-ui") is None
    for route in held:
        route.continue_()
    wait_until_playing(page)


def test_the_offer_to_learn_moves_nothing(without_engine: Page) -> None:
    page = without_engine
    page.evaluate("localStorage.setItem('sidflow.likes', '2')")
    play(page, 1)
    before = page.evaluate(TOPS)
    page.click("#like")
    page.wait_for_selector("#learn-offer", state="visible")
    assert page.evaluate(TOPS) == before
    page.click("#learn-later")
    page.wait_for_selector("#learn-offer", state="hidden")
    assert page.evaluate(TOPS) == before


def test_a_quiet_line_says_that_the_browser_is_offline(without_engine: Page) -> None:
    page = without_engine
    page.wait_for_selector("#offline-note", state="hidden")
    page.context.set_offline(True)
    page.wait_for_selector("#offline-note", state="visible")
    assert page.inner_text("#offline-note") == "You are offline. Tunes that were played before still play."
    page.context.set_offline(False)
    page.wait_for_selector("#offline-note", state="hidden")


SIZES = (
    (320, 640),
    (360, 740),
    (768, 1024),
    (1000, 640),
    (1024, 768),
    (1280, 720),
    (1366, 768),
    (1920, 1080),
)

IN_SIGHT = """() => {
    const start = document.querySelector("#start-listening");
    const { left, right, top, bottom } = start.getBoundingClientRect();
    const isStart = (y) => start.contains(document.elementFromPoint((left + right) / 2, y));
    return [top + 4, bottom - 4].every(isStart);
}"""


def test_start_is_in_sight_in_every_window(without_engine: Page) -> None:
    page = without_engine
    page.wait_for_selector("#tunes tbody tr button.tune")
    hidden = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        if not page.evaluate(IN_SIGHT):
            hidden.append((width, height))
    assert hidden == []
