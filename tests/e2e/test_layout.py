"""The layout on a narrow screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page


@pytest.mark.parametrize("tab", ["play", "rate", "preferences"])
def test_narrow_screen_needs_no_horizontal_scrolling(page: Page, tab: str) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.click(f"#tab-{tab}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
