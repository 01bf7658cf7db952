"""Nothing covers a control, each is large enough, and nothing moves: at all widths, in all states."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.listener import WITHOUT_ENGINE, wait_until_playing
from tests.patience import patient
from tests.served import Served

SIZES: Final = (
    (320, 640),
    (360, 740),
    (390, 844),
    (768, 1024),
    (1024, 768),
    (1280, 720),
    (1366, 768),
    (1440, 900),
    (1920, 1080),
)
"""Pixels of CSS."""

ON_ITS_SIDE: Final = (740, 360)
"""A phone in landscape."""

ZOOMED: Final = ((640, 360), (683, 384), (720, 450), (960, 540))
"""What windows of twice this size show at 200 %."""

FAULTS = """(root) => {
    const target = 44;
    const controls = "button, select, input, summary, label.button, a[href], [tabindex='0'], [role=tab]";
    const faults = [];
    const name = (control) => control.id || control.className || control.textContent.trim().slice(0, 20);
    /** A checkbox or a file input is pressed by its label, and so is a radio button. */
    const areaOf = (control) =>
        control.matches("[type=checkbox], [type=radio], [type=file]") ? control.closest("label") : control;
    for (const control of document.querySelectorAll(controls)) {
        if (root && !control.closest(root)) continue;
        const area = areaOf(control);
        if (!area || !area.checkVisibility({ visibilityProperty: true })) continue;
        area.scrollIntoView({ block: "nearest", inline: "nearest" });
        const { left, right, top, bottom, width, height } = area.getBoundingClientRect();
        if (width === 0) continue;
        const middle = [(left + right) / 2, (top + bottom) / 2];
        const inset = 2;
        const points = [middle, [left + inset, middle[1]], [right - inset, middle[1]],
            [middle[0], top + inset], [middle[0], bottom - inset]];
        // A text that can be focused, to be scrolled by keys, may be larger than what shows of it.
        const isText = control.matches("[tabindex='0']:not(button)");
        const hits = points.map(([x, y]) => document.elementsFromPoint(x, y)[0]);
        const covering = hits.filter((hit) => !hit || !(area.contains(hit) || hit.contains(area) && isText));
        if (covering.length && !isText) {
            faults.push(`${name(control)} is covered by ${name(covering[0] ?? document.body)}`);
        }
        // Links in a line of text are as high as the line; the guidelines exempt them, too.
        const isInline = control.matches("a, .link") && getComputedStyle(control).display === "inline";
        if (!isInline && !isText && (width < target - 0.5 || height < target - 0.5)) {
            faults.push(`${name(control)} is ${Math.round(width)} by ${Math.round(height)}`);
        }
    }
    for (const element of document.querySelectorAll("body *")) {
        const scrolls = ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
        if (scrolls && element.checkVisibility() && element.scrollWidth > element.clientWidth + 1) {
            faults.push(`${name(element)} scrolls sideways`);
        }
    }
    if (document.documentElement.scrollWidth > innerWidth) faults.push("the page scrolls sideways");
    if (document.documentElement.scrollHeight > innerHeight) faults.push("the page scrolls");
    return [...new Set(faults)];
}"""
"""Returns which visible controls are covered or too small, after each was scrolled into view."""

SHIFTS = """
    globalThis.shifts = [];
    globalThis.largest = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) {
            const moved = entry.sources.map(({ node }) => node?.id || node?.className || node?.nodeName);
            shifts.push([entry.value, moved.join(" ")]);
        }
    }).observe({ type: "layout-shift", buffered: true });
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) largest = entry.startTime;
    }).observe({ type: "largest-contentful-paint", buffered: true });
"""

MAX_SHIFT = 0.02

TARGET: Final = 44
"""Pixels of the smallest control."""

VISIBLE_ROWS = """() => {
    const list = document.querySelector("#tune-list").getBoundingClientRect();
    const top = list.top + document.querySelector("#tunes thead").offsetHeight;
    return [...document.querySelectorAll("#tunes tbody tr")].filter((row) => {
        const box = row.getBoundingClientRect();
        return box.height > 0 && box.top >= top - 1 && box.bottom <= list.bottom + 1;
    }).length;
}"""


def do_nothing(_page: Page) -> None:
    pass


def open_sheet(page: Page) -> None:
    if page.is_visible("#open-sheet"):
        page.click("#open-sheet")


def unfold(page: Page) -> None:
    open_sheet(page)
    page.evaluate(
        "for (const details of document.querySelectorAll('details:not(#filter-panel)')) details.open = true"
    )


def search(page: Page) -> None:
    page.keyboard.press("Escape")
    page.fill("#search", "nothing has this name")
    page.wait_for_selector("#no-tunes", state="visible")
    page.wait_for_function("!document.querySelector('#tunes tbody tr')")


def end_search(page: Page) -> None:
    page.fill("#search", "")
    page.wait_for_selector("#no-tunes", state="hidden")


def open_filters(page: Page) -> None:
    page.keyboard.press("Escape")
    page.click("#filter-panel > summary")


def close_filters(page: Page) -> None:
    page.click("#filter-panel > summary")


def play_first(page: Page) -> None:
    page.click("#tunes tbody tr:first-child button.tune")
    wait_until_playing(page)


def open_menu(page: Page) -> None:
    """Open the list's menu, where there is one."""
    if page.is_visible("#list-more"):
        page.click("#list-more")
        page.wait_for_selector("#list-menu", state="visible")


