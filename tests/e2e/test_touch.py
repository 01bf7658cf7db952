"""A listener's way through the page on a phone: by taps alone, 360 pixels wide."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import usable
from tests.e2e.listener import WITHOUT_ENGINE, wait_for_text, wait_until_playing
from tests.patience import patient
from tests.served import Served

OUTSIDE = """() => document.documentElement.scrollWidth > innerWidth || scrollX !== 0"""


@pytest.fixture
def phone(browser: Browser, served: Served) -> Iterator[Page]:
    context = patient(
        browser.new_context(
            viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, device_scale_factor=2
        )
    )
    page = context.new_page()
    page.add_init_script(WITHOUT_ENGINE)
    with usable(page, served) as page:
        yield page
    context.close()


def test_listener_plays_likes_mutes_rates_and_looks_around_by_touch(phone: Page) -> None:
    page = phone
    page.tap("#start-listening")
    wait_until_playing(page)
    first = page.text_content("#now-title") or ""
    page.tap("#next")
    page.wait_for_function(f"document.querySelector('#now-title').textContent !== {first!r}")
    wait_until_playing(page)

    page.tap("#open-sheet")
    page.wait_for_selector("#like")
    page.tap("#like")
    page.wait_for_selector("#like[aria-pressed=true]")
    page.tap("#voices button:first-of-type")
    page.wait_for_selector("#voices button:first-of-type[aria-pressed=true]")
    page.tap("#close-sheet")
    page.wait_for_selector("#tunes tbody tr button.tune")

    fifth = page.text_content("#tunes tbody tr:nth-child(5) .name") or ""
    page.tap("#tunes tbody tr:nth-child(5) button.tune")
    wait_for_text(page, "#now-title", fifth)
    wait_until_playing(page)
    page.tap("#tab-rate")
    for dimension, value in (("e", 4), ("m", 2), ("c", 3), ("p", 5)):
        page.tap(f"fieldset[data-dimension={dimension}] label:has(input[value='{value}'])")
    page.tap("#rate-form [type=submit]")
    wait_for_text(page, "#rate-result", "Rated")
    for tab in ("preferences", "insights", "play"):
        page.tap(f"#tab-{tab}")
        page.wait_for_selector(f"#{tab}")
        assert not page.evaluate(OUTSIDE), tab
    page.tap("#play-pause")
    page.wait_for_selector("footer[data-status=paused]")


def test_queue_is_reordered_by_a_finger(phone: Page) -> None:
    page = phone
    page.tap("#start-listening")
    wait_until_playing(page)
    page.tap("#open-sheet")
    names = "[...document.querySelectorAll('#up-next .name')].map((name) => name.textContent)"
    page.locator("#up-next .handle").nth(2).scroll_into_view_if_needed()
    first, second, third = page.evaluate(names)[:3]
    boxes = [page.locator("#up-next .handle").nth(number).bounding_box() for number in (0, 2)]
    begin, end = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes if box]
    scrolled = page.evaluate("document.querySelector('#up-next').getBoundingClientRect().top")
    finger = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        finger.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]}
        )

    touch("touchStart", begin)
    for step in range(1, 11):
        touch("touchMove", (begin[0], begin[1] + (end[1] - begin[1] + 10) * step / 10))
    page.wait_for_selector("#up-next li:nth-child(3).drop-below")
    touch("touchEnd")
    page.wait_for_function(
        f"expected => JSON.stringify({names}.slice(0, 3)) === JSON.stringify(expected)",
        arg=[second, third, first],
    )
    top = page.evaluate("document.querySelector('#up-next').getBoundingClientRect().top")
    assert top == scrolled, "the finger moved the tune, not the page"
    assert page.locator("#up-next [data-dragged]").count() == 0
