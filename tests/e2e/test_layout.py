"""Nothing covers the player bar, at any width and wherever the page is scrolled to."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Page

from tests.e2e.listener import wait_until_playing

SIZES: Final = (
    (360, 740),
    (390, 844),
    (768, 1024),
    (1280, 720),
    (1366, 768),
    (1440, 900),
    (1920, 1080),
)
"""Pixels of CSS."""

COVERED = """() => {
    const controls = [...document.querySelectorAll(".player :is(button, select, input)")];
    const inset = 3;  // The corners are round.
    const isCovered = (control) => {
        const { left, right, top, bottom, width } = control.getBoundingClientRect();
        if (width === 0) return false;  // It isn't shown.
        const points = [left + inset, (left + right) / 2, right - inset].flatMap((x) =>
            [top + inset, (top + bottom) / 2, bottom - inset].map((y) => [x, y]));
        return points.some(([x, y]) => !control.contains(document.elementFromPoint(x, y)));
    };
    return controls.filter(isCovered).map((control) => control.id);
}"""
"""Returns the player bar's controls of which a part can't be clicked."""

SCROLL = "share => scrollTo(0, share * (document.documentElement.scrollHeight - innerHeight))"


def test_nothing_covers_the_player_bar(without_engine: Page) -> None:
    page = without_engine
    page.click("#tunes tbody tr:first-child button.tune")
    wait_until_playing(page)
    found = {}
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for share in (0, 0.2, 0.4, 0.6, 0.8, 1):
            page.evaluate(SCROLL, share)
            if covered := page.evaluate(COVERED):
                found[width, height, share] = covered
    assert found == {}
