"""The page's entry."""

import asyncio

from pyscript import window
from pyscript.js_modules import next_task

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.page import Page

PARTS = (
    "sidflow_feedback.page.feedback",
    "app.page.core.playback",
    "app.page.core.recommendations",
    "app.page.core.analysis",
    "app.page.views.play_tab",
    "app.page.views.insights_tab",
    "app.page.views.preferences_tab",
    "app.page.views.rate_tab",
    "app.page.page",
)
"""What is imported in a task of its own, with all that it needs: all at once would hold up the page."""

page: "Page | None" = None
"""Once it is built."""


async def start() -> None:
    """Build the page."""
    global page
    for part in PARTS:
        await next_task.nextTask()
        __import__(part)
    from app.page.page import open_page

    await next_task.nextTask()
    page = await open_page()
    window.sidPlayer = page.player.native
    await page.start()


asyncio.create_task(start())
