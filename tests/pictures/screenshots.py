"""The pictures that browsers show before the listener installs the app: those of its manifest."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from PIL import Image
from playwright.sync_api import Browser

from app.paths import paths
from tests.e2e.listener import play
from tests.pictures.scenes import opened
from tests.served import Served

SIZES: Final = {"wide": (1280, 800), "narrow": (360, 720)}
"""Pixels, by name. Browsers take none whose sides differ by a factor of more than 2.3."""

COLORS: Final = 64


def take(browser: Browser, served: Served) -> None:
    """Take the pictures of the manifest: of a tune that plays."""
    folder = paths().static / "screenshots"
    folder.mkdir(exist_ok=True)
    for name, size in SIZES.items():
        with opened(browser, served, size, "dark", motion="no-preference") as page:
            play(page, 1)
            page.wait_for_function("sidPlayer.position > 5")
            picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
            drawn = picture.quantize(COLORS, dither=Image.Dither.NONE)
            drawn.save(folder / f"{name}.png", optimize=True)
