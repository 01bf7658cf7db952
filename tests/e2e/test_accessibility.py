"""Accessibility: axe in both themes, zoom, reduced motion, and keyboard navigation through the whole page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from app.paths import paths
from tests.e2e.listener import play, wait_for_engine, wait_until_playing
from tests.patience import patient
from tests.served import Served

AXE = paths().manifests / "node_modules" / "axe-core" / "axe.min.js"
FOCUSED = """() => {
    const element = document.activeElement;
    if (element === document.body) return null;
    const box = element.getBoundingClientRect();
    const radio = element.type === "radio" ? element.name : "";
    return {
        key: element.id || radio || element.name || element.ariaLabel ||
            element.className + element.textContent.trim(),
        visible: box.width > 0 && box.height > 0 || element.classList.contains("visually-hidden"),
        shown: [element, element.closest("label")].some((box) => {
            const { outlineStyle, outlineWidth } = box ? getComputedStyle(box) : {};
            return outlineStyle && outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
        }),
        top: box.top + scrollY,
    };
}"""
REACHABLE = """panel => {
    const wanted = ":is(button, input, select):not(:disabled), summary, pre[tabindex='0']";
    const keys = new Set();
    for (const element of document.querySelectorAll(wanted)) {
        const elsewhere = element.closest("[role=tabpanel]");
        if (elsewhere && elsewhere.id !== panel || element.closest("dialog")) continue;
        if (element.tabIndex < 0 || !element.checkVisibility()) continue;
        const radio = element.type === "radio" ? element.name : "";
        keys.add(element.id || radio || element.name || element.ariaLabel ||
            element.className + element.textContent.trim());
    }
    return [...keys];
}"""
TABS = ("play", "rate", "preferences", "insights")
RUN = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`)"""


@pytest.fixture(scope="module")
def shown(browser: Browser, served: Served) -> Iterator[Page]:
    """One page for all tests: playing, with all foldable parts open."""
    context = patient(browser.new_context(bypass_csp=True, reduced_motion="reduce"))
    page = context.new_page()
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    page.add_script_tag(path=AXE)
    wait_for_engine(page)
    page.wait_for_selector("html[data-model^=global]")
    play(page, 1)
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    page.click("#incognito")
    yield page
    context.close()


def choose(page: Page, tab: str, theme: str) -> None:
    page.click("#tab-preferences")
    page.select_option("[name=theme]", theme)
    page.click(f"#tab-{tab}")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("tab", TABS)
def test_axe_finds_nothing(shown: Page, tab: str, theme: str) -> None:
    choose(shown, tab, theme)
    found: list[str] = shown.evaluate(RUN)
    assert found == []


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize(("width", "height"), [(360, 740), (640, 400)])
def test_no_horizontal_scrolling_on_a_phone_or_at_200_percent(
    shown: Page, tab: str, width: int, height: int
) -> None:
    """At 200% zoom, a window of 1280 by 800 pixels shows 640 by 400."""
    shown.set_viewport_size({"width": width, "height": height})
    shown.click(f"#tab-{tab}")
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    shown.set_viewport_size({"width": 1280, "height": 720})


def test_nothing_moves_with_reduced_motion(shown: Page) -> None:
    moving: list[Any] = shown.evaluate("document.getAnimations().map(({ effect }) => effect.target.id)")
    assert moving == []


def test_changing_texts_are_live_regions(shown: Page) -> None:
    live = shown.eval_on_selector_all(
        "[role=status], [role=alert]", "all => all.map(one => one.id || one.parentElement.id)"
    )
    wanted = {"engine-status", "notice", "storage-banner", "incognito-note", "rate-result", "rate-last",
              "training-result", "sync-result", "local-data-result", "history-result"}  # fmt: skip
    assert wanted <= set(live)


@pytest.fixture(scope="module")
def walked(shown: Page) -> Page:
    """The same page with a tune that can be rated."""
    shown.click("#incognito")
    shown.click("#next")
    wait_until_playing(shown)
    return shown


@pytest.mark.parametrize("tab", TABS)
def test_tab_key_reaches_all_controls_in_reading_order_with_visible_focus(walked: Page, tab: str) -> None:
    page = walked
    page.click(f"#tab-{tab}")
    wanted = set(page.evaluate(REACHABLE, tab))
    page.evaluate("document.activeElement.blur(); document.querySelector('h1').tabIndex = -1")
    page.focus("h1")
    seen: list[dict[str, Any]] = []
    while len(seen) < 200:
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found is None:
            break
        seen.append(found)
    # The queue, and with it some of the buttons, may have changed meanwhile.
    assert {found["key"] for found in seen} >= wanted & set(page.evaluate(REACHABLE, tab))
    assert [found["key"] for found in seen if not (found["visible"] and found["shown"])] == []
