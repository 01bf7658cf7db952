"""States of the page that are worth a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Literal

from playwright.sync_api import Browser, Page

from tests.e2e.listener import play, rate, wait_for_engine, wait_for_text
from tests.patience import patient
from tests.served import Served

Theme = Literal["light", "dark"]
Scene = Callable[[Page], object]

THEMES: Final[tuple[Theme, ...]] = ("light", "dark")

SIZES: Final = ((360, 740), (1200, 800))
"""A phone and a laptop, in pixels of CSS."""


def nothing_plays(page: Page) -> None:
    page.wait_for_selector("#tunes tbody tr button.tune")


def playing(page: Page) -> None:
    play(page, 1)
    page.click("#play-pause")
    page.wait_for_selector("footer[data-status=paused]")
    page.wait_for_function("!document.querySelector('#match-why').textContent.includes('has started')")
    page.wait_for_function("document.querySelector('#saved-state').textContent === 'All saved'")


def rating(page: Page) -> None:
    rate(page, e=4, m=3, c=2, p=5)
    wait_for_text(page, "#rate-result", "Rated")
    page.wait_for_function("document.querySelector('#saved-state').textContent === 'All saved'")


def preferences(page: Page) -> None:
    page.click("#tab-preferences")
    wait_for_text(page, "#training-status", "none yet")


def insights(page: Page) -> None:
    page.click("#tab-insights")
    page.wait_for_selector("#map-chart canvas")
    wait_for_text(page, "#insights-hint", "You have rated, liked, or skipped 1 song.")


SCENES: Final[Mapping[str, Scene]] = {
    "start": nothing_plays,
    "playing": playing,
    "rate": rating,
    "preferences": preferences,
    "insights": insights,
}


@contextmanager
def opened(
    browser: Browser,
    served: Served,
    size: tuple[int, int],
    theme: Theme,
    *,
    motion: Literal["reduce", "no-preference"] = "reduce",
) -> Iterator[Page]:
    """Open the page in a new profile; it is usable, and its engine is ready."""
    width, height = size
    context = patient(
        browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion=motion
        )
    )
    page = context.new_page()
    page.goto(served.url)
    wait_for_engine(page)
    page.wait_for_selector("html[data-model^=global]")
    yield page
    context.close()
