"""The listener's own music: adding, searching, playing, keeping, and removing it; and the list."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.collection_tree import length_of, plant, songlengths, tune
from tests.e2e.listener import rows, wait_for_engine, wait_until_playing
from tests.e2e.music import wait_for_rows
from tests.e2e.short_tunes import FALL_SILENT, short_tune
from tests.patience import wait_until
from tests.wasm.sidplayer import mus, note

COUNT = 300
SITE = 60
"""Demo tunes, which are listed before the listener's folders."""

ROWS = """store => new Promise((resolve, reject) => {
    const opening = indexedDB.open("sidflow-tunes");
    opening.onsuccess = () => {
        const reading = opening.result.transaction(store).objectStore(store).getAll();
        reading.onsuccess = () => { opening.result.close(); resolve(reading.result.length); };
    };
})"""
STORES = ("tunes", "contents", "analyses", "folders")
SAVE_SONG = """async song => {
    const { WorkerClient } = await import("/static/js/worker-client.js");
    const collection = new WorkerClient("/static/js/tunes/collection-worker.js", { name: "test" });
    return await collection.call("saveSong", song);
}"""
DROP = """(files) => {
    const transfer = new DataTransfer();
    for (const [name, text] of files) {
        transfer.items.add(new File([Uint8Array.from(atob(text), c => c.charCodeAt(0))], name));
    }
    for (const type of ["dragenter", "dragover"]) {
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true }));
    }
    const shown = !document.querySelector("#drop-hint").hidden;
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
    return shown && document.querySelector("#drop-hint").hidden;
}"""
PLANT = """async (files) => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle("My SIDs", { create: true });
    for (const [name, text] of files) {
        const writable = await (await folder.getFileHandle(name, { create: true })).createWritable();
        await writable.write(Uint8Array.from(atob(text), c => c.charCodeAt(0)));
        await writable.close();
    }
    window.showDirectoryPicker = async () => folder;  // Only the dialog is not the browser's.
}"""
EVENTS = """() => Object.keys(localStorage).filter(key => key.startsWith("sidflow.outbox."))
    .map(key => JSON.parse(localStorage.getItem(key).replace(/^\\S+ /, "")))"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("music") / "C64Music", COUNT)


def add_folder(page: Page, tree: Path) -> str:
    page.evaluate("document.querySelector('#collection-result').textContent = ''")
    page.set_input_files("#own-folder", tree)
    return result(page)


def result(page: Page) -> str:
    """Return the page's message after music was added."""
    page.wait_for_selector("#collection-result:not(:empty)")
    return page.text_content("#collection-result") or ""


def search(page: Page, words: str, count: int) -> None:
    page.fill("#search", words)
    wait_for_rows(page, count)


def names(page: Page) -> list[str]:
    return page.locator("#tunes tbody .name").all_text_contents()


def wait_for_first(page: Page, title: str) -> None:
    page.wait_for_function("title => document.querySelector('#tunes .name').textContent === title", arg=title)


def play_first(page: Page, title: str) -> None:
    wait_for_first(page, title)
    page.click("#tunes tbody tr:first-child button.tune")
    page.wait_for_function("title => document.querySelector('#now-title').textContent === title", arg=title)
    wait_until_playing(page)


def recorded(page: Page) -> list[dict[str, Any]]:
    """Return the events in the outbox and those in the store."""
    wait_for_engine(page)
    # Must come first: events only move from the outbox to the store.
    waiting: list[dict[str, Any]] = page.evaluate(EVENTS)
    return waiting + rows(page, "implicit-events")


def packed(*files: tuple[str, bytes]) -> list[tuple[str, str]]:
    return [(name, base64.b64encode(data).decode()) for name, data in files]


def focused(page: Page) -> str:
    found: str = page.evaluate(
        "document.activeElement.closest('tr')?.querySelector('.name').textContent ?? ''"
    )
    return found


def test_folder_is_indexed_searched_played_and_remembered(page: Page, tree: Path) -> None:
    message = add_folder(page, tree)
    assert message.startswith(f"{COUNT + 1} tunes, {COUNT} of them new. The lengths of {COUNT} tunes")
    assert page.text_content("#skipped summary") == "2 files skipped"
    reasons = page.locator("#skipped li").all_text_contents()
    assert [reason.partition(": ")[0] for reason in reasons] == ["MUSICIANS/Broken.sid", "MUSICIANS/Huge.sid"]
    assert "It is too short to hold music" in reasons[0]
    assert "It is not a SID file" in reasons[1]
    page.wait_for_selector("#indexing", state="hidden")
    wait_for_rows(page, SITE + COUNT)

    search(page, "HULSBECK number 27", 5)
    page.wait_for_function("document.querySelectorAll('#tunes tbody tr').length === 5")
    assert names(page) == [f"Tune number {number}" for number in (27, 127, 227, 272, 277)]
    length = page.text_content("#tunes tbody tr:first-child .length")
    assert length == "1:27", length_of(27)
    play_first(page, "Tune number 27")
    page.click("#next")
    page.wait_for_function("document.querySelector('#now-title').textContent === 'Tune number 127'")
    events = recorded(page)
    path = "sha256:" + hashlib.sha256(tune(27)).hexdigest()
    event = next(event for event in events if event["sidPath"] == path)
    assert (event["length"], event["lengthSource"]) == (length_of(27), "songlengths")
    assert "Tune" not in json.dumps(events)

    page.reload()
    page.wait_for_selector("html[data-ui=ready]")
    wait_for_rows(page, SITE + COUNT)
    search(page, "27 hulsbeck", 5)
    page.click("#tunes tbody tr:first-child button.tune")
    page.wait_for_function("document.querySelector('#play-note').textContent.includes('its folder again')")
    assert add_folder(page, tree).startswith(f"{COUNT + 1} tunes, 0 of them new.")
    assert page.locator("#folders li").count() == 1
    play_first(page, "Tune number 27")

    page.click("#own-music summary")
    page.click("#folders .remove")
    page.fill("#search", "")
    wait_for_rows(page, SITE)
    wait_until(lambda: page.evaluate(ROWS, "tunes") == 0)  # The list changes before they are deleted.
    page.wait_for_selector("#own-music", state="hidden")


