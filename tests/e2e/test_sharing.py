"""Sharing, from the real page over a real connection to the real server, with all kinds of failures."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from sidflow_feedback.sync.client import REQUEST_TIMEOUT
from sidflow_feedback.sync.schedule import FIRST_RETRY
from tests.e2e import faulty_proxy as faults
from tests.e2e.faulty_proxy import SYNC, FaultyProxy
from tests.e2e.listener import play, rate, rows, wait_for_count, wait_until_playing
from tests.e2e.operator import Operator
from tests.e2e.sharing import opened, share, sync_now
from tests.patience import wait_until


@pytest.fixture
def page(context: BrowserContext, proxy: FaultyProxy) -> Page:
    """The page with its engine and two events: a play, which stays here, and a like."""
    page = opened(context, proxy)
    play(page, 1)
    page.click("#like")
    wait_for_count(page, "implicit", 2)
    return page


def like_another(page: Page) -> None:
    """Record a like of the next tune, and its play, which stays here."""
    title = page.text_content("#now-title")
    page.click("#next")
    page.wait_for_function("old => document.querySelector('#now-title').textContent !== old", arg=title)
    wait_until_playing(page)
    before = likes(page)
    page.click("#like")
    wait_until(lambda: likes(page) > before)


def likes(page: Page) -> int:
    return sum(row["action"] == "like" for row in rows(page, "implicit-events"))


def preview(page: Page) -> Any:
    page.wait_for_function("document.querySelector('#next-payload pre').textContent.includes('batchId')")
    return json.loads(page.text_content("#next-payload pre") or "")


def uuids(upload: bytes) -> list[str]:
    batch = json.loads(upload)
    return sorted(record["uuid"] for record in batch["ratings"] + batch["implicit"])


def test_sharing_follows_the_switch_and_the_connection(
    page: Page, proxy: FaultyProxy, operator: Operator, context: BrowserContext
) -> None:
    """All steps share one page because an engine takes long to start."""
    check_only_the_preview_is_sent_once_enabled(page, proxy, operator)
    check_disabling_aborts_the_request(page, proxy)
    check_restored_connection_is_used_at_once(page, proxy, operator, context)


def check_only_the_preview_is_sent_once_enabled(page: Page, proxy: FaultyProxy, operator: Operator) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    rate(page, e=4, m=2, c=3)
    wait_for_count(page, "ratings", 1)
    page.click("#tab-preferences")
    page.click("#next-payload summary")
    page.wait_for_function("document.querySelector('#next-payload p').textContent.startsWith('2 events')")
    page.evaluate("dispatchEvent(new Event('online'))")
    time.sleep(1)
    assert page.is_disabled("#sync-now")
    assert SYNC not in proxy.paths
    assert "/" in proxy.paths
    assert not any(SYNC in url for url in asked)
    before = preview(page)
    share(page)
    assert SYNC not in proxy.paths
    assert sync_now(page) == "The server has accepted 2 events."
    assert [json.loads(upload) for upload in proxy.uploads] == [before]
    assert uuids(proxy.uploads[0]) == operator.events()
    assert {name.lower() for name in proxy.headers} <= documented_headers()
    assert proxy.headers["Accept-Language"] == "*"
    page.wait_for_function("document.querySelector('#next-payload p').textContent.startsWith('Nothing')")
    wait_for_count(page, "implicit", 1, "synced")
    wait_for_count(page, "implicit", 1)


def documented_headers() -> set[str]:
    """Return the headers that the privacy page names, in lower case."""
    page = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text()
    section = page.split("## What the browser adds\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\|([^|]+)\|", section, re.MULTILINE)
    return {name.lower() for row in rows for name in re.findall(r"`([\w-]+)`", row)}


def check_disabling_aborts_the_request(page: Page, proxy: FaultyProxy) -> None:
    like_another(page)
    proxy.fault = faults.silence
    page.click("#sync-now")
    wait_until(lambda: len(proxy.uploads) == 2)
    page.uncheck("[name=sync]")
    wait_until(lambda: proxy.given_up)
    assert proxy.given_up[0] < REQUEST_TIMEOUT - 1, "the request is aborted before its timeout"
    wait_for_count(page, "implicit", 3)
    page.evaluate("dispatchEvent(new Event('online'))")
    time.sleep(1)
    assert len(proxy.uploads) == 2


def check_restored_connection_is_used_at_once(
    page: Page, proxy: FaultyProxy, operator: Operator, context: BrowserContext
) -> None:
    proxy.fault = faults.forward
    share(page)
    context.set_offline(True)
    assert "can't be reached" in sync_now(page)
    page.wait_for_function("document.querySelector('#sync-status').textContent.includes('did not answer')")
    assert len(proxy.uploads) == 2
    context.set_offline(False)
    back = time.monotonic()
    wait_until(lambda: len(operator.events()) == 3)
    assert time.monotonic() - back < FIRST_RETRY / 2, "the upload doesn't wait for the next retry"
    wait_for_count(page, "implicit", 2, "synced")
    assert proxy.uploads[2] == proxy.uploads[1]


FAULTS = {
    faults.refused_connection: "The server can't be reached",
    faults.lost_answer: "The server can't be reached",
    faults.truncated_answer: "The server can't be reached",
    faults.redirect: "The server can't be reached",
    faults.portal: "did not come from a working sync server",
    faults.error_500: "The server answered 500",
    faults.busy_429: "The server answered 429",
    faults.busy_until: "The server answered 503",
}


def test_each_event_is_on_the_server_once_despite_faults(
    page: Page, proxy: FaultyProxy, operator: Operator
) -> None:
    share(page)
    for fault, message in FAULTS.items():
        like_another(page)
        proxy.fault = fault
        begun = time.monotonic()
        assert message in sync_now(page)
        if fault in (faults.busy_429, faults.busy_until):
            check_pause(page, proxy, begun)
    # The same batch is sent until it is answered; later events wait for the next batch.
    assert len(set(proxy.uploads)) == 1
    like_another(page)
    proxy.fault = faults.silence
    assert "no answer within 15 s" in sync_now(page)
    wait_until(lambda: proxy.given_up)  # The page may say so before the proxy has noticed.
    assert len(proxy.given_up) == 1
    assert proxy.given_up[0] > REQUEST_TIMEOUT - 1
    kill_the_server(page, proxy, operator)
    proxy.fault = faults.forward
    message = sync_now(page)
    assert message.startswith("The server has accepted")
    assert "/elsewhere" not in proxy.paths
    assert page.locator("body > .py-error").count() == 0, "what Python prints goes to the console"
    events = sorted(row["uuid"] for row in rows(page, "implicit-events") if row["action"] != "play")
    assert len(events) >= 10
    assert operator.events() == events
    wait_for_count(page, "implicit", len(events), "synced")


def check_pause(page: Page, proxy: FaultyProxy, begun: float) -> None:
    """Check that the page sends nothing during the pause, unless it is over by now, and goes on after it."""
    proxy.fault = faults.error_500
    message = sync_now(page)
    assert "asked for a pause of another" in message or time.monotonic() - begun > faults.PAUSE
    wait_until(lambda: "The server answered 500" in sync_now(page))


def kill_the_server(page: Page, proxy: FaultyProxy, operator: Operator) -> None:
    """Kill the server before it receives the batch, then between receiving and answering it."""

    def kill_before(request: Any) -> None:
        operator.kill()
        request.reset()

    def kill_after(request: Any) -> None:
        request.ask_upstream()
        operator.kill()
        request.reset()

    for kill in (kill_before, kill_after):
        proxy.fault = kill
        assert "can't be reached" in sync_now(page)
        proxy.upstream = operator.start().url


def test_upload_after_a_page_crash_repeats_the_same_noise(
    page: Page, proxy: FaultyProxy, operator: Operator, browser: Browser, context: BrowserContext
) -> None:
    rate(page, e=4, m=2, c=3)
    wait_for_count(page, "ratings", 1)
    share(page, privacy="1")
    proxy.fault = faults.held_answer
    page.click("#sync-now")
    wait_until(lambda: proxy.uploads)
    crash(browser, page)
    proxy.fault = faults.forward
    page = opened(context, proxy)
    page.click("#tab-preferences")
    wait_for_epsilon(page, "2 of 100")
    sync_now(page)
    first, second = (json.loads(upload) for upload in proxy.uploads)
    assert (first["ratings"], first["implicit"]) == (second["ratings"], second["implicit"])
    assert {record["epsilon"] for record in first["ratings"] + first["implicit"]} == {1}
    assert sorted(operator.events()) == sorted(uuids(proxy.uploads[0]))
    wait_for_count(page, "ratings", 1, "synced")
    record_another_like(page)
    sync_now(page)
    wait_for_epsilon(page, "3 of 100")


def record_another_like(page: Page) -> None:
    """Record a play and a like of another tune in the reopened page."""
    play(page, 2)
    page.click("#like")
    wait_for_count(page, "implicit", 3)
    page.click("#tab-preferences")


def wait_for_epsilon(page: Page, text: str) -> None:
    page.wait_for_function(
        "text => document.querySelector('#sync-budget').lastElementChild?.textContent === text", arg=text
    )


def crash(browser: Browser, page: Page) -> None:
    """Kill the page's process."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    with page.expect_event("crash"):
        for process in processes:
            if process["type"] == "renderer":
                os.kill(process["id"], signal.SIGKILL)
    page.close()
