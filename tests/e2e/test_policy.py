"""The content security policy in a real browser blocks injected code and nothing of ours."""

from __future__ import annotations

from playwright.sync_api import BrowserContext

from tests.e2e.listener import play, wait_for_engine
from tests.served import Served


def test_only_our_own_scripts_and_requests_are_allowed(context: BrowserContext, served: Served) -> None:
    page, refused = context.new_page(), []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.goto(served.url)
    wait_for_engine(page)
    play(page, 1)
    assert page.evaluate("crossOriginIsolated")
    assert refused == []
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.injected = true";
            document.body.append(script);
            const image = document.createElement("div");
            image.innerHTML = "<img src='x' onerror='window.injected = true'>";
            document.body.append(image);
        }"""
    )
    answer = page.evaluate("fetch('http://127.0.0.2:1/').then(() => 'sent', error => error.message)")
    page.wait_for_timeout(300)
    assert answer == "Failed to fetch"
    assert page.evaluate("window.injected") is None
    assert any("script-src" in text for text in refused)
    assert any("connect-src" in text for text in refused)
