"""What can't be played is skipped, and the radio goes on."""

from __future__ import annotations

from playwright.sync_api import Page, Route

from tests.collection_tree import tune
from tests.e2e.listener import outbox, wait_for_text, wait_until_playing
from tests.e2e.music import wait_for_rows
from tests.e2e.test_collection import PLANT, SITE, packed, play_first, result, search

NOTE = "#play-note[role=status][aria-live=polite]"
REMOVE = """async path => {
    const root = await navigator.storage.getDirectory();
    const folder = path ? await root.getDirectoryHandle("My SIDs") : root;
    await folder.removeEntry(path || "My SIDs", { recursive: true });
}"""


def test_missing_files_and_a_lost_folder_are_skipped_with_a_quiet_note(without_engine: Page) -> None:
    page = without_engine
    page.evaluate(PLANT, packed(*((f"{number}.sid", tune(number)) for number in range(6))))
    page.click("#add-folder")
    result(page)
    search(page, "tune number 0", 1)
    play_first(page, "Tune number 0")
    page.fill("#search", "")
    wait_for_rows(page, SITE + 6)
    wait_for_text(page, "#up-next li:first-child .name", "Tune number 1")
    page.evaluate(REMOVE, "1.sid")
    page.click("#next")
    wait_for_text(page, "#now-title", "Tune number 2")
    wait_until_playing(page)
    wait_for_text(page, NOTE, "Skipped “Tune number 1”, which can't be played.")
    page.wait_for_selector("#notice", state="hidden")
    wait_for_text(page, "#up-next li:first-child .name", "Tune number 3")
    page.evaluate(REMOVE, "")
    page.click("#next")
    wait_for_text(page, NOTE, "Skipped “Tune number 3”")
    wait_until_playing(page)
    assert "Tune number" not in (page.text_content("#now-title") or "")
    assert page.locator("#up-next li", has_text="Tune number").count() == 0, "none of the folder is tried"
    page.wait_for_selector("#notice", state="hidden")
    played = {event["action"]: event["sidPath"] for event in outbox(page)}
    assert len({event["sidPath"] for event in outbox(page)}) == 3, played
    page.click("#next")
    page.wait_for_selector(NOTE + ":empty", state="attached")


def test_tune_that_the_server_lacks_is_skipped_and_not_tried_again(without_engine: Page) -> None:
    page = without_engine
    second = page.text_content("#tunes tbody tr:nth-child(2) .name") or ""
    third = page.text_content("#tunes tbody tr:nth-child(3) .name") or ""
    name = f"**/tunes/{second.replace(' ', '_')}.sid"
    tries: list[str] = []

    def refuse(route: Route) -> None:
        tries.append(route.request.url)
        route.fulfill(status=404)

    page.route(name, refuse)
    page.click("#tunes tbody tr:nth-child(1) button.tune")
    wait_until_playing(page)
    page.click("#next")
    wait_for_text(page, "#now-title", third)
    wait_for_text(page, NOTE, f"Skipped “{second}”, which can't be played.")
    assert [event["action"] for event in outbox(page)][:1] == ["play"]
    tried = len(tries)
    page.click("#tunes tbody tr:nth-child(1) button.tune")
    wait_until_playing(page)
    wait_for_text(page, "#up-next li:first-child .name", third)
    page.click("#next")
    wait_for_text(page, "#now-title", third)
    wait_until_playing(page)
    assert len(tries) == tried > 0


def test_tune_that_failed_offline_is_tried_again_when_the_network_is_back(without_engine: Page) -> None:
    page = without_engine
    second = page.text_content("#tunes tbody tr:nth-child(2) .name") or ""
    third = page.text_content("#tunes tbody tr:nth-child(3) .name") or ""
    name = f"**/tunes/{second.replace(' ', '_')}.sid"
    page.route(name, lambda route: route.abort())
    page.click("#tunes tbody tr:nth-child(1) button.tune")
    wait_until_playing(page)
    page.click("#next")
    wait_for_text(page, "#now-title", third)
    wait_for_text(page, NOTE, f"Skipped “{second}”, which can't be played. The server can't be reached.")
    page.unroute(name)
    page.evaluate("dispatchEvent(new Event('online'))")
    page.click("#tunes tbody tr:nth-child(1) button.tune")
    wait_until_playing(page)
    wait_for_text(page, "#up-next li:first-child .name", second)
    page.click("#next")
    wait_for_text(page, "#now-title", second)
    wait_until_playing(page)
