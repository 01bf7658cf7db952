"""Missing servers and files are reported, and no event is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from sidflow_feedback.vocabulary import NO_MODEL
from tests.e2e.listener import play, rows, wait_for_count, wait_for_engine, wait_for_text, wait_until_playing
from tests.e2e.operator import Operator
from tests.patience import wait_until


def is_synced(row: dict[str, Any]) -> bool:
    return bool(row["syncStatus"] == "synced")


def test_missing_server_is_reported_and_nothing_is_lost(page: Page) -> None:
    wait_for_engine(page)
    play(page, 1)
    page.click("#like")
    wait_for_count(page, "implicit", 2)
    page.click("#tab-preferences")
    page.check("[name=sync]")
    page.context.set_offline(True)
    page.click("#sync-now")
    page.wait_for_function(
        "document.querySelector('#sync-result').textContent.includes('can\\'t be reached')"
    )
    # The browser may have kept this tune, and others, for use without a network by now.
    page.route("**/tunes/*.sid", lambda route: route.abort())
    page.click("#tab-play")
    page.click("#tunes tbody tr:nth-child(3) button.tune")
    page.wait_for_selector("#notice:not([hidden])")
    message = page.text_content("#notice") or ""
    assert "no tune that follows can be played" in message or "has kept no other tune" in message
    page.unroute("**/tunes/*.sid")
    page.context.set_offline(False)
    play(page, 3)
    page.wait_for_selector("#notice", state="hidden")
    page.wait_for_function("document.querySelector('#saved-state').textContent === 'All saved'")
    page.click("#tab-preferences")
    page.click("#sync-now")
    wait_until(lambda: "like" in [row["action"] for row in rows(page, "implicit-events") if is_synced(row)])


def test_missing_tune_is_reported_and_the_next_one_plays(without_engine: Page) -> None:
    page = without_engine
    page.route("**/tunes/*.sid", lambda route: route.continue_(url=f"{route.request.url}.missing"))
    page.click("#tunes tbody tr:nth-child(2) button.tune")
    page.wait_for_selector("#notice:not([hidden])")
    assert "does not have this tune" in (page.text_content("#notice") or "")
    page.unroute("**/tunes/*.sid")
    page.click("#next")
    wait_until_playing(page)


@pytest.fixture
def without_model(tmp_path: Path) -> Iterator[Operator]:
    """A server whose model is damaged, so that it sends none."""
    model = tmp_path / "model" / "model.json"
    model.parent.mkdir()
    model.write_text("{")
    operator = Operator(tmp_path, SIDFLOW_MODEL_PATH=str(model))
    yield operator
    operator.close()


def test_missing_model_is_reported_online_and_offline_only_that(
    without_model: Operator, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(without_model.served.url)
    wait_for_text(page, "#storage-banner span", NO_MODEL)
    assert page.is_visible("#storage-banner")
    context.set_offline(True)
    page.wait_for_selector("#offline-note", state="visible")
    page.wait_for_selector("#storage-banner", state="hidden")
    context.set_offline(False)
    page.wait_for_selector("#offline-note", state="hidden")
    page.wait_for_selector("#storage-banner", state="visible")