def close_menu(page: Page) -> None:
    page.keyboard.press("Escape")


def tab(name: str) -> Callable[[Page], None]:
    return lambda page: page.click(f"#tab-{name}")


STATES: Final = {
    "nothing playing": do_nothing,
    "playing": play_first,
    "sheet": open_sheet,
    "search": search,
    "filters": open_filters,
    "menu": open_menu,
    "all unfolded": unfold,
    "rate": tab("rate"),
    "preferences": tab("preferences"),
    "insights": tab("insights"),
}
"""What leads from each state to the next."""

PARTS: Final = {"menu": "#list-menu"}
"""What is checked of a state that covers the rest."""

AFTER: Final = {"search": end_search, "filters": close_filters, "menu": close_menu}
"""What ends a state."""


@pytest.fixture
def sized(browser: Browser, served: Served, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, height = request.param
    context = patient(browser.new_context(viewport={"width": width, "height": height}))
    page = context.new_page()
    page.add_init_script(WITHOUT_ENGINE)
    page.add_init_script(SHIFTS)
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    yield page
    context.close()


@pytest.mark.parametrize("sized", [*SIZES, ON_ITS_SIDE, *ZOOMED], ids=str, indirect=True)
def test_no_control_is_covered_or_too_small(sized: Page) -> None:
    found = {}
    for state, go in STATES.items():
        go(sized)
        if faults := sized.evaluate(FAULTS, PARTS.get(state, "")):
            found[state] = faults
        if state in AFTER:
            AFTER[state](sized)
    assert found == {}


@pytest.mark.parametrize("sized", SIZES, ids=str, indirect=True)
def test_nothing_moves_from_the_first_paint_to_the_first_tune(sized: Page) -> None:
    sized.wait_for_selector("#tunes tbody tr")
    top = "document.querySelector('#tunes tbody tr').getBoundingClientRect().top"
    before = sized.evaluate(top)
    sized.click("#start-listening")
    wait_until_playing(sized)
    assert sized.evaluate(top) == before, "the list moves when a tune starts"
    shifts: list[tuple[float, str]] = sized.evaluate("shifts")
    total = sum(value for value, _ in shifts)
    largest = sized.evaluate("largest")
    print(f"{sized.viewport_size}: layout shift {total:.4f}, largest paint after {largest:.0f} ms")
    assert total < MAX_SHIFT, shifts


@pytest.mark.parametrize(
    ("sized", "rows"),
    [
        ((360, 740), 5),
        ((768, 1024), 3),
        ((1024, 768), 3),
        ((1366, 768), 5),
        ((683, 384), 2),
        (ON_ITS_SIDE, 2),
    ],
    indirect=["sized"],
)
def test_the_list_stays_in_view_while_a_tune_plays(sized: Page, rows: int) -> None:
    sized.wait_for_selector("#tunes tbody tr")
    if sized.viewport_size == {"width": ON_ITS_SIDE[0], "height": ON_ITS_SIDE[1]}:
        assert sized.evaluate(VISIBLE_ROWS) >= rows, "also before"
    play_first(sized)
    assert sized.evaluate(VISIBLE_ROWS) >= rows


@pytest.mark.parametrize("sized", [ON_ITS_SIDE, (640, 360)], ids=str, indirect=True)
def test_the_bar_of_a_low_window_is_low(sized: Page) -> None:
    """One row of controls; with the sheet, which has more of them, two."""
    play_first(sized)
    height = "document.querySelector('footer').offsetHeight"
    assert sized.evaluate(height) < 2 * TARGET
    sized.click("#open-sheet")
    sized.wait_for_selector("#progress", state="visible")
    assert sized.evaluate(height) < 3 * TARGET


@pytest.mark.parametrize("sized", [(360, 740), (683, 384)], ids=str, indirect=True)
def test_a_press_on_the_title_opens_what_is_playing_over_the_list(sized: Page) -> None:
    page = sized
    page.wait_for_selector("#tunes tbody tr")
    play_first(page)
    assert page.is_hidden("#voices")
    page.click("#open-sheet")
    page.wait_for_selector("#voices", state="visible")
    page.wait_for_selector("#tune-list", state="hidden")
    assert page.evaluate("document.activeElement.id") == "close-sheet"
    assert page.is_visible("#up-next")
    page.keyboard.press("Escape")
    page.wait_for_selector("#tune-list", state="visible")
    assert page.evaluate("document.activeElement.id") == "open-sheet"
    page.click("#tab-rate")
    page.click("#open-sheet")
    page.wait_for_selector("#voices", state="visible")
    assert page.get_attribute("#tab-play", "aria-selected") == "true"
    page.click("#tab-play")
    page.wait_for_selector("#tune-list", state="visible")


SHOWN_PARTS = """(root) => {
    const faults = [];
    for (const element of document.querySelectorAll(`${root}, ${root} *`)) {
        for (const part of ["", "::before", "::after"]) {
            const { content, visibility, display } = getComputedStyle(element, part);
            if (part && ["none", "normal"].includes(content)) continue;
            if (visibility === "visible" && display !== "none" && element.checkVisibility()) {
                faults.push(`${element.id || element.textContent || element.className}${part}`);
            }
        }
    }
    return faults;
}"""
"""Returns which parts of an element are painted, also those that CSS makes, which no point is asked for."""


@pytest.mark.parametrize("sized", [(360, 740), ON_ITS_SIDE], ids=str, indirect=True)
def test_nothing_of_the_list_shows_through_the_sheet(sized: Page) -> None:
    page = sized
    play_first(page)
    page.click("#tunes th.length button")
    page.wait_for_selector("#tunes th.length[aria-sort]")
    assert "Length::after" in page.evaluate(SHOWN_PARTS, ".browse"), "the list says how it is sorted"
    page.click("#open-sheet")
    page.wait_for_selector("#voices", state="visible")
    assert page.evaluate(SHOWN_PARTS, ".browse") == []


GAPS = """() => {
    const heads = [...document.querySelectorAll("#tunes th button")].filter((button) => button.offsetParent);
    const words = heads.map((head) => {
        const range = document.createRange();
        range.selectNodeContents(head);
        return range.getBoundingClientRect();
    });
    return words.slice(1).map(({ left }, number) => left - words[number].right);
}"""
"""Returns how many pixels are between the words in the head of the list."""


@pytest.mark.parametrize("sized", [(320, 640), (360, 740), (390, 844), (768, 1024)], ids=str, indirect=True)
def test_headings_are_apart_however_the_list_is_sorted(sized: Page) -> None:
    for column in ("title", "length", "match"):
        sized.click(f"#tunes th.{column} button")
        sized.wait_for_selector(f"#tunes th.{column}[aria-sort]")
        assert min(sized.evaluate(GAPS)) >= 8, column


MARKED = """(name) => {
    const row = name.closest("tr");
    name.textContent = "A title that is too long for the column";
    const isShortened = name.scrollWidth > name.clientWidth;
    for (const mark of ["data-favorite", "data-liked"]) row.setAttribute(mark, "");
    const marks = ["::before", "::after"].map((part) => getComputedStyle(name, part).content);
    return [isShortened, ...marks];
}"""
"""Gives a row a long title and all marks, and looks at them at once: the list may be shown again."""


@pytest.mark.parametrize("sized", [(360, 740)], ids=str, indirect=True)
def test_a_title_that_is_shortened_keeps_its_marks(sized: Page) -> None:
    is_shortened, before, after = sized.eval_on_selector("#tunes tbody tr:first-child .name", MARKED)
    assert is_shortened
    assert "♥ ★" in before
    assert "none" in after


BOXES = """() => Object.fromEntries(
    [...document.querySelectorAll("body [id], .hero, .side, .browse, .player")]
    .filter((element) => element.checkVisibility() && !element.closest("#learn-offer"))
    .filter((element) => !element.matches("[role=tabpanel]:not(#play)")) // its end can be scrolled further
    .filter(({ id }) => !/^(like|scope|position|seeking|engine-status|engine-start)$/.test(id))
    .map((element) => {
        const { left, top, right, bottom } = element.getBoundingClientRect();
        return [element.id || element.className, [left, top, right, bottom].map(Math.round).join(" ")];
    }))"""
"""Where everything stands, apart from what changes as a tune plays."""


@pytest.mark.parametrize(
    ("sized", "where"),
    [
        *(((360, 740), "list"), ((360, 740), "sheet"), ((360, 740), "rate")),
        *((ON_ITS_SIDE, "list"), (ON_ITS_SIDE, "sheet")),
        *(((768, 1024), "list"), ((1366, 768), "list"), ((1366, 768), "rate")),
    ],
    indirect=["sized"],
)
def test_the_offer_to_learn_moves_nothing_and_leaves_every_control_in_reach(sized: Page, where: str) -> None:
    page = sized
    page.evaluate("localStorage.setItem('sidflow.likes', '2')")
    play_first(page)
    page.wait_for_selector("#now-author button", state="attached")  # The last that is shown of a tune.
    if where == "sheet":
        open_sheet(page)
    elif where != "list":
        page.click(f"#tab-{where}")
    before = page.evaluate(BOXES)
    page.click("#like")
    page.wait_for_selector("#learn-offer", state="visible")
    after = page.evaluate(BOXES)
    assert {name: (box, after.get(name)) for name, box in before.items() if after.get(name) != box} == {}
    assert page.evaluate(FAULTS, "") == []
    page.click("#learn-later")
    page.wait_for_selector("#learn-offer", state="hidden")


FILLED = """() => {
    const probe = document.createElement("span");
    probe.style.color = "var(--accent)";
    document.body.append(probe);
    const accent = getComputedStyle(probe).color;
    probe.remove();
    return [...document.querySelectorAll("button, .button")].filter((button) => {
        const { left, top, width, height } = button.getBoundingClientRect();
        const shown = document.elementFromPoint(left + width / 2, top + height / 2);
        return getComputedStyle(button).backgroundColor === accent && button.contains(shown);
    }).map(({ id, className }) => id || className);
}"""
"""Returns the filled buttons in sight."""


@pytest.mark.parametrize(
    "sized", [(360, 740), ON_ITS_SIDE, (768, 1024), (1920, 1080)], ids=str, indirect=True
)
def test_one_button_is_filled_in_each_state(sized: Page) -> None:
    page = sized
    page.wait_for_selector("#tunes tbody tr")
    assert page.evaluate(FILLED) == ["start-listening"]
    page.evaluate("location.hash = '#/composer/sidflow%20bright'")
    page.wait_for_selector("#place-name", state="visible")
    assert len(page.evaluate(FILLED)) == 1
    page.click("#tab-insights")
    assert page.evaluate(FILLED) == ["play-pause"]
    page.click("#tab-play")
    play_first(page)
    assert page.evaluate(FILLED) == ["play-pause"]
    page.click("#tab-rate")
    page.locator("#rate-and-next").scroll_into_view_if_needed()
    assert page.evaluate(FILLED) == ["rate-and-next"]


CLIPPED_RINGS = """() => {
    const faults = [];
    const clips = (element) => {
        const { overflowX, overflowY } = getComputedStyle(element);
        return overflowX !== "visible" || overflowY !== "visible";
    };
    const controls = "button, select, input, summary, a[href], [tabindex='0']";
    for (const control of document.querySelectorAll(controls)) {
        if (!control.checkVisibility({ visibilityProperty: true }) || control.disabled) continue;
        if (control.matches(".visually-hidden, .scale input")) continue; // their labels have the ring
        control.scrollIntoView({ block: "nearest", inline: "nearest" });
        control.focus({ focusVisible: true, preventScroll: true });
        if (document.activeElement !== control) continue;
        const { outlineWidth, outlineOffset, outlineStyle } = getComputedStyle(control);
        const reach = outlineStyle === "none" ? 0 : parseFloat(outlineWidth) + parseFloat(outlineOffset);
        const ring = control.getBoundingClientRect();
        for (let box = control.parentElement; box; box = box.parentElement) {
            if (!clips(box) || box === document.documentElement) continue;
            const { left, top } = box.getBoundingClientRect();
            const [x, y] = [left + box.clientLeft, top + box.clientTop];
            const cut = [x - ring.left + reach, ring.right + reach - x - box.clientWidth,
                y - ring.top + reach, ring.bottom + reach - y - box.clientHeight].map(Math.round);
            const isLarger = ring.height > box.clientHeight || ring.width > box.clientWidth;
            if (reach > 0 && Math.max(...cut) > 0 && !isLarger) {
                faults.push(`${control.id || control.className || control.textContent}: ${cut}`);
            }
        }
    }
    return [...new Set(faults)];
}"""
"""Returns which focus rings are cut off by what scrolls, after each control was scrolled into view."""


@pytest.mark.parametrize("sized", [(360, 740), ON_ITS_SIDE, (1366, 768)], ids=str, indirect=True)
def test_no_focus_ring_is_cut_off(sized: Page) -> None:
    found = {}
    for state, go in STATES.items():
        go(sized)
        if faults := sized.evaluate(CLIPPED_RINGS):
            found[state] = faults
        if state in AFTER:
            AFTER[state](sized)
    assert found == {}
