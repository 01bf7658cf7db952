"""The Preferences tab: what must be there, sliders, and plain words."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, Page

from tests.e2e import faulty_proxy as faults
from tests.e2e.faulty_proxy import FaultyProxy
from tests.e2e.listener import play, rate, wait_for_count, wait_for_engine, wait_for_text
from tests.e2e.sharing import opened, share, sync_now
from tests.served import Served

JARGON = re.compile(
    r"epsilon|ε|\bsamples?\b|\bhash|\b(?:global|local)-\d|\bversions?\b|\biterations?\b|steps? of|steps per"
    r"|\bnumpy\b|scikit|regression|gradient|\btensor|optimizer|\bpayload|\bepoch|\buuid|\bJSON\b"
    r"|\bstandard deviation|\bpercentile|\bRMS\b",
    re.IGNORECASE,
)
TABS = ("play", "rate", "preferences", "insights")

CONTROLS = {
    "training": "checkbox",  # Learning on or off.
    "iterations": "range",  # Iteration budget.
    "samples": "range",  # Sample limit.
    "learner": "select-one",
    "sync": "checkbox",  # Upload toggle.
    "cadence": "range",  # Sync cadence.
    "privacy": "select-one",
    "budget": "range",
}
"""What section 7 of the report of the reference lists, and ours, by the type of the element."""

BUTTONS = ("#train-now", "#pause-training", "#sync-now", "#export", "#wipe")

NAMES = """selector => [...document.querySelectorAll(`${selector} dt`)].map((name) => name.textContent)"""

SMALL = """panel => [...document.querySelectorAll(`#${panel} :is(button, select, input, summary, .button)`)]
    .filter((one) => one.checkVisibility() && !one.closest("details:not([open]) > :not(summary)"))
    .map((one) => ["checkbox", "radio"].includes(one.type) ? one.closest("label") : one)
    .filter((one) => !one.classList.contains("visually-hidden"))
    .filter((one) => Math.min(one.getBoundingClientRect().width, one.getBoundingClientRect().height) < 43.5)
    .map((one) => one.id || one.textContent.trim())"""

NARROW = """() => [...document.querySelectorAll("#preferences :is(dd, dt, label, p)")].filter((one) => {
    if (!one.checkVisibility() || !one.textContent.trim()) return false;
    const longest = Math.max(...one.textContent.trim().split(/\\s+/).map((word) => word.length));
    return one.getBoundingClientRect().width < 5 * Math.min(longest, 12);
}).map((one) => one.textContent)"""


def slide(page: Page, name: str, key: str) -> None:
    page.focus(f"[name={name}]")
    page.keyboard.press(key)


STEP = """([name, times]) => {
    const slider = document.querySelector(`[name=${name}]`);
    for (let step = 0; step < times; step++) {
        slider.stepUp();
        slider.dispatchEvent(new Event("input"));
    }
    return JSON.parse(localStorage["sidflow.preferences"] ?? "{}")[name];
}"""
"""Moves a slider so quickly that it can't rest; returns what is kept then."""


def kept(page: Page, name: str) -> object:
    return page.evaluate("name => JSON.parse(localStorage['sidflow.preferences'] ?? '{}')[name]", name)


def wait_until_kept(page: Page, name: str, value: int) -> None:
    page.wait_for_function(
        "([name, value]) => JSON.parse(localStorage['sidflow.preferences'] ?? '{}')[name] === value",
        arg=[name, value],
    )


def shown(page: Page, name: str) -> str:
    return page.locator(f"label:has([name={name}]) output").text_content() or ""


def test_sliders_show_and_keep_their_values(without_engine: Page) -> None:
    page = without_engine
    page.click("#tab-preferences")
    assert (shown(page, "iterations"), shown(page, "cadence")) == ("200 rounds", "1 hour")
    at_once = page.evaluate(STEP, ["iterations", 3])
    assert at_once in (None, 200), "each step would reach the engine otherwise"
    assert shown(page, "iterations") == "230 rounds"
    slide(page, "cadence", "ArrowLeft")  # The other slider is saved, though it didn't rest.
    assert kept(page, "iterations") == 230
    wait_until_kept(page, "cadence", 30)
    assert shown(page, "cadence") == "30 minutes"
    assert page.get_attribute("[name=cadence]", "aria-valuetext") == "30 minutes"
    slide(page, "cadence", "Home")
    wait_until_kept(page, "cadence", 5)
    slide(page, "exploration", "End")
    wait_until_kept(page, "exploration", 50)
    assert shown(page, "exploration") == "50 of 100 tunes"
    page.reload()
    page.wait_for_selector("html[data-ui=ready]")
    assert (shown(page, "iterations"), shown(page, "cadence")) == ("230 rounds", "5 minutes")
    assert page.input_value("[name=cadence]") == "0"


