"""Ratings are used for training, and their effect is shown."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.e2e.listener import (
    play,
    predictions,
    rate,
    rows,
    wait_for_count,
    wait_for_engine,
    wait_until_playing,
)

RATED = 12


def rate_everything_low(page: Page) -> None:
    """Rate everything as calm and dark, which the global model doesn't expect."""
    play(page, 1)
    for number in range(RATED):
        rate(page, e=1, m=1, c=1 + number % 2)
        page.click("#rate-next")
        page.wait_for_function("document.querySelector('#rate-result').textContent === ''")
        wait_until_playing(page)
    wait_for_count(page, "ratings", RATED)


def check_training_is_off_and_needs_ratings(page: Page) -> None:
    page.click("#tab-preferences")
    assert page.is_disabled("#train-now")
    assert not page.is_checked("[name=training]")
    page.check("[name=training]")
    page.click("#train-now")
    page.wait_for_function("document.querySelector('#training-result').textContent.includes('8')")
    page.uncheck("[name=training]")


@pytest.mark.usefixtures("whole_processor")
def test_predictions_follow_the_ratings(page: Page) -> None:
    wait_for_engine(page)
    page.wait_for_selector("html[data-model^=global]")
    before = predictions(page)
    assert all(1 <= value <= 5 for row in before for value in row)
    check_training_is_off_and_needs_ratings(page)
    rate_everything_low(page)
    assert rows(page, "model-snapshots") == []
    page.click("#tab-preferences")
    page.check("[name=training]")
    page.wait_for_selector("html[data-model^=local]")
    after = predictions(page)
    assert _mean(after, 0) < _mean(before, 0)
    assert _mean(after, 1) < _mean(before, 1)
    page.wait_for_function(
        "document.querySelector('#training-status').textContent.includes('Error, error of your mean')"
    )
    page.reload()
    page.wait_for_selector("html[data-model^=local]")
    assert predictions(page) == after


def _mean(predicted: list[list[float]], column: int) -> float:
    return sum(row[column] for row in predicted) / len(predicted)
