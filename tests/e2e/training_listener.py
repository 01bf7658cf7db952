"""A listener who rates until the engine has trained a model."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.e2e.listener import rate, wait_for_count, wait_until_playing

MIN_RATED = 8


def rate_and_train(page: Page) -> None:
    """Rate the playing tune and the next ones, then enable training and wait for a run."""
    for _ in range(MIN_RATED):
        rate(page, e=1, m=1, c=2)
        page.click("#rate-next")
        page.wait_for_function("document.querySelector('#rate-result').textContent === ''")
        wait_until_playing(page)
    wait_for_count(page, "ratings", MIN_RATED)
    page.click("#tab-preferences")
    page.check("[name=training]")
    page.wait_for_function(
        "document.querySelector('#training-status').textContent.includes('Better than chance')"
    )
