"""What a listener does to share."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page

from tests.e2e.faulty_proxy import FaultyProxy
from tests.e2e.listener import wait_for_engine


def opened(context: BrowserContext, proxy: FaultyProxy) -> Page:
    page = context.new_page()
    page.goto(proxy.url)
    page.wait_for_selector("html[data-ui=ready]")
    wait_for_engine(page)
    return page


def share(page: Page, **choices: str) -> None:
    page.click("#tab-preferences")
    if choices:
        page.evaluate("document.querySelector('#noise').open = true")
    for name, choice in choices.items():
        page.select_option(f"[name={name}]", choice)
    page.check("[name=sync]")
    page.wait_for_selector("#sync-now:enabled")


def sync_now(page: Page) -> str:
    """Press the button, and return the page's message."""
    page.evaluate("document.querySelector('#sync-result').textContent = ''")
    page.click("#sync-now")
    page.wait_for_function("!['', 'Uploading…'].includes(document.querySelector('#sync-result').textContent)")
    return page.text_content("#sync-result") or ""
