"""The references of the page's views: where they are, and what is compared with them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page

from tests.pictures.comparison import save_reference
from tests.pictures.scenes import SCENES, SIZES, THEMES, Theme, opened
from tests.served import Served

FOLDER: Final = Path(__file__).parent / "views"

CHANGING: Final = "canvas, #position, #up-next, #storage-figures"
"""What differs each time: waves, times, surprises, and bytes."""


def reference(scene: str, size: tuple[int, int], theme: Theme) -> Path:
    """Return the path of the reference for a scene."""
    return FOLDER / f"{scene}-{size[0]}-{theme}.png"


def picture(page: Page) -> bytes:
    """Take a picture in which a plain box covers what changes."""
    return page.screenshot(mask=[page.locator(CHANGING)], mask_color="#808080", animations="disabled")


def take(browser: Browser, served: Served) -> None:
    """Take all references again."""
    for size in SIZES:
        for theme in THEMES:
            with opened(browser, served, size, theme) as page:
                for name, bring_about in SCENES.items():
                    bring_about(page)
                    save_reference(picture(page), reference(name, size, theme))