def test_value_between_two_stops_is_shown_as_it_is(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    page.add_init_script("localStorage['sidflow.preferences'] = '{\"cadence\": 45, \"samples\": 500}'")
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    assert (shown(page, "cadence"), shown(page, "samples")) == ("45 minutes", "the newest 500")


def test_all_controls_of_the_report_are_there(without_engine: Page) -> None:
    page = without_engine
    found = page.eval_on_selector_all(
        "#preferences [name]", "all => Object.fromEntries(all.map((one) => [one.name, one.type]))"
    )
    assert {name: found.get(name) for name in CONTROLS} == CONTROLS
    assert all(page.locator(selector).count() == 1 for selector in BUTTONS)
    assert page.get_attribute("[name=cadence]", "data-stops", strict=True) is not None
    page.click("#tab-preferences")
    assert page.is_disabled("#train-now")
    assert page.is_disabled("#sync-now")
    assert page.is_hidden("[name=privacy]"), "what few need is folded away"


def test_controls_are_large_and_values_readable_on_a_phone(without_engine: Page) -> None:
    page = without_engine
    page.set_viewport_size({"width": 360, "height": 740})
    page.click("#tab-preferences")
    assert page.evaluate(SMALL, "preferences") == []
    assert page.evaluate(NARROW) == []
    page.evaluate(
        "for (const details of document.querySelectorAll('#preferences details')) details.open = true"
    )
    assert page.evaluate(SMALL, "preferences") == []
    assert page.evaluate(NARROW) == []


def test_no_jargon_stands_outside_of_details(page: Page) -> None:
    wait_for_engine(page)
    page.wait_for_selector("html[data-model^=global]")
    play(page, 1)
    rate(page, e=4, m=2, c=3, p=5)
    for tab in TABS:
        page.click(f"#tab-{tab}")
        if tab == "insights":
            page.wait_for_selector("#map-chart canvas")
        text = page.inner_text("body")  # Without what is hidden or folded away.
        assert len(text) > 200
        assert JARGON.findall(text) == [], tab
        hints = page.eval_on_selector_all(
            f"#{tab} [title]", "all => all.filter((one) => one.checkVisibility()).map((one) => one.title)"
        )
        assert JARGON.findall(" ".join(hints)) == [], tab


def test_last_upload_is_told_and_outlives_the_page(context: BrowserContext, proxy: FaultyProxy) -> None:
    page = opened(context, proxy)
    page.wait_for_function("document.querySelector('#sync-figures').textContent.includes('never')")
    play(page, 1)
    page.click("#like")
    rate(page, e=4, m=2, c=3)
    wait_for_count(page, "ratings", 1)
    wait_for_count(page, "implicit", 2)
    share(page)
    assert sync_now(page) == "The server has accepted 2 events."
    wait_for_text(page, "#sync-figures", "accepted: 1 rating, 1 play")
    assert page.get_attribute("#sync-status", "data-level") == "good"
    figures = page.evaluate(NAMES, "#sync-figures")
    assert figures[:5] == ["Status", "Last upload", "Result", "Not uploaded", "Next upload"]
    last = page.locator("#sync-figures dd").nth(1).text_content() or ""
    assert re.search(r"\b20\d\d\b", last)
    page.reload()
    wait_for_engine(page)
    wait_for_text(page, "#sync-figures", "accepted: 1 rating, 1 play")
    assert page.locator("#sync-figures dd").nth(1).text_content() == last
    play(page, 2)
    page.click("#like")
    wait_for_count(page, "implicit", 3)
    proxy.fault = faults.error_500
    page.click("#tab-preferences")
    sync_now(page)
    wait_for_text(page, "#sync-figures", "failed: The server answered 500")
    assert page.get_attribute("#sync-status", "data-level") == "alarm"
