"""Refused events: a shelf with the reasons in the Sharing card, and a button to send them again."""

from __future__ import annotations

import json

from playwright.sync_api import BrowserContext

from tests.e2e import faulty_proxy as faults
from tests.e2e.faulty_proxy import FaultyProxy, _Handler
from tests.e2e.listener import play, rate, wait_for_count
from tests.e2e.operator import Operator
from tests.e2e.sharing import opened, share, sync_now


def not_found(request: _Handler) -> None:
    """A proxy has lost the server."""
    request.reply(404, [("Content-Type", "text/html")], b"<!doctype html><h1>Not Found</h1>")


def refuse_ratings(request: _Handler) -> None:
    """The server takes no ratings, as if they had something that it can't store."""
    if json.loads(request.body)["ratings"]:
        error = {"error": {"code": "invalid_request", "message": "it has a strange rating"}}
        request.reply(400, [("Content-Type", "application/json")], json.dumps(error).encode())
    else:
        faults.forward(request)


def test_refused_event_can_be_sent_again(
    context: BrowserContext, proxy: FaultyProxy, operator: Operator
) -> None:
    page = opened(context, proxy)
    play(page, 1)
    page.click("#like")
    rate(page, e=4, m=2, c=3)
    wait_for_count(page, "ratings", 1)
    share(page)
    proxy.fault = not_found
    assert "The server answered 404" in sync_now(page)
    wait_for_count(page, "ratings", 1)
    wait_for_count(page, "implicit", 2)
    page.wait_for_selector("#failed", state="hidden")
    proxy.fault = refuse_ratings
    assert sync_now(page) == "The server has accepted 1 events."
    wait_for_count(page, "ratings", 1, "failed")
    page.click("#failed summary")
    page.wait_for_selector("#failed li")
    assert "it has a strange rating" in (page.text_content("#failed li") or "")
    proxy.fault = faults.forward
    page.click("#failed li button")
    page.wait_for_function("document.querySelector('#failed-result').textContent.includes('next upload')")
    wait_for_count(page, "ratings", 1)
    page.wait_for_selector("#failed", state="hidden")
    assert sync_now(page) == "The server has accepted 1 events."
    assert len(operator.events()) == 2
