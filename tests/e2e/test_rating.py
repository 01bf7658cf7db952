"""The Rate tab: what it shows, when, and where."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.e2e.listener import outbox, play, rate, wait_for_count, wait_until_playing

RATED = 9

GHOSTS = "all => all.map((one) => !one.hidden)"

BOXES = """() => [...document.querySelectorAll("#rate .scale, #rate .actions button")].map((one) => {
    const { x, y, width, height } = one.getBoundingClientRect();
    const top = document.querySelector("#rate").getBoundingClientRect().top;
    return [x, y - top, width, height].map(Math.round);
})"""


def test_expectation_appears_after_the_choice_and_moves_nothing(page: Page) -> None:
    page.wait_for_selector("html[data-model^=global]")
    play(page, 1)
    page.click("#tab-rate")
    page.wait_for_selector("#rate-title:not(:text('Nothing'))")
    ghosts, said = "#rate .ghost", "#rate .prediction"
    assert page.eval_on_selector_all(ghosts, GHOSTS) == [False] * 4, "it would lead the listener"
    assert page.locator(said).all_text_contents() == [""] * 4
    before = page.evaluate(BOXES)
    page.keyboard.press("4")
    page.wait_for_selector("#rate .ghost:not([hidden])")
    assert page.eval_on_selector_all(ghosts, GHOSTS) == [True, False, False, False]
    assert "expected" in (page.locator(said).first.text_content() or "")
    expected = page.eval_on_selector(ghosts, "one => Number(one.style.getPropertyValue('--at'))")
    assert 1 <= expected <= 5
    middle = page.eval_on_selector(
        ghosts,
        """one => {
            const [mark, strip] = [one, one.parentElement].map((each) => each.getBoundingClientRect());
            return (mark.x + mark.width / 2 - strip.x) / strip.width;
        }""",
    )
    assert abs(middle - (expected - 0.5) / 5) < 0.02
    page.keyboard.press("2")  # Of mood, nothing is known yet: there is nothing to mark.
    assert page.eval_on_selector_all(ghosts, GHOSTS) == [True, False, False, False]
    page.click("#rate-form [type=submit]")
    page.wait_for_selector("#rate-undo")
    assert page.evaluate(BOXES) == before
    page.click("#rate-next")
    page.wait_for_function("document.querySelector('#rate-result').textContent === ''")
    assert page.eval_on_selector_all(ghosts, GHOSTS) == [False] * 4


def test_strips_are_five_large_targets_as_wide_as_a_phone(without_engine: Page) -> None:
    page = without_engine
    page.set_viewport_size({"width": 360, "height": 740})
    play(page, 1)
    page.evaluate("document.querySelector('#tab-rate').click()")
    sizes = page.eval_on_selector_all(
        "#rate .scale label",
        "all => all.map((one) => one.getBoundingClientRect()).map(({ width, height }) => [width, height])",
    )
    assert len(sizes) == 20
    assert all(width >= 44 and height >= 44 for width, height in sizes)
    strip = page.locator("#rate .scale").first.bounding_box()
    assert strip is not None
    assert strip["width"] > 0.8 * 360
    page.locator("#rate .scale label").nth(3).click()
    assert page.is_checked("fieldset[data-dimension=e] input[value='4']")


BELOW = """(selector) => {
    const end = document.querySelector("main").getBoundingClientRect().bottom;
    return [...document.querySelectorAll(selector)]
        .filter((one) => one.getBoundingClientRect().bottom > end)
        .map((one) => one.id || one.textContent);
}"""
"""Returns what is below the part of the page that is in sight."""


@pytest.mark.parametrize(
    ("width", "height", "parts"),
    [(1366, 768, "#rate .scale, #rate-form .actions button"), (360, 740, "#rate .scale")],
)
def test_all_scales_are_in_sight(without_engine: Page, width: int, height: int, parts: str) -> None:
    page = without_engine
    page.set_viewport_size({"width": width, "height": height})
    play(page, 1)
    page.click("#tab-rate")
    assert page.evaluate(BELOW, parts) == []


RATINGS = """Object.values(localStorage).filter((text) => text.includes('"kind": "rating"')).length"""


def test_same_rating_is_saved_once_and_a_changed_one_again(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    rate(page, e=3, p=4)
    assert page.evaluate(RATINGS) == 1
    button = "#rate-form [type=submit]"
    assert page.inner_text(button) == "Saved"
    assert page.get_attribute(button, "aria-disabled") == "true"
    page.focus(button)
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#rate-result').textContent === 'This rating is saved.'")
    assert page.evaluate(RATINGS) == 1
    page.check("fieldset[data-dimension=e] input[value='5']")
    assert page.inner_text(button) == "Save rating"
    page.click(button)
    page.wait_for_function(f"{RATINGS} === 2")
    page.click("#rate-undo")
    page.wait_for_function(f"{RATINGS} === 1")
    assert page.inner_text(button) == "Save rating", "what was undone can be saved again"
    page.click("#rate-next")
    page.wait_for_function("!document.querySelector('#rate-form input:checked')")
    page.click("#previous")
    page.wait_for_function("document.querySelector('#rate-title').textContent !== 'Nothing is playing'")
    assert page.evaluate(RATINGS) == 1


def save_and_play_next(page: Page, energy: int) -> None:
    title = page.text_content("#rate-title")
    page.check(f"fieldset[data-dimension=e] input[value='{energy}']")
    page.click("#rate-and-next")
    page.wait_for_function("old => document.querySelector('#rate-title').textContent !== old", arg=title)
    wait_until_playing(page)


def test_save_and_play_next_is_no_skip_unless_it_is_undone(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    page.click("#tab-rate")
    save_and_play_next(page, 4)
    assert recorded(page) == ["play", "rated", "play"]
    play(page, 1)
    page.click("#tab-rate")
    save_and_play_next(page, 4)  # It is saved already.
    assert recorded(page) == ["play", "rated", "play", "skip_early", "play", "play"]
    page.click("#play-pause")  # Once it has played for 10 s, leaving the tune would be another skip.
    page.wait_for_selector("footer[data-status=paused]")
    rate(page, e=2)
    page.keyboard.press("u")
    page.wait_for_selector("#rate-undo", state="hidden")
    play(page, 3)
    assert recorded(page)[6:] == ["skip_early", "play"]


def recorded(page: Page) -> list[str]:
    return [event.get("action", "rated") for event in outbox(page)]


@pytest.mark.usefixtures("whole_processor")
def test_line_says_how_far_predictions_are_off(page: Page) -> None:
    page.wait_for_selector("html[data-model^=global]")
    play(page, 1)
    page.click("#tab-rate")
    line = "document.querySelector('#error-line p').textContent"
    page.wait_for_function(f"{line}.includes('not known yet')")
    assert page.is_hidden("#error-line svg")
    for number in range(RATED):
        rate(page, e=1, m=1 + number % 2, p=1 + number % 5)
        page.click("#rate-next")
        page.wait_for_function("document.querySelector('#rate-result').textContent === ''")
        wait_until_playing(page)
    wait_for_count(page, "ratings", RATED)
    page.click("#tab-preferences")
    page.check("[name=training]")
    page.wait_for_selector("html[data-model^=local]")
    page.click("#tab-rate")
    page.wait_for_function(f"{line}.includes('Learned once')")
    assert page.is_hidden("#error-line svg"), "one point makes no line"
    page.click("#tab-preferences")
    page.click("#train-now")
    page.wait_for_function("document.querySelector('#training-result').textContent === 'Learned.'")
    page.click("#tab-rate")
    page.wait_for_function(f"{line}.includes('Learned 2 times')")
    assert "of 5 points on average" in page.evaluate(line)
    drawn = page.get_attribute("#error-line polyline", "points") or ""
    assert len(drawn.split()) == 2
    assert page.is_visible("#error-line svg")
