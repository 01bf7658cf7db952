"""What a listener is offered, asked, and told on the way from strangers to friends."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.e2e.listener import (
    PREDICTED,
    hold_engine,
    play,
    wait_for_count,
    wait_for_engine,
    wait_for_text,
    wait_until_playing,
)

ASKED = 8
ENERGY, MOOD, PREFERENCE = 0, 1, 3


def levels(page: Page, dimension: int) -> set[str]:
    """Return how sure the predictions of the listed tunes are."""
    rows = "rows => rows.map(row => row.dataset.sureness)"
    return {row.split(" ")[dimension] for row in page.eval_on_selector_all("#tunes tr[data-path]", rows)}


def go_on(page: Page) -> None:
    title = page.text_content("#now-title")
    page.click("#next")
    page.wait_for_function("old => document.querySelector('#now-title').textContent !== old", arg=title)
    wait_until_playing(page)


def like_the_next(page: Page, count: int) -> None:
    for _ in range(count):
        go_on(page)
        page.click("#like")


def test_learning_is_offered_after_the_third_like_and_never_again(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    page.click("#like")
    page.click("#like")  # Taken back.
    like_the_next(page, 2)
    page.wait_for_selector("#learn-offer", state="hidden")
    page.reload()
    page.wait_for_selector("html[data-ui=ready]")
    play(page, 5)
    page.click("#like")
    page.wait_for_selector("#learn-offer", state="visible")
    page.click("#learn-later")
    page.wait_for_selector("#learn-offer", state="hidden")
    like_the_next(page, 3)
    page.wait_for_selector("#learn-offer", state="hidden")
    assert not page.is_checked("[name=training]")


def test_the_offer_turns_learning_on_right_there(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    page.click("#like")
    like_the_next(page, 2)
    page.click("#learn-on")
    page.wait_for_selector("#learn-offer", state="hidden")
    assert page.is_checked("[name=training]")
    page.wait_for_selector("#play")  # The listener stays where they are.


def test_what_is_chosen_before_tunes_to_ask_about_are_found_plays_on(page: Page) -> None:
    wait_for_engine(page)
    release = hold_engine(page)
    page.reload()
    page.wait_for_selector("html[data-ui=ready]")
    page.click("#introduce")
    wait_for_text(page, "#introduce-status", "Looking for tunes to ask about…")
    play(page, 3)
    title = page.text_content("#now-title")
    release()
    page.wait_for_selector("#introduce:enabled")
    wait_for_text(page, "#introduce", "Help it know you")
    assert page.text_content("#introduce-status") == ""
    assert page.text_content("#now-title") == title


@pytest.mark.usefixtures("whole_processor")
def test_eight_judgments_make_a_model_that_says_how_sure_it_is(page: Page) -> None:
    page.wait_for_selector("html[data-model^=global]")
    page.wait_for_selector(PREDICTED)
    assert levels(page, ENERGY) == {"1"}, "a rule of thumb is a guess"
    assert levels(page, MOOD) == levels(page, PREFERENCE) == {"0"}
    bar = "() => getComputedStyle(document.querySelector('#tunes .why'), '::before').backgroundImage"
    assert page.evaluate(bar) == "none", "nothing is shown where nothing is known"
    assert page.get_by_role("button", name="Why not sure yet for").count() > 0

    page.click("#introduce")
    for number in range(1, ASKED + 1):
        page.wait_for_function(
            "text => document.querySelector('#introduce-status').textContent.startsWith(text)",
            arg=f"Tune {number} of {ASKED}:",
        )
        wait_until_playing(page)
        page.click("#like" if number % 2 else "#dislike")
    page.wait_for_selector("#learn-offer", state="visible")
    assert page.text_content("#introduce") == "Help it know you"
    page.click("#learn-on")
    page.wait_for_selector("html[data-model^=local]")

    assert page.text_content("#up-next-how") != ""
    assert levels(page, ENERGY) == {"1"}, "likes say nothing of energy"
    assert page.text_content("#introduce-status") == "Thank you. sidflow now learns from what you said."
    page.click("#tab-preferences")
    status = page.text_content("#training-status") or ""
    assert f"Learned from{ASKED} songs" in status
    wait_for_count(page, "ratings", 0)