def test_keyboard_moves_through_the_list_and_focus_is_kept(without_engine: Page, tree: Path) -> None:
    page = without_engine
    add_folder(page, tree)
    wait_for_rows(page, SITE + COUNT)
    assert page.locator("#tunes tbody tr").count() < 200
    page.wait_for_selector("#analyze-now button")  # Counted once the list is shown.
    page.focus("#analyze-now button")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Title"
    page.keyboard.press("Tab")
    first = focused(page)
    assert first == names(page)[0]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert focused(page) == names(page)[2]
    page.keyboard.press("End")
    page.wait_for_function("document.activeElement.closest('tr')?.getAttribute('aria-rowindex') === '361'")
    last = focused(page)
    assert first.startswith("Tune number")
    assert not last.startswith("Tune number"), "the site's tunes come after the listener's"
    assert first not in names(page)
    page.keyboard.press("PageUp")
    page.keyboard.press("PageDown")
    assert focused(page) == last
    page.keyboard.press("Enter")
    page.wait_for_function("title => document.querySelector('#now-title').textContent === title", arg=last)
    page.evaluate("document.querySelector('#tune-list').scrollTop = 0")
    wait_for_first(page, first)
    assert focused(page) == ""
    assert page.evaluate("document.activeElement.id") == "tune-list"
    page.keyboard.press("ArrowUp")
    page.wait_for_function("document.activeElement.closest('tr')?.getAttribute('aria-rowindex') === '360'")
    page.keyboard.press("Home")
    page.wait_for_function("document.activeElement.closest('tr')?.getAttribute('aria-rowindex') === '2'")
    assert focused(page) == first

    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.textContent") == "Title"
    titles = page.evaluate("""async () => (await (await fetch(
        '/static/vendor/tunes/catalog.json')).json()).tunes.map(tune => tune.title)""")
    for way, title in (("ascending", min(titles, key=str.lower)), ("descending", max(titles, key=str.lower))):
        page.keyboard.press("Enter")
        page.wait_for_selector(f"#tunes th.title[aria-sort={way}]")
        wait_for_first(page, title)
    page.keyboard.press("Enter")
    wait_for_first(page, first)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector("#tunes th.year[aria-sort=ascending]")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.closest('tbody') !== null")
    page.select_option("#folder", "site")
    wait_for_rows(page, SITE)


def test_dropped_files_are_stored_and_get_their_lengths_later(without_engine: Page) -> None:
    page = without_engine
    files = [(f"{number}.sid", tune(number)) for number in (7, 8)]
    assert page.evaluate(DROP, packed(*files))
    assert result(page) == "2 tunes, 2 of them new."
    wait_for_rows(page, SITE + 2)
    search(page, "number 7", 1)
    assert page.text_content("#tunes td.length") == "–:––"
    page.evaluate(DROP, packed(("Songlengths.md5", songlengths(9).encode())))
    page.wait_for_function("document.querySelector('#tunes td.length').textContent === '1:07'")
    assert "The lengths of 9 tunes are known now" in result(page)
    page.evaluate(DROP, packed(("6.sid", tune(6))))
    page.wait_for_function("document.querySelector('#now-title').textContent === 'Tune number 6'")
    page.wait_for_function("document.querySelector('#length').textContent === '1:06'")
    page.reload()
    page.wait_for_selector("html[data-ui=ready]")
    search(page, "number 7", 1)
    play_first(page, "Tune number 7")
    assert page.text_content("#length") == "1:07"


