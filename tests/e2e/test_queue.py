"""The queue: the listener's own order, by keyboard and by pointer."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.e2e.listener import play


def names(page: Page) -> list[str]:
    return page.locator("#up-next .name").all_text_contents()


def wait_for_queue(page: Page, expected: list[str]) -> None:
    page.wait_for_function(
        """expected => [...document.querySelectorAll('#up-next .name')].slice(0, expected.length)
            .every((name, at) => name.textContent === expected[at])""",
        arg=expected,
    )


def test_queue_is_moved_by_keyboard_and_survives_what_is_recomputed(page: Page) -> None:
    first, second, third, *_ = names(page)
    page.focus("#up-next li:nth-child(1) .handle")
    page.keyboard.press("Alt+ArrowDown")
    wait_for_queue(page, [second, first, third])
    assert page.text_content("#queue-status") == f"{first} is number 2 now."
    focused = "document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(focused) == f"Move {first}, number 2"
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowUp")
    wait_for_queue(page, [first, second, third])
    page.keyboard.press("Alt+ArrowDown")
    page.wait_for_selector("html[data-model^=global]")  # The engine's queue has arrived.
    wait_for_queue(page, [second, first, third])
    assert page.text_content("#up-next-how") == "In your order, until you pick another tune."

    page.click("#up-next li:nth-child(2) .remove")
    wait_for_queue(page, [second, third])
    assert first not in names(page)
    page.click("#next")
    page.wait_for_function("title => document.querySelector('#now-title').textContent === title", arg=second)
    wait_for_queue(page, [third])
    play(page, 20)
    page.wait_for_function("!document.querySelector('#up-next-how').textContent.startsWith('In your order')")


def test_emptied_queue_goes_on_with_the_list(page: Page) -> None:
    page.wait_for_selector("html[data-model^=global]")
    play(page, 20)
    for _ in range(30):  # More than the engine proposes at once.
        page.click("#up-next li:nth-child(1) .remove")
    title = page.text_content("#now-title")
    page.click("#next")
    page.wait_for_function("title => document.querySelector('#now-title').textContent !== title", arg=title)


def test_queue_is_moved_by_touch_or_mouse(without_engine: Page) -> None:
    page = without_engine
    first, second, third, *_ = names(page)
    handles = page.locator("#up-next .handle")
    handles.nth(0).scroll_into_view_if_needed()
    begin, end = handles.nth(0).bounding_box(), handles.nth(2).bounding_box()
    assert begin
    assert end
    page.mouse.move(begin["x"] + 10, begin["y"] + 10)
    page.mouse.down()
    page.mouse.move(begin["x"] + 10, begin["y"] + 40)
    page.mouse.move(end["x"] + 10, end["y"] + end["height"] - 4)
    page.wait_for_selector("#up-next li:nth-child(3).drop-below")
    page.mouse.up()
    wait_for_queue(page, [second, third, first])
    assert page.locator("#up-next [data-dragged]").count() == 0


def test_tune_that_is_dropped_moves_even_if_the_next_one_has_begun_meanwhile(without_engine: Page) -> None:
    page = without_engine
    before = names(page)[0]
    play(page, 20)
    page.wait_for_function(
        "before => document.querySelector('#up-next .name').textContent !== before", arg=before
    )
    first, second, third, *_ = names(page)
    handles = page.locator("#up-next .handle")
    handles.nth(2).scroll_into_view_if_needed()
    begin, end = handles.nth(2).bounding_box(), handles.nth(0).bounding_box()
    assert begin
    assert end
    page.mouse.move(begin["x"] + 10, begin["y"] + 10)
    page.mouse.down()
    page.mouse.move(begin["x"] + 10, begin["y"] - 20)
    page.mouse.move(end["x"] + 10, end["y"] + 4)
    page.wait_for_selector("#up-next li:nth-child(1).drop-above")
    page.keyboard.press("n")
    page.wait_for_function("title => document.querySelector('#now-title').textContent === title", arg=first)
    page.mouse.up()
    wait_for_queue(page, [third, second])
    assert page.text_content("#queue-status") == f"{third} is number 1 now."
