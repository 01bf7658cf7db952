"""The page's entry."""

import asyncio

from pyscript import window

PARTS = ("sidflow_feedback.page", "app.page.preferences_tab", "app.page.rate_tab", "app.page.page")
"""What is imported in a task of its own, with all that it needs: all at once would hold up the page."""


async def start() -> None:
    """Build the page."""
    for part in PARTS:
        await asyncio.sleep(0)
        __import__(part)
    from app.page.page import Page

    page = Page()
    window.sidPlayer = page.player.native  # For the browser's console, and for tests.
    await page.start()


asyncio.create_task(start())
