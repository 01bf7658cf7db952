"""The taste map and the stations: what is pressed plays."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from tests.e2e.listener import play, wait_for_text, wait_until_playing

CANVAS = "#map-chart canvas"

IN_SIGHT = """(selector) => {
    const { top, bottom } = document.querySelector(selector).getBoundingClientRect();
    const dialog = document.querySelector("#map-dialog").getBoundingClientRect();
    return dialog.top < top && bottom < dialog.bottom;
}"""


def title(page: Page) -> str:
    return page.text_content("#now-title") or ""


def wait_for_another(page: Page, before: str) -> None:
    page.wait_for_function("old => document.querySelector('#now-title').textContent !== old", arg=before)
    wait_until_playing(page)


def place_on_the_map(page: Page) -> tuple[float, float]:
    """Return the place of a tune on the canvas that the listener can find: the pointer changes there."""
    box = page.locator(CANVAS).bounding_box()
    assert box is not None
    for row in range(4, int(box["height"]), 9):
        for column in range(4, int(box["width"]), 9):
            page.mouse.move(box["x"] + column, box["y"] + row)
            if page.eval_on_selector(CANVAS, "canvas => canvas.style.cursor") == "pointer":
                return box["x"] + column, box["y"] + row
    raise AssertionError("there is no tune on the map")


def name_on_the_map(page: Page) -> str:
    """Return the title of the tune that the listener looks at, once the page has read it."""
    page.wait_for_selector("#map-tune[aria-busy=false]")
    name, by, _ = (page.text_content("#map-tune") or "").partition(" by ")
    assert by
    return name


def empty_place(page: Page) -> tuple[float, float]:
    box = page.locator(CANVAS).bounding_box()
    assert box is not None
    for x, y in ((2, 2), (2, box["height"] - 3), (box["width"] - 3, 2)):
        page.mouse.move(box["x"] + x, box["y"] + y)
        if page.eval_on_selector(CANVAS, "canvas => canvas.style.cursor") != "pointer":
            return box["x"] + x, box["y"] + y
    raise AssertionError("all corners have tunes")


@pytest.fixture
def playing(page: Page) -> Page:
    """The page with predictions, and a tune that plays."""
    page.wait_for_selector("html[data-model^=global]")
    play(page, 1)
    return page


def test_map_on_insights_plays_what_is_pressed(playing: Page) -> None:
    page = playing
    page.click("#tab-insights")
    page.wait_for_selector(CANVAS)
    page.wait_for_function(f"document.querySelector('{CANVAS}').width > 300")
    page.locator(CANVAS).scroll_into_view_if_needed()
    meaning = page.text_content("#map-meaning") or ""
    assert meaning.startswith("Tunes lie where "), meaning
    assert " by their sound: " in meaning or meaning.startswith("Tunes lie where they sound: "), (
        "none is rated"
    )
    assert meaning.endswith(
        "What you like is not on the map yet. Songs whose energy and mood you rate appear as rings."
    )
    tune = place_on_the_map(page)
    name = name_on_the_map(page)
    page.mouse.click(*tune)
    wait_for_text(page, "#now-title", name)
    wait_until_playing(page)
    assert "map" not in (page.text_content("#up-next-how") or ""), "a tune is no station"

    page.mouse.click(*empty_place(page))
    wait_for_another(page, name)
    wait_for_text(page, "#up-next-how", "Station, until you choose another tune: tunes from the map")

    page.focus(CANVAS)
    before = title(page)
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    nearest = name_on_the_map(page)
    page.keyboard.press("Enter")
    if nearest != before:
        wait_for_text(page, "#now-title", nearest)
    wait_for_text(page, "#map-tune", "Playing from here: energy")
    check_corners_are_ratings(page)


def check_corners_are_ratings(page: Page) -> None:
    """Play from two corners, which are beyond all tunes: what they stand for is a rating all the same."""
    for keys in (("ArrowRight", "ArrowUp"), ("ArrowLeft", "ArrowDown")):
        for key in keys:
            for _ in range(20):
                page.keyboard.press(key)
        before = page.text_content("#up-next-how")
        page.keyboard.press("Enter")
        page.wait_for_function(
            "old => document.querySelector('#up-next-how').textContent !== old", arg=before
        )
        place = re.search(r"energy (.+) and mood (.+) of 5", page.text_content("#up-next-how") or "")
        assert place
        assert all(1 <= float(value) <= 5 for value in place.groups()), place[0]


def test_map_opens_from_play_and_goes_back(playing: Page) -> None:
    page = playing
    page.set_viewport_size({"width": 1366, "height": 768})
    page.click("#open-map")
    page.wait_for_selector(f"#map-dialog {CANVAS}")
    page.wait_for_function(f"document.querySelector('{CANVAS}').width > 200")
    assert page.evaluate("document.querySelector('#map-dialog').open")
    assert page.is_visible("#map-dialog-title")
    assert page.evaluate(IN_SIGHT, "#map-help"), "it says that a press plays"
    before = title(page)
    page.mouse.click(*empty_place(page))
    wait_for_another(page, before)
    page.click("#map-close")
    page.wait_for_selector("#map-card #taste-map", state="attached")
    page.click("#tab-insights")
    page.wait_for_selector(f"#insights {CANVAS}")


def test_station_plays_at_once_and_mine_ends_it(playing: Page) -> None:
    page = playing
    for station, name in (("driving", "driving tunes"), ("simple", "simple tunes")):
        before = title(page)
        tile = f"#stations [data-station={station}]"
        page.click(tile)
        wait_for_another(page, before)
        wait_for_text(page, "#up-next-how", f"Station, until you choose another tune: {name}")
        assert page.get_attribute(tile, "aria-pressed") == "true"
        assert page.locator("#stations [aria-pressed=true]").count() == 1
    before = title(page)
    page.click("#stations [data-station=mine]")
    wait_for_another(page, before)
    page.wait_for_function("!document.querySelector('#up-next-how').textContent.startsWith('Station')")
    assert page.get_attribute("#stations [data-station=mine]", "aria-pressed") == "true"
    page.click("#stations [data-station=likes]")  # There are none yet.
    wait_for_text(page, "#up-next-how", "Like some, or choose others")
    before = title(page)
    page.click("#stations [data-station=calm]")
    wait_for_another(page, before)


RIM = """async () => {
    const { TasteMap } = await import("/static/js/insights/taste-map.js");
    const host = document.createElement("div");
    const canvas = document.createElement("canvas");
    canvas.tabIndex = 0;
    Object.assign(canvas.style, { position: "fixed", zIndex: 9, width: "300px", height: "200px" });
    host.append(canvas);
    document.body.append(host);
    const map = new TasteMap(host, () => {});
    const tunes = { rows: [0, 1], e: [2.9, 3.1], m: [2.9, 3.1], p: [3, 3], known: false };
    const rim = () => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const at = (x, y) => data.slice(4 * (y * canvas.width + x), 4 * (y * canvas.width + x) + 4).join();
        const { width, height } = canvas;
        const columns = Array.from({ length: width }, (_, x) => at(x, 0) + at(x, height - 1));
        const lines = Array.from({ length: height }, (_, y) => at(0, y) + at(width - 1, y));
        return { edges: [...columns, ...lines].join(), all: data.reduce((sum, value) => sum + value, 0) };
    };
    map.show({ ...tunes, rated: { e: [], m: [] } });
    const plain = rim();
    const found = {};
    for (const [e, m] of [[1, 1], [5, 1], [1, 5], [5, 5], [3, 5], [5, 3]]) {
        map.show({ ...tunes, rated: { e: [e], m: [m] } });
        const ringed = rim();
        found[[e, m]] = [ringed.edges === plain.edges, ringed.all !== plain.all];
    }
    canvas.focus();
    map.crosshair = [1, 1];
    map.draw();
    const crossed = canvas.getContext("2d").getImageData(canvas.width - 3, canvas.height / 3, 2, 1).data;
    found.crosshair = [crossed[3] === 255, crossed[7] === 255];
    return found;
}"""


def test_rings_and_crosshair_at_the_border_are_whole(without_engine: Page) -> None:
    found = without_engine.evaluate(RIM)
    assert all(parts == [True, True] for parts in found.values()), found
