"""The Insights tab and the training figures in Preferences."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from tests.e2e.listener import (
    holding,
    play,
    wait_for_count,
    wait_for_engine,
    wait_for_text,
    wait_until_playing,
)

RATED = 12
PIXELS = """selector => {
    const canvas = document.querySelector(`${selector} canvas`);
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
}"""


def text(page: Page, selector: str) -> str:
    return page.inner_text(selector)


def table(page: Page, name: str) -> list[list[str]]:
    """Return a table's rows without the header."""
    rows: list[list[str]] = page.eval_on_selector_all(
        f"#{name}-table tr", "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return rows[1:]


def named(page: Page, selector: str) -> dict[str, str]:
    """Return a description list as a dict."""
    found: dict[str, str] = page.eval_on_selector(
        selector,
        """list => Object.fromEntries([...list.querySelectorAll("dt")].map(
            (name) => [name.textContent, name.nextElementSibling.textContent]))""",
    )
    return found


def test_insights_before_and_after_the_first_run(page: Page) -> None:
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    wait_for_engine(page)
    page.wait_for_selector("html[data-model^=global]")
    assert not [url for url in loaded if "uPlot.esm" in url], "charts cost nothing until they are looked at"
    page.click("#tab-insights")
    page.wait_for_selector("#map-chart canvas")
    missing = "Like, dislike, or rate 8 more songs, and turn on learning in Preferences."
    assert missing in text(page, "#insights-hint")
    wait_for_text(page, "#error-empty", missing)
    # Comparing the sound of the catalog may have taken some processor time already.
    page.wait_for_function(
        """() => (document.querySelectorAll("#budget-table tr").length > 1)
            !== document.querySelector("#budget-empty").textContent.includes("has used no")"""
    )
    page.wait_for_selector("#error-chart", state="hidden")

    learn(page)
    page.click("#tab-insights")
    page.wait_for_selector("#error-chart canvas")
    assert f"You have rated, liked, or skipped {RATED} songs" in text(page, "#insights-hint")

    check_charts(page)
    [run] = table(page, "error")
    check_status(page)
    page.reload()
    page.wait_for_selector("html[data-model^=local]")
    page.click("#tab-insights")
    page.wait_for_selector("#error-chart canvas")
    assert table(page, "error")[0][2:4] == run[2:4], "the runs outlive the page"
    before = named(page, "#training-figures")["Last training"]
    page.click("#tab-preferences")
    assert before != "none yet"
    check_status(page)


KEEP_STATE = """(() => {
    const { set } = Object.getOwnPropertyDescriptor(BroadcastChannel.prototype, "onmessage");
    Object.defineProperty(BroadcastChannel.prototype, "onmessage", {
        set(receive) {
            set.call(this, (event) => {
                if (!globalThis.keepsState || event.data.type !== "state") receive(event);
            });
        },
    });
})()"""
"""Lets the page take no further states of the engine once `keepsState` is set."""


def test_like_that_comes_while_insights_are_drawn_is_counted(page: Page) -> None:
    page.add_init_script(KEEP_STATE)
    page.reload()
    wait_for_engine(page)
    page.wait_for_selector("html[data-model^=global]")
    play(page, 1)
    with holding(page.context, "**/charts.js"):
        page.click("#tab-insights")
        wait_for_text(page, "#insights-hint", "You have rated, liked, or skipped 0 songs.")
        page.click("#like")
        wait_for_count(page, "implicit", 2)  # The play, too.
        page.evaluate("globalThis.keepsState = true")
    wait_for_text(page, "#insights-hint", "You have rated, liked, or skipped 1 song.")


def learn(page: Page) -> None:
    """Rate some songs, and let the first training run end."""
    play(page, 1)
    page.click("#tab-rate")
    for number in range(RATED):
        page.keyboard.type(f"{1 + number % 2}1{1 + number % 3}5")
        page.keyboard.press("Enter")
        page.wait_for_function("!document.querySelector('#rate-form input:checked')")
        wait_until_playing(page)
    wait_for_count(page, "ratings", RATED)
    page.click("#tab-preferences")
    page.check("[name=training]")
    page.wait_for_selector("html[data-model^=local]")


def check_charts(page: Page) -> None:
    """Check that each chart is drawn and has a table that agrees with it."""
    for chart in ("map", "error", "effect", "budget"):
        page.wait_for_selector(f"#{chart}-chart canvas")
        assert page.evaluate(PIXELS, f"#{chart}-chart") > 3, f"nothing is drawn in {chart}"
        assert chart == "map" or page.get_attribute(f"#{chart}-chart", "role") == "img"
        assert page.text_content(f"#{chart}-meaning"), "each says what it means for the listener now"
    songs = page.locator("#tunes tbody tr[data-path]").count()
    assert sum(int(row[1]) for row in table(page, "map")) >= songs
    [run] = table(page, "error")
    shown = page.get_attribute("#error-chart", "aria-label") or ""
    assert all(figure in shown for figure in (run[2], run[3]))
    assert len(table(page, "effect")) == 8
    before = table(page, "effect")
    page.select_option("#effect-output", "e")
    page.wait_for_function(
        "first => document.querySelector('#effect-table td').parentElement.textContent !== first",
        arg="".join(before[0]),
    )
    assert any(float(row[1].split()[0]) > 0 for row in table(page, "budget"))


def check_status(page: Page) -> None:
    """Check the figures in Preferences after the first training run."""
    page.click("#tab-preferences")
    status = {**named(page, "#training-figures"), **named(page, "#training-details")}
    assert status["Status"] in ("waiting for new ratings", "training", "waiting for an idle moment")
    assert status["Global model"].startswith("global-")
    assert status["Your model"].startswith("local-1, based on global-")
    assert status["Learned from"] == f"{RATED} songs"
    assert re.search(r"\b20\d\d\b", status["Last training"]), "the year: a time without a date says little"
    assert status["Error, error of your mean"] == ", ".join(f"{error}" for error in _errors(page))
    assert status["Duration"].endswith(" s")
    assert float(status["Processor use"].split()[0]) <= 5
    storage = named(page, "#storage-figures")
    assert storage["Space used"].split()[1] in ("KB", "MB")
    assert storage["Kept when disk space is short"] in ("yes", "not guaranteed")
    assert storage["Events that could not be stored"] == "0"
    sharing = named(page, "#sync-figures")
    assert (sharing["Status"], sharing["Last upload"], sharing["Next upload"], sharing["Result"]) == (
        "off: nothing is uploaded",
        "never",
        "never",
        "none yet",
    )


def _errors(page: Page) -> tuple[str, str]:
    found: list[float] = page.evaluate(
        """() => new Promise((resolve) => {
            const opening = indexedDB.open("sidflow-feedback");
            opening.onsuccess = () => {
                const reading = opening.result.transaction("notes").objectStore("notes").get("training-runs");
                reading.onsuccess = () => {
                    opening.result.close();
                    const run = reading.result.runs.at(-1);
                    resolve([run.error, run.meanError]);
                };
            };
        })"""
    )
    return f"{found[0]:.2f}", f"{found[1]:.2f}"
