"""The page's storage status, and the listener's control over the stored data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from app.setup.chromium import chromium
from tests.browser.conftest import CHROMIUM_ARGS
from tests.e2e.listener import (
    HOLD_QUESTIONS,
    hold_engine,
    play,
    predictions,
    rate,
    rows,
    wait_for_count,
    wait_for_engine,
    wait_until_playing,
)
from tests.patience import patient
from tests.served import Served
from tests.wasm.roms import ROMS


def saved_state(page: Page) -> str:
    return page.text_content("#saved-state") or ""


def wait_for_saved_state(page: Page, text: str) -> None:
    page.wait_for_function("text => document.querySelector('#saved-state').textContent === text", arg=text)


def wait_for_result(page: Page, beginning: str) -> str:
    page.wait_for_function(
        "text => document.querySelector('#local-data-result').textContent.startsWith(text)", arg=beginning
    )
    return page.text_content("#local-data-result") or ""


def wait_for_books(page: Page, beginning: str) -> None:
    page.wait_for_function(
        "text => document.querySelector('#books').textContent.startsWith(text)", arg=beginning
    )


def database_content(page: Page) -> list[tuple[str, str]]:
    """Return the content of the database without row numbers."""
    found = [row for store in ("ratings", "implicit-events") for row in rows(page, store)]
    return sorted((row["uuid"], row["kind"]) for row in found)


def test_event_is_unsaved_until_committed(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    start_engine = hold_engine(page)
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    assert saved_state(page) == "All saved"
    play(page, 1)
    page.click("#like")
    wait_for_saved_state(page, "2 not saved yet")
    start_engine()
    wait_for_engine(page)
    wait_for_saved_state(page, "All saved")
    assert len(rows(page, "implicit-events")) == 2
    assert page.evaluate("Object.keys(localStorage).filter(key => key.includes('outbox'))") == []


def test_events_are_listed_exported_deleted_and_imported(page: Page, tmp_path: Path) -> None:
    """All steps share one page because an engine takes long to start."""
    page.wait_for_selector("#storage-banner", state="hidden")
    wait_for_engine(page)
    play(page, 1)
    page.click("#like")
    rate(page, e=5, m=2, c=3)
    wait_for_count(page, "ratings", 1)
    wait_for_count(page, "implicit", 2)
    wait_for_books(page, "3 events recorded: 3 stored, 0 undone")
    assert page.is_hidden("#storage-banner"), "no warning is the reward for a first rating"
    check_list_describes_events(page)
    check_export_delete_import(page, tmp_path)


def check_list_describes_events(page: Page) -> None:
    page.click("#tab-preferences")
    page.click("#waiting summary")
    page.wait_for_function("document.querySelectorAll('#waiting li').length === 3")
    texts = page.locator("#waiting li").all_text_contents()
    title = page.text_content("#now-title") or ""
    assert all(text.startswith(f"{title}: ") for text in texts)
    assert all(rating in texts[0] for rating in ("rated ", "energy 5", "mood 2", "complexity 3"))
    assert "like" in texts[1]
    assert "play" in texts[2]
    assert all(text.count("202") >= 1 for text in texts)  # The year of each event.


def test_list_of_events_has_each_once_if_another_is_made_meanwhile(page: Page, own_tune: Path) -> None:
    page.add_init_script(HOLD_QUESTIONS)
    page.reload()
    wait_for_engine(page)
    page.set_input_files("#own-file", own_tune)
    wait_until_playing(page)
    page.click("#like")
    wait_for_count(page, "implicit", 2)
    page.click("#tab-preferences")
    page.evaluate("globalThis.holds = 'find'")  # What the listener adds is looked up for its title.
    page.click("#waiting summary")
    page.wait_for_function("held.length > 0")
    page.click("#waiting summary")
    page.click("#waiting summary")
    page.wait_for_timeout(1000)  # Another list would have begun.
    page.evaluate("release()")
    page.wait_for_function("document.querySelectorAll('#waiting li').length >= 2")
    page.wait_for_timeout(500)
    assert page.locator("#waiting li").count() == 2


SECONDS = """() => {
    const [minutes, seconds] = document.querySelector("#position").textContent.split(":").map(Number);
    return 60 * minutes + seconds;
}"""


def seconds(page: Page) -> int:
    return int(page.evaluate(SECONDS))


def kept_by_page(page: Page) -> list[str]:
    """Return the keys of localStorage but for the settings."""
    keys = page.evaluate("Object.keys(localStorage)")
    return sorted(key for key in keys if key != "sidflow.preferences")


def check_export_delete_import(page: Page, tmp_path: Path) -> None:
    before = database_content(page)
    page.click("#tab-preferences")
    with page.expect_download() as download:
        page.click("#export")
    archive = tmp_path / download.value.suggested_filename
    download.value.save_as(archive)
    assert json.loads(archive.read_text())["format"] == "sidflow-feedback"
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.click("#wipe")
    wait_for_result(page, "Nothing was deleted")
    assert database_content(page) == before
    page.focus("#progress")
    page.keyboard.press("Home")  # So that the song goes on for a while.
    assert {"sidflow.resume", "sidflow.likes", "sidflow.judgments"} <= set(kept_by_page(page))
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("#wipe")
    wait_for_result(page, "Everything in this browser was deleted")
    begun = seconds(page)
    page.wait_for_function(f"({SECONDS})() > {begun + 7}")
    assert kept_by_page(page) == [], "what plays on leaves no trace"
    wait_for_count(page, "ratings", 0)
    wait_for_books(page, "0 events recorded: 0 stored")
    assert database_content(page) == []
    page.set_input_files("#import", archive)
    assert wait_for_result(page, "3 events imported")
    wait_for_count(page, "implicit", 2)
    wait_for_books(page, "3 events recorded: 3 stored, 0 undone")
    assert database_content(page) == before
    page.set_input_files("#import", archive)
    assert "0 events imported, 3 were here already" in wait_for_result(page, "0 events")
    edited = tmp_path / "edited.json"
    edited.write_text(archive.read_text().replace('"e": 5', '"e": 1'))
    page.set_input_files("#import", edited)
    assert "changed after it was exported" in wait_for_result(page, "The file")
    page.set_input_files("#import", {"name": "a.json", "mimeType": "application/json", "buffer": b"{1"})
    assert "Choose another file" in wait_for_result(page, "The file is damaged or incomplete. Nothing")
    assert database_content(page) == before


FILL = """async events => {
    const { open } = await import("/sidflow_feedback/store/indexeddb.js");
    const store = await open("sidflow-feedback");
    const rows = Array.from({ length: events }, (_, i) => ({
        v: 2, kind: "rating", uuid: crypto.randomUUID(), timestamp: 1750000000000 + i,
        sidPath: `Demo/${i}.sid`, ratings: { e: 3 },
        syncStatus: "pending", attempts: 0, lastError: null, lastTry: 0, nextTry: 0,
    }));
    await store.merge(JSON.stringify({ rows, snapshots: [] }), 5);
    store.close();
}"""

CANCEL_AT_ONCE = """() => {
    const transfer = document.querySelector("#transfer");
    window.shown = [];
    new MutationObserver(() => {
        if (transfer.hidden) return;
        shown.push(transfer.querySelector("span").textContent);
        document.querySelector("#transfer-cancel").click();
    }).observe(transfer, { attributes: true, childList: true, subtree: true });
}"""


NOT_KEPT = "navigator.storage.persist = navigator.storage.persisted = async () => false"


def test_hint_that_the_browser_may_delete_data_comes_late_and_once(page: Page) -> None:
    page.add_init_script(NOT_KEPT)
    page.evaluate(FILL, 20)
    page.reload()
    wait_for_engine(page)
    banner(page, "may delete your data")
    page.click("#storage-banner-close")
    page.reload()
    wait_for_engine(page)
    wait_for_count(page, "ratings", 20)
    page.wait_for_function("document.querySelector('#storage-status').textContent.includes('may delete')")
    assert page.is_hidden("#storage-banner")


def test_export_has_what_is_still_in_the_outbox_and_import_can_be_canceled(
    page: Page, tmp_path: Path
) -> None:
    wait_for_engine(page)
    page.evaluate(FILL, 1200)
    play(page, 1)
    page.click("#tab-preferences")
    with page.expect_download() as download:
        page.evaluate(  # In one task: nothing has left the outbox then.
            """() => {
                 document.querySelector("#like").click();
                 document.querySelector("#export").click();
               }"""
        )
    download.value.save_as(tmp_path / "archive.json")
    archive = json.loads((tmp_path / "archive.json").read_text())
    assert len(archive["ratings"]) == 1200
    assert [event["action"] for event in archive["implicit"]] == ["play", "like"]
    archive["ratings"] *= 20  # It must not be read to its end before the button is pressed.
    (tmp_path / "long.json").write_text(json.dumps(archive))
    page.evaluate(CANCEL_AT_ONCE)
    page.set_input_files("#import", tmp_path / "long.json")
    assert "Nothing was imported" in wait_for_result(page, "Canceled.")
    assert page.evaluate("shown[0]").startswith("Read ")
    page.wait_for_selector("#transfer", state="hidden")
    assert page.is_enabled("#export")
    wait_for_books(page, "1,202 events recorded: 1,202 stored, 0 undone")


@pytest.mark.usefixtures("whole_processor")
def test_deleting_everything_deletes_the_local_model_and_the_roms(page: Page, tmp_path: Path) -> None:
    wait_for_engine(page)
    page.wait_for_selector("html[data-model^=global]")
    before = predictions(page)
    play(page, 1)
    for number in range(12):
        rate(page, e=1, m=1, c=1 + number % 2)
        page.click("#rate-next")
        page.wait_for_function("document.querySelector('#rate-result').textContent === ''")
        page.wait_for_selector("#like:enabled")
    page.click("#tab-preferences")
    page.check("[name=training]")
    page.wait_for_selector("html[data-model^=local]")
    assert predictions(page) != before
    (tmp_path / "kernal.rom").write_bytes(ROMS.images["kernal"])
    page.set_input_files("#add-roms", tmp_path / "kernal.rom")
    page.get_by_role("button", name="Use kernal.rom as KERNAL").click()
    page.wait_for_selector("#roms li")
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("#wipe")
    page.wait_for_selector("html[data-model^=global]")
    page.wait_for_selector("#roms li", state="detached")
    page.wait_for_function(
        "first => document.querySelector('#tunes tr[data-path]').dataset.prediction.startsWith(first)",
        arg=f"{before[0][0]:.1f}",
    )
    assert predictions(page) == before
    assert rows(page, "model-snapshots") == []
    stored = page.evaluate(
        "async () => Object.keys(await (await import('/static/js/sid/stored-roms.js')).storedRoms())"
    )
    assert stored == []


def banner(page: Page, text: str) -> None:
    """Wait until the banner contains `text`."""
    page.wait_for_function(
        """text => {
             const banner = document.querySelector("#storage-banner");
             return !banner.hidden && banner.textContent.includes(text);
           }""",
        arg=text,
    )


def opened(context: BrowserContext, served: Served) -> Page:
    page = context.new_page()
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    return page


def test_tunes_play_without_a_database_and_a_banner_reports_it(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    preferences = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(preferences))
    with patient(
        browser.browser_type.launch_persistent_context(
            tmp_path, executable_path=chromium(), args=CHROMIUM_ARGS
        )
    ) as context:
        page = opened(context, served)
        banner(page, "Feedback is off")
        play(page, 1)
        page.wait_for_function("window.sidPlayer.stats().rms > 0.001")
        page.click("#like")
        wait_for_saved_state(page, "2 not saved yet")
        page.click("#storage-banner-close")
        page.wait_for_selector("#storage-banner", state="hidden")


def test_blocking_old_tab_is_reported_and_events_are_kept(context: BrowserContext, served: Served) -> None:
    old = context.new_page()
    old.goto(f"{served.url}/api/health")
    old.evaluate(
        """() => new Promise(resolve => {
             const opening = indexedDB.open("sidflow-feedback", 1);
             opening.onsuccess = () => { window.held = opening.result; resolve(); };
             opening.onupgradeneeded = () => {
               for (const name of ["ratings", "implicit-events"]) {
                 const store = opening.result.createObjectStore(name, { keyPath: "id", autoIncrement: true });
                 store.createIndex("uuid", "uuid", { unique: true });
                 for (const field of ["sidPath", "timestamp", "syncStatus"]) store.createIndex(field, field);
               }
               opening.result.createObjectStore("model-snapshots", { keyPath: "id", autoIncrement: true });
             };
           })"""
    )
    page = opened(context, served)
    banner(page, "Close the other tabs of this page")
    play(page, 1)
    wait_for_saved_state(page, "1 not saved yet")
    old.close()
    page.reload()
    wait_for_engine(page)
    wait_for_saved_state(page, "All saved")
    assert [row["action"] for row in rows(page, "implicit-events")] == ["play"]


def test_full_disk_is_reported_and_events_are_kept(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": served.url, "quotaSize": 1})
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    banner(page, "free some disk space")
    play(page, 1)
    page.click("#like")
    wait_for_saved_state(page, "2 not saved yet")
    session.send("Storage.overrideQuotaForOrigin", {"origin": served.url})
    page.reload()
    wait_for_engine(page)
    wait_for_saved_state(page, "All saved")
    assert [row["action"] for row in rows(page, "implicit-events")] == ["play", "like"]
    page.wait_for_selector("#storage-banner", state="hidden")
