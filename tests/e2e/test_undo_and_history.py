"""Control over the recorded data: undo, history with deletion, incognito."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

from tests.e2e.listener import (
    count,
    hold_engine,
    play,
    rate,
    rows,
    wait_for_count,
    wait_for_engine,
    wait_until_playing,
)
from tests.served import Served
from tests.wasm.psid import clicker, clicker_play, psid

OUTBOX = "Object.keys(localStorage).filter(key => /^sidflow.(outbox|withdrawn|refused)/.test(key))"


def wait_until_all_is_stored(page: Page) -> None:
    page.wait_for_function(f"({OUTBOX}).length === 0")


def wait_for_text(page: Page, selector: str, text: str) -> None:
    page.wait_for_function(
        "([selector, text]) => document.querySelector(selector).textContent.includes(text)",
        arg=[selector, text],
    )


def stored(page: Page) -> list[str]:
    """Return the actions and rated energies in the database, read without our own code."""
    found = [row for store in ("ratings", "implicit-events") for row in rows(page, store)]
    found.sort(key=lambda row: row["timestamp"])
    return [row.get("action") or f"rated {row['ratings']['e']}" for row in found]


def on_server(served: Served) -> set[str]:
    with closing(sqlite3.connect(served.database)) as database:
        return {uuid for (uuid,) in database.execute("SELECT uuid FROM events")}


def test_rating_undone_before_the_engine_runs_is_never_stored_or_sent(
    context: BrowserContext, served: Served
) -> None:
    page = context.new_page()
    hold_engine(page)
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    play(page, 1)
    rate(page, e=5, m=4, c=3)
    [undone] = [
        key.rsplit(".", 1)[1]
        for key in page.evaluate(OUTBOX)
        if '"rating"' in page.evaluate("key => localStorage.getItem(key)", key)
    ]
    page.keyboard.press("u")
    wait_for_text(page, "#rate-last", "Undone")
    page.wait_for_selector("#rate-undo", state="hidden")
    rate(page, e=2, m=2, c=2)
    page.close()  # An undone rating must not come back with another page and its engine.
    page = context.new_page()
    page.goto(served.url)
    wait_for_engine(page)
    wait_until_all_is_stored(page)
    assert [row["ratings"]["e"] for row in rows(page, "ratings")] == [2]
    page.click("#tab-preferences")
    page.check("[name=sync]")
    page.click("#sync-now")
    wait_for_count(page, "ratings", 1, "synced")
    assert undone not in on_server(served)
    assert {row["uuid"] for row in rows(page, "ratings")} <= on_server(served)


def test_undo_withdraws_the_last_rating_wherever_it_is(page: Page, served: Served) -> None:
    wait_for_engine(page)
    play(page, 1)
    rate(page, e=1, m=1, c=1)
    rate(page, e=3, m=3, c=3)
    wait_for_count(page, "ratings", 2)
    assert "energy 3, mood 3, complexity 3" in (page.text_content("#rate-last") or "")
    page.click("#rate-undo")
    wait_for_count(page, "ratings", 1)
    page.keyboard.press("u")
    assert page.is_checked("fieldset[data-dimension=e] input[value='3']")
    page.wait_for_timeout(300)
    assert [row["ratings"]["e"] for row in rows(page, "ratings")] == [1]
    rate(page, e=4, m=4, c=4)
    wait_for_count(page, "ratings", 2)
    page.click("#tab-preferences")
    page.check("[name=sync]")
    page.click("#sync-now")
    wait_for_count(page, "ratings", 2, "synced")
    [sent] = [row["uuid"] for row in rows(page, "ratings") if row["ratings"]["e"] == 4]
    page.click("#tab-rate")
    page.click("#rate-undo")
    wait_for_text(page, "#rate-last", "already uploaded")
    wait_for_count(page, "ratings", 1, "synced")
    assert sent in on_server(served)
    page.reload()
    wait_for_engine(page)
    assert [row["ratings"]["e"] for row in rows(page, "ratings")] == [1]


def test_history_lists_events_and_forgets_them(page: Page) -> None:
    wait_for_engine(page)
    play(page, 1)
    rate(page, e=4, m=2, c=3)
    play(page, 2)
    wait_for_count(page, "implicit", 2)
    wait_for_count(page, "ratings", 1)
    title = page.text_content("#tunes tbody tr:nth-child(1) .name") or ""
    page.click("#history summary")
    page.wait_for_function("document.querySelectorAll('#history-list li').length === 3")
    texts = page.locator("#history-list li span").all_text_contents()
    assert all(words in texts[1] for words in (title, "rated energy 4, mood 2, complexity 3"))
    page.locator("#history-list .forget").nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('#history-list li').length === 2")
    wait_for_text(page, "#history-result", "Deleted.")
    assert stored(page) == ["play", "play"], "what was rated is no skip"
    assert page.evaluate("document.activeElement.matches('#history-list .forget')")
    wait_for_count(page, "ratings", 0)
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.locator("#history-list .forget-tune").nth(1).click()
    assert len(stored(page)) == 2
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("#history-list .forget-tune").nth(1).click()
    wait_for_text(page, "#history-result", "Deleted: 1 ")
    assert [row["sidPath"] for row in rows(page, "implicit-events")] == [
        page.get_attribute("#tunes tbody tr:nth-child(2)", "data-path")
    ]
    first = page.get_attribute("#tunes tbody tr:nth-child(1)", "data-path")
    assert page.evaluate(RANK, first) < 5, "it is no longer recent, so it isn't at the end of the queue"


RANK = """path => {
    const titles = [...document.querySelectorAll("#up-next .name")].map(name => name.textContent);
    const row = document.querySelector(`#tunes tr[data-path="${path}"] .name`).textContent;
    return titles.includes(row) ? titles.indexOf(row) : 0;
}"""


def test_history_names_music_that_the_page_has_not_met(page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "Mine"
    folder.mkdir()
    (folder / "mine.sid").write_bytes(psid(clicker(), play=clicker_play(), title=b"A tune of mine"))
    wait_for_engine(page)
    page.set_input_files("#own-folder", folder)
    page.wait_for_selector("#collection-result:not(:empty)")
    page.fill("#search", "a tune of mine")
    wait_for_text(page, "#list-count", "1 of ")
    play(page, 1)
    page.fill("#search", "")
    page.wait_for_function("document.querySelectorAll('#tunes tbody tr').length > 5")
    play(page, 3)  # The listener's own is the first.
    for direction in ("ascending", "descending"):  # Now it is the last, so that the page doesn't meet it.
        page.click("#tunes th.title button")
        page.wait_for_selector(f"#tunes th.title[aria-sort={direction}]")
    wait_until_all_is_stored(page)
    page.reload()
    wait_for_engine(page)
    page.click("#history summary")
    wait_for_text(page, "#history-list", "A tune of mine: ")


def test_history_opens_in_sight(without_engine: Page) -> None:
    page = without_engine
    page.set_viewport_size({"width": 1366, "height": 768})
    page.wait_for_selector("#tunes tbody tr")
    page.evaluate("document.querySelector('#listening').scrollTop = 0")
    page.evaluate("document.querySelector('#history').open = true")
    page.wait_for_function(
        """() => document.querySelector("#history-empty").getBoundingClientRect().bottom
            <= document.querySelector("#listening").getBoundingClientRect().bottom"""
    )


def test_incognito_records_nothing(page: Page, context: BrowserContext) -> None:
    wait_for_engine(page)
    play(page, 1)
    wait_for_count(page, "implicit", 1)
    page.click("#incognito")
    assert "Nothing that you play" in (page.text_content("#incognito-note") or "")
    before = page.evaluate("JSON.stringify(localStorage)")  # The position until now may be kept.
    assert page.is_disabled("#like")
    page.click("#next")  # Leaving a tune that started before incognito isn't recorded either.
    page.wait_for_function("window.sidPlayer.stats().rms > 0.001")
    page.click("#tab-play")
    page.click("#tunes tbody tr:nth-child(3) button.tune")
    page.wait_for_function("document.querySelector('footer').dataset.status === 'playing'")
    page.keyboard.press("l")
    page.click("#tab-rate")
    assert page.is_disabled("#rate-form [type=submit]")
    page.wait_for_selector("#rate-private")
    page.keyboard.type("1234")
    page.keyboard.press("Enter")
    page.wait_for_timeout(1000)
    assert stored(page) == ["play"]
    assert page.evaluate("JSON.stringify(localStorage)") == before
    page.click("#incognito")
    assert "stays unrecorded" in (page.text_content("#incognito-note") or "")
    assert page.is_disabled("#rate-form [type=submit]")
    page.click("#tab-play")
    page.click("#tunes tbody tr:nth-child(3) button.tune")  # The same tune again is a play, not a replay.
    wait_until_playing(page)
    page.wait_for_selector("#incognito-note", state="hidden")
    wait_for_count(page, "implicit", 2)
    assert stored(page) == ["play", "play"]
    page.click("#incognito")
    other = context.new_page()
    other.goto(page.url)
    other.wait_for_selector("html[data-ui=ready]")
    assert other.get_attribute("#incognito", "aria-checked") == "false"
    page.reload()
    page.wait_for_selector("html[data-ui=ready]")
    assert page.get_attribute("#incognito", "aria-checked") == "false"
    assert count(page, "implicit") in (0, 2)
