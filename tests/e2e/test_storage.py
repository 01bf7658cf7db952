"""What a listener sees of how their data is kept."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.e2e.listener import play, rows, wait_for_engine


def saved_state(page: Page) -> str:
    return page.text_content("#saved-state") or ""


def wait_for_saved_state(page: Page, text: str) -> None:
    page.wait_for_function("text => document.querySelector('#saved-state').textContent === text", arg=text)


def test_unsaved_until_it_is_committed(page: Page) -> None:
    assert saved_state(page) == "All saved"
    play(page, 1)
    page.click("#like")
    assert page.get_attribute("html", "data-engine") != "ready", "the engine was faster than the click"
    wait_for_saved_state(page, "2 not saved yet")
    wait_for_engine(page)
    wait_for_saved_state(page, "All saved")
    assert len(rows(page, "implicit-events")) == 2
    assert page.evaluate("Object.keys(localStorage).filter(key => key.includes('outbox'))") == []
