"""Pictures and the recording in the docs."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from time import monotonic
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, Page

from app.paths import paths
from tests.e2e.listener import play, rate, wait_until_playing
from tests.e2e.training_listener import rate_and_train
from tests.pictures.scenes import opened
from tests.served import Served

SIZE: Final = (1400, 900)
RECORDED: Final = (1200, 720)
FRAME: Final = 0.15
"""Seconds between two frames of the recording."""

LARGEST: Final = 2_000_000
"""Bytes that the recording may have."""


def folder() -> Path:
    return paths().manifests / "docs" / "pictures"


def take(browser: Browser, served: Served) -> None:
    """Take the docs' pictures: of a listener who has rated, whose model has learned."""
    with opened(browser, served, SIZE, "light", motion="no-preference") as page:
        play(page, 1)
        rate_and_train(page)
        page.click("#tab-play")
        page.wait_for_function("sidPlayer.position > 5")
        page.screenshot(path=folder() / "play.png")
        rate(page, e=4, m=3, c=2, p=5)
        page.screenshot(path=folder() / "rate.png")
        page.click("#tab-insights")
        page.wait_for_selector("#map-chart canvas")
        page.screenshot(path=folder() / "insights.png")


def record(browser: Browser, served: Served) -> None:
    """Record a minute-long visit, shortened, as an animated WebP.

    Raises
    ------
    AssertionError
        If the file has more than `LARGEST` bytes.
    """
    with opened(browser, served, RECORDED, "dark", motion="no-preference") as page:
        recording = Recording(page)
        recording.run(1)
        page.click("#start-listening")
        wait_until_playing(page)
        recording.run(3)
        page.click("#like")
        recording.run(1)
        page.click("#next")
        wait_until_playing(page)
        recording.run(3)
        rate(page, e=4, m=3, c=2, p=5)
        recording.run(2)
        page.click("#tab-insights")
        page.wait_for_selector("#map-chart canvas")
        recording.run(2)
    recording.save(folder() / "tour.webp")


class Recording:
    """Frames of a page."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._frames: list[Image.Image] = []

    def run(self, seconds: float) -> None:
        """Take frames for so long."""
        end = monotonic() + seconds
        while monotonic() < end:
            self._frames.append(Image.open(BytesIO(self._page.screenshot())).convert("RGB"))
            self._page.wait_for_timeout(1000 * FRAME)

    def save(self, path: Path) -> None:
        """Write the frames as an animated WebP that repeats."""
        first, *others = self._frames
        first.save(
            path,
            save_all=True,
            append_images=others,
            duration=round(1000 * FRAME),
            loop=0,
            quality=60,
            method=6,
        )
        size = path.stat().st_size
        assert size <= LARGEST, f"{path} has {size:,} bytes, more than {LARGEST:,}"
