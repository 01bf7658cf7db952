"""An event's whole path: rated, used for training, shown, shared."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from playwright.sync_api import Page

from tests.e2e.listener import (
    play,
    predictions,
    rate,
    rows,
    wait_for_count,
    wait_for_engine,
    wait_until_playing,
)
from tests.served import Served

RATED = 12


def rate_everything_low(page: Page) -> None:
    """Rate everything as calm and dark, which the global model doesn't expect."""
    play(page, 1)
    for number in range(RATED):
        rate(page, e=1, m=1, c=1 + number % 2)
        page.click("#rate-next")
        page.wait_for_function("document.querySelector('#rate-result').textContent === ''")
        wait_until_playing(page)
    wait_for_count(page, "ratings", RATED)


def switch(page: Page, name: str) -> None:
    page.click("#tab-preferences")
    page.check(f"[name={name}]")


def test_predictions_follow_the_ratings(page: Page) -> None:
    wait_for_engine(page)
    page.wait_for_selector("html[data-model^=global]")
    before = predictions(page)
    assert all(1 <= value <= 5 for row in before for value in row)
    rate_everything_low(page)
    assert rows(page, "model-snapshots") == []
    switch(page, "training")
    page.wait_for_selector("html[data-model^=local]")
    after = predictions(page)
    assert _mean(after, 0) < _mean(before, 0)
    assert _mean(after, 1) < _mean(before, 1)
    status = page.text_content("#training-status") or ""
    assert "kept" in status
    page.reload()
    page.wait_for_selector("html[data-model^=local]")
    assert predictions(page) == after


def test_training_is_off_by_default(page: Page) -> None:
    wait_for_engine(page)
    page.click("#tab-preferences")
    assert page.is_disabled("#train-now")
    assert not page.is_checked("[name=training]")
    switch(page, "training")
    page.click("#train-now")
    page.wait_for_function("document.querySelector('#training-result').textContent.includes('8')")
    assert rows(page, "model-snapshots") == []


def test_sync_sends_each_event_once_and_only_if_enabled(page: Page, served: Served) -> None:
    requests: list[str] = []
    page.context.on("request", lambda request: requests.append(request.url))
    wait_for_engine(page)
    play(page, 1)
    page.click("#like")
    rate(page, e=5, m=4, c=3)
    wait_for_count(page, "implicit", 2)
    wait_for_count(page, "ratings", 1)
    assert not [url for url in requests if "/api/feedback/sync" in url]
    switch(page, "sync")
    page.click("#sync-now")
    wait_for_count(page, "implicit", 2, "synced")
    wait_for_count(page, "ratings", 1, "synced")
    page.click("#sync-now")
    page.wait_for_function("document.querySelector('#sync-result').textContent.includes(' 0 events')")
    mine = {row["uuid"] for store in ("ratings", "implicit-events") for row in rows(page, store)}
    assert _on_server(served) >= mine


def _mean(predicted: list[list[float]], column: int) -> float:
    return sum(row[column] for row in predicted) / len(predicted)


def _on_server(served: Served) -> set[str]:
    with closing(sqlite3.connect(served.database)) as database:
        return {uuid for (uuid,) in database.execute("SELECT uuid FROM events")}
