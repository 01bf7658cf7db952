"""A composer's page, at all widths: what can be done with it is in sight, and nothing is cut off."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.listener import wait_for_text
from tests.e2e.music import add_folder
from tests.e2e.test_layout import FAULTS, ON_ITS_SIDE, SIZES, ZOOMED, play_first, sized
from tests.wasm.psid import clicker, clicker_play, psid

__all__ = ["sized"]

YEARS = range(1985, 1997)
NAME = "Composer of Many Years"

UNSEEN = """(selector) => [...document.querySelectorAll(selector)].filter((control) => {
    if (!control.checkVisibility()) return false;
    const { left, right, top, bottom } = control.getBoundingClientRect();
    const [near, far] = [[left + 2, top + 2], [right - 2, bottom - 2]];
    const points = [near, far, [far[0], near[1]], [near[0], far[1]]];
    return !points.every(([x, y]) => control.contains(document.elementFromPoint(x, y)) ||
        document.elementFromPoint(x, y)?.contains(control));
}).map(({ id, textContent }) => id || textContent)"""
"""Returns which of these controls don't show completely where they are, without scrolling."""

CUT_OFF = """() => [...document.querySelectorAll("main *")].filter((element) => {
    const { overflowX, textOverflow } = getComputedStyle(element);
    return element.checkVisibility() && overflowX !== "visible" && textOverflow !== "ellipsis" &&
        !element.matches(".visually-hidden, input, select") && element.scrollWidth > element.clientWidth + 1;
}).map(({ id, className, textContent }) => id || className || textContent)"""
"""Returns what is wider than it shows."""


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tune of each year."""
    folder = tmp_path_factory.mktemp("music") / "Works"
    folder.mkdir()
    for year in YEARS:
        setup = bytes([0xA9, year % 100])
        data = bytearray(psid(clicker(setup), play=clicker_play(setup), title=f"Work of {year}".encode()))
        data[0x36:0x76] = NAME.encode().ljust(32, b"\0") + f"{year} Maker".encode().ljust(32, b"\0")
        (folder / f"{year}.sid").write_bytes(data)
    return folder


@pytest.mark.parametrize("sized", [*SIZES, ON_ITS_SIDE, *ZOOMED], ids=str, indirect=True)
def test_composers_page_shows_what_can_be_done_with_it(sized: Page, works: Path) -> None:
    page = sized
    add_folder(page, works)
    page.evaluate("name => { location.hash = `#/composer/${name.toLowerCase()}`; }", NAME)
    wait_for_text(page, "#place-name", NAME)
    wait_for_text(page, "#place-detail", f"{YEARS[0]} to {YEARS[-1]}")
    page.wait_for_selector(".tunes [aria-rowindex='2']")
    for state in ("nothing playing", "playing"):
        if state == "playing":
            play_first(page)
            page.evaluate("document.querySelector('.browse').scrollTop = 0")
        assert page.evaluate(UNSEEN, "#place .actions > button") == [], state
        assert page.evaluate(CUT_OFF) == [], state
        assert page.evaluate(FAULTS, "#place") == [], state
        list_box = "document.querySelector('#tune-list').getBoundingClientRect()"
        page.evaluate("document.querySelector('#tune-list').scrollIntoView({ block: 'nearest' })")
        assert page.evaluate(f"{list_box}.height") >= 8 * 16 - 1, state
