"""The player bar: its icons, and what its buttons do beyond playing."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.e2e.conftest import usable
from tests.e2e.listener import (
    WITHOUT_ENGINE,
    holding,
    outbox,
    play,
    rows,
    wait_for_count,
    wait_for_engine,
    wait_for_text,
    wait_until_playing,
)
from tests.patience import wait_until
from tests.served import Served

UNNAMED = """[...document.querySelectorAll("footer button")]
    .filter((button) => !(button.ariaLabel || button.textContent.trim())).map((button) => button.id)"""

EMPTY = """[...document.querySelectorAll("footer svg")]
    .filter((icon) => icon.checkVisibility() && !icon.querySelector("use").getBBox().width)
    .map((icon) => icon.parentElement.id)"""

FIRST_OF_ONE_SONG_AND_OF_SEVERAL = """async () => {
    const { tunes } = await (await fetch('/static/vendor/tunes/catalog.json')).json();
    return [tunes.findIndex(({ songs }) => songs === 1) + 1, tunes.findIndex(({ songs }) => songs > 1) + 1];
}"""
"""Numbers of rows in the list."""

PRESS_PREVIOUS_AGAIN = """title => {
    if (sidPlayer.position >= 3 || document.querySelector("#now-title").textContent !== title) return false;
    document.querySelector("#previous").click();
    return true;
}"""
"""Once a tune with this title has begun again, and at once: three seconds later, it would begin once more."""

HELD = pytest.mark.parametrize(("held", "status"), [("**/*.sid", "fetching"), ("**/sid.wasm", "loading")])


def title(page: Page) -> str:
    return page.text_content("#now-title") or ""


def wait_for_title(page: Page, text: str) -> None:
    page.wait_for_function("text => document.querySelector('#now-title').textContent === text", arg=text)
    wait_until_playing(page)


def test_each_button_has_a_name_and_an_icon_that_is_drawn(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    assert page.evaluate(UNNAMED) == []
    page.wait_for_function(f"{EMPTY}.length === 0")
    assert page.get_attribute("#play-pause", "aria-label") == "Pause"
    assert (page.get_attribute("#play-pause use", "href") or "").endswith("icons.svg#pause")
    page.click("#play-pause")
    page.wait_for_selector("#play-pause[aria-label=Play]")
    assert (page.get_attribute("#play-pause use", "href") or "").endswith("icons.svg#play")


@HELD
def test_pause_while_a_tune_loads_holds_it_until_play(
    without_engine: Page, context: BrowserContext, held: str, status: str
) -> None:
    page = without_engine
    with holding(context, held):
        page.click("#tunes tbody tr:first-child button.tune")
        page.wait_for_selector(f"footer[data-status={status}]")
        page.wait_for_selector("#play-pause[aria-label=Pause]")
        page.click("#play-pause")
        page.wait_for_selector("#play-pause[aria-label=Play]")
    page.wait_for_selector("footer[data-status=paused]")
    assert page.evaluate("sidPlayer.position") == 0
    assert page.is_disabled("#like")
    page.click("#play-pause")
    wait_until_playing(page)
    page.wait_for_selector("#play-pause[aria-label=Pause]")


@HELD
def test_song_that_is_chosen_while_a_tune_loads_plays_then(
    without_engine: Page, context: BrowserContext, held: str, status: str
) -> None:
    page = without_engine
    number: int = page.evaluate(FIRST_OF_ONE_SONG_AND_OF_SEVERAL)[1]
    with holding(context, held):
        page.click(f"#tunes tbody tr:nth-child({number}) button.tune")
        page.wait_for_selector(f"footer[data-status={status}]")
        page.click("#next-song")
    wait_until_playing(page)
    song: int = page.evaluate("sidPlayer.state.song")
    assert (page.input_value("#song"), [event["song"] for event in outbox(page)]) == (str(song), [song])


def test_song_that_is_chosen_in_a_pause_waits_for_play(without_engine: Page) -> None:
    page = without_engine
    number: int = page.evaluate(FIRST_OF_ONE_SONG_AND_OF_SEVERAL)[1]
    play(page, number)
    page.click("#play-pause")
    page.wait_for_selector("footer[data-status=paused]")
    page.click("#next-song")
    page.wait_for_selector("footer[data-status=stopped]")
    page.wait_for_selector("#play-pause[aria-label=Play]")
    page.click("#play-pause")
    wait_until_playing(page)


MOVE_SLIDER = """event => {
    const slider = document.querySelector("#progress");
    if (event === "input") slider.value = 0.9;
    slider.dispatchEvent(new Event(event, { bubbles: true }));
}"""


def test_slider_that_is_dropped_in_another_tune_does_not_move_that(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    before = title(page)
    page.evaluate(MOVE_SLIDER, "input")
    page.click("#next")
    page.wait_for_function("title => document.querySelector('#now-title').textContent !== title", arg=before)
    wait_until_playing(page)
    page.evaluate(MOVE_SLIDER, "change")
    assert page.evaluate("sidPlayer.position") < 20
    page.wait_for_function("document.querySelector('#progress').value < 0.5")


def test_previous_goes_back_through_the_session(without_engine: Page) -> None:
    page = without_engine
    assert page.is_disabled("#previous")
    play(page, 1)
    first = title(page)
    play(page, 2)
    second = title(page)
    page.wait_for_function("sidPlayer.position > 3.1")
    page.click("#previous")
    page.wait_for_function(PRESS_PREVIOUS_AGAIN, arg=second)
    wait_for_title(page, first)


def test_dislike_goes_on_and_like_can_be_taken_back(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    page.click("#like")
    assert page.get_attribute("#like", "aria-pressed") == "true"
    page.click("#like")
    assert page.get_attribute("#like", "aria-pressed") == "false"
    assert [event["action"] for event in outbox(page)] == ["play"], "the like is gone from the outbox"
    disliked = title(page)
    page.click("#dislike")
    page.wait_for_function("old => document.querySelector('#now-title').textContent !== old", arg=disliked)
    wait_until_playing(page)
    assert page.get_attribute("#dislike", "aria-pressed") == "false"
    assert [event["action"] for event in outbox(page)] == ["play", "dislike", "play"]


def wait_for_judgment(page: Page, judgment: str | None) -> None:
    """Wait until the bar shows this judgment, and no other."""
    pressed = {name: str(name == judgment).lower() for name in ("like", "dislike")}
    page.wait_for_function(
        """pressed => Object.entries(pressed).every(
            ([id, value]) => document.getElementById(id).getAttribute("aria-pressed") === value)""",
        arg=pressed,
    )


def test_a_dislike_shows_when_its_tune_plays_again_and_can_be_taken_back(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    disliked = title(page)
    page.click("#dislike")
    page.wait_for_function("old => document.querySelector('#now-title').textContent !== old", arg=disliked)
    wait_until_playing(page)
    wait_for_judgment(page, None)
    play(page, 1)
    wait_for_judgment(page, "dislike")
    page.click("#dislike")
    wait_for_judgment(page, None)
    assert title(page) == disliked, "what is taken back isn't skipped"
    assert "dislike" not in [event["action"] for event in outbox(page)]
    page.click("#dislike")
    page.wait_for_function("old => document.querySelector('#now-title').textContent !== old", arg=disliked)
    page.reload()
    page.wait_for_selector("html[data-ui=ready]")
    play(page, 1)
    wait_for_judgment(page, "dislike")
    page.click("#like")
    wait_for_judgment(page, "like")
    judged = [event["action"] for event in outbox(page) if "like" in event["action"]]
    assert judged == ["like"], "the like replaces the dislike"


def test_other_tabs_follow_a_dislike(without_engine: Page, served: Served) -> None:
    page = without_engine
    play(page, 1)
    other = page.context.new_page()
    other.add_init_script(WITHOUT_ENGINE)
    with usable(other, served):
        play(other, 1)
        page.wait_for_selector("footer[data-status=paused]")
        other.click("#dislike")
        wait_for_judgment(page, "dislike")
        page.click("#dislike")
        wait_for_judgment(page, None)
        play(other, 1)
        wait_for_judgment(other, None)


def test_a_dislike_that_is_deleted_in_the_history_no_longer_shows(page: Page) -> None:
    wait_for_engine(page)
    play(page, 1)
    disliked = title(page)
    page.click("#dislike")
    page.wait_for_function("old => document.querySelector('#now-title').textContent !== old", arg=disliked)
    play(page, 1)
    wait_for_judgment(page, "dislike")
    wait_until(lambda: not outbox(page))  # Otherwise the list may change under the pointer.
    page.click("#history summary")
    item = page.locator("#history-list li").filter(has_text="disliked")
    item.locator(".forget").click()
    wait_for_judgment(page, None)


def test_a_like_that_is_taken_back_leaves_the_store(page: Page) -> None:
    wait_for_engine(page)
    play(page, 1)
    page.click("#like")
    wait_for_count(page, "implicit", 2)
    page.click("#like")
    wait_for_count(page, "implicit", 1)
    assert [row["action"] for row in rows(page, "implicit-events")] == ["play"]


def test_mute_lasts_until_the_slider_moves_and_the_volume_is_kept(without_engine: Page) -> None:
    page = without_engine
    volume = page.input_value("#volume")
    page.click("#mute")
    assert page.get_attribute("#mute", "aria-pressed") == "true"
    page.click("#mute")
    assert page.input_value("#volume") == volume
    page.click("#mute")
    page.focus("#volume")
    page.keyboard.press("ArrowUp")
    assert page.get_attribute("#mute", "aria-pressed") == "false"
    assert page.input_value("#volume") == str(int(volume) + 1)
    page.click("#mute")
    page.fill("#volume", "40")
    assert page.get_attribute("#mute", "aria-pressed") == "false"
    page.reload()
    page.wait_for_selector("html[data-ui=ready]")
    assert page.input_value("#volume") == "40"


def test_songs_are_shown_for_tunes_with_several_and_nothing_moves(without_engine: Page) -> None:
    page = without_engine
    numbers: list[int] = page.evaluate(FIRST_OF_ONE_SONG_AND_OF_SEVERAL)
    place = "JSON.stringify(document.querySelector('#mute').getBoundingClientRect())"
    before = page.evaluate(place)
    play(page, numbers[0])
    page.wait_for_selector("#next-song", state="hidden")
    play(page, numbers[1])
    page.wait_for_selector("#next-song", state="visible")
    assert page.evaluate(place) == before
    page.click("#next-song")
    wait_until(lambda: page.input_value("#song") == "2")


def test_a_dislike_that_goes_on_can_be_undone_from_a_line_in_the_bar(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    bar = page.locator("footer").bounding_box()
    disliked = title(page)
    path = page.get_attribute("#tunes tr[aria-current]", "data-path")
    page.keyboard.press("d")
    wait_for_text(page, "#dislike-note[role=status]", f"Disliked “{disliked}”.")
    page.hover("#dislike-undo")  # So that the line stays.
    page.wait_for_function("old => document.querySelector('#now-title').textContent !== old", arg=disliked)
    wait_until_playing(page)
    page.wait_for_selector(f"#tunes tr[data-path='{path}'][data-disliked]")
    assert page.locator("footer").bounding_box() == bar, "nothing moves"
    following = title(page)
    page.click("#dislike-undo")
    wait_for_text(page, "#dislike-note", "Taken back.")
    assert page.is_hidden("#dislike-undo")
    assert title(page) == following, "the music goes on"
    page.wait_for_selector("#tunes tr[data-disliked]", state="detached")
    assert "dislike" not in [event["action"] for event in outbox(page)]
    page.wait_for_selector("#dislike-note:empty", state="attached")
    page.click("#dislike")
    page.wait_for_selector("#dislike-undo", state="visible")
    page.click("#next")
    page.wait_for_selector("#dislike-note:empty", state="attached")
    assert page.is_hidden("#dislike-undo")
    page.wait_for_selector("#tunes tr[data-disliked]")


def test_a_dislike_can_be_taken_back_in_the_menu_of_its_row(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    page.click("#tunes tr[aria-current] .menu")
    page.wait_for_selector("#row-menu [data-action=undislike]", state="hidden")
    page.keyboard.press("Escape")
    page.click("#dislike")
    page.click("#tunes tr[data-disliked] .menu")
    page.click("#row-menu [data-action=undislike]")
    page.wait_for_selector("#tunes tr[data-disliked]", state="detached")
    assert "is taken back" in (page.text_content("#row-status") or "")
    assert "dislike" not in [event["action"] for event in outbox(page)]