def test_folder_handle_is_reread_after_a_reload(without_engine: Page) -> None:
    page = without_engine
    page.evaluate(PLANT, packed(*((f"{number}.sid", tune(number)) for number in range(5))))
    page.click("#add-folder")
    assert result(page) == "5 tunes, 5 of them new."
    page.reload()
    page.wait_for_selector("html[data-ui=ready]")
    search(page, "tune number 3", 1)
    play_first(page, "Tune number 3")
    page.fill("#search", "")
    page.evaluate(PLANT, packed(("1.sid", tune(100)), ("9.sid", tune(9)), ("broken.sid", b"PSID")))
    page.evaluate("""async () => (await (await navigator.storage.getDirectory())
        .getDirectoryHandle("My SIDs")).removeEntry("2.sid")""")
    page.click("#own-music summary")
    page.click("#folders .again")
    assert result(page) == "5 tunes, 2 of them new."
    page.select_option("#folder", label="My SIDs")
    wait_for_rows(page, 5)
    page.wait_for_function("document.querySelectorAll('#tunes tbody tr').length === 5")
    assert names(page) == [f"Tune number {number}" for number in (0, 100, 3, 4, 9)]
    assert page.evaluate(ROWS, "contents") == 0


def test_sidplayer_music_in_two_files_is_one_tune_for_two_sids(without_engine: Page) -> None:
    page = without_engine
    first, second = (mus([note("c", 4)], text=name + b"\r\r\r\r\r\0") for name in (b"DUET", b"SECOND"))
    page.evaluate(PLANT, packed(("duet.mus", first), ("DUET.STR", second), ("solo.str", second)))
    page.click("#add-folder")
    assert result(page) == "2 tunes, 2 of them new."
    page.reload()
    page.wait_for_selector("html[data-ui=ready]")
    search(page, "duet", 1)
    play_first(page, "DUET")
    page.wait_for_selector("#voices button >> nth=5")
    page.evaluate(DROP, packed(("other.STR", second), ("OTHER.mus", mus([note("d", 4)]))))
    page.wait_for_function("document.querySelector('#now-title').textContent === 'TITLE'")
    page.wait_for_selector("#voices button >> nth=5")


def test_page_says_that_the_browser_reads_the_folder(without_engine: Page) -> None:
    page = without_engine
    shown = page.locator("#indexing")
    page.evaluate(
        """() => {
            const chooser = document.querySelector("#own-folder");
            chooser.addEventListener("click", (event) => event.preventDefault());  // No dialog.
            chooser.click();
            dispatchEvent(new Event("focus"));
        }"""
    )
    shown.get_by_text("The browser is reading the folder.").wait_for()
    page.evaluate("document.querySelector('#own-folder').dispatchEvent(new Event('cancel'))")
    shown.wait_for(state="hidden")
    page.evaluate("dispatchEvent(new Event('focus'))")
    assert shown.is_hidden()


def test_stopped_indexing_can_be_resumed(without_engine: Page, tree: Path) -> None:
    page = without_engine
    page.evaluate(
        """() => new MutationObserver((_, observer) => {
            document.querySelector("#stop-indexing").click();
            observer.disconnect();
        }).observe(document.querySelector("#indexing"), { attributes: true })"""
    )
    assert add_folder(page, tree).startswith("Stopped after")
    assert int(page.evaluate("document.querySelector('#tunes').getAttribute('aria-rowcount')")) < SITE + COUNT
    assert f"{COUNT + 1} tunes" in add_folder(page, tree)
    wait_for_rows(page, SITE + COUNT)


def test_full_disk_is_reported_and_the_list_lasts_until_reload(without_engine: Page, tree: Path) -> None:
    page = without_engine
    session, origin = page.context.new_cdp_session(page), page.evaluate("location.origin")
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 1000})
    add_folder(page, tree)
    page.wait_for_function("document.querySelector('#notice').textContent.includes('no more storage')")
    wait_for_rows(page, SITE + COUNT)
    search(page, "number 27 hulsbeck", 5)
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin})
    play_first(page, "Tune number 27")


@pytest.mark.usefixtures("whole_processor")
def test_deleting_everything_deletes_own_music_and_analyses(page: Page, tmp_path: Path) -> None:
    own_tune = tmp_path / "short.sid"
    own_tune.write_bytes(short_tune(1, FALL_SILENT, b"Short"))
    wait_for_engine(page)
    page.set_input_files("#own-file", own_tune)
    analyzed = "document.querySelector('#tunes tbody tr:first-child .why:not([hidden])') !== null"
    page.wait_for_function(analyzed)
    wait_until(lambda: page.evaluate(ROWS, "analyses") == 1)  # The list shows it before it is stored.
    page.reload()
    wait_for_engine(page)
    wait_for_rows(page, SITE + 1)
    page.wait_for_function(analyzed)
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("#tab-preferences")
    page.click("#wipe")
    wait_for_rows(page, SITE)
    page.wait_for_selector("#local-data-result:not(:empty)")
    assert [page.evaluate(ROWS, store) for store in STORES] == [0] * 4


def test_analysis_that_ends_after_its_tune_was_deleted_is_not_stored(page: Page) -> None:
    wait_for_rows(page, SITE)
    found = {"features": None, "problem": "It is silent.", "embedding": None, "length": 2}
    song = {"sidPath": "sha256:" + "0" * 64, "song": 1, "found": found}
    assert page.evaluate(SAVE_SONG, song) is None
    assert page.evaluate(ROWS, "analyses") == 0
