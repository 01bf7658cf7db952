"""The page's entry."""

import asyncio

from pyscript import window

PARTS = (
    "sidflow_feedback.page.feedback",
    "app.page.playback",
    "app.page.recommendations",
    "app.page.measuring",
    "app.page.play_tab",
    "app.page.insights_tab",
    "app.page.preferences_tab",
    "app.page.rate_tab",
    "app.page.page",
)
"""What is imported in a task of its own, with all that it needs: all at once would hold up the page."""

NEXT_TASK = 0.001
"""Seconds; after a sleep of 0 MicroPython goes on in the same task."""


async def start() -> None:
    """Build the page."""
    for part in PARTS:
        await asyncio.sleep(NEXT_TASK)
        __import__(part)
    from app.page.page import Page

    await asyncio.sleep(NEXT_TASK)
    page = globals()["page"] = Page()  # Scripts that share these names find it here.
    window.sidPlayer = page.player.native
    await page.start()


asyncio.create_task(start())
