"""The main views look as they did when somebody last looked at them.

After a change that is meant, look at the views, then take new references: ``make pictures``.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.pictures.comparison import TOLERANCE, difference, save_reference
from tests.pictures.references import picture, reference
from tests.pictures.scenes import SCENES, SIZES, THEMES, Theme, opened
from tests.served import Served


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size[0]))
def test_views_look_like_their_references(
    browser: Browser, served: Served, size: tuple[int, int], theme: Theme, tmp_path: Path
) -> None:
    differences = {}
    with opened(browser, served, size, theme) as page:
        for name, bring_about in SCENES.items():
            bring_about(page)
            png = picture(page)
            (tmp_path / f"{name}.png").write_bytes(png)
            differences[name] = difference(png, reference(name, size, theme))
    print(differences, tmp_path)
    assert max(differences.values()) <= TOLERANCE, (differences, f"pictures: {tmp_path}")


BREAKS = {
    "the list is gone": "document.querySelector('#tune-list').hidden = true",
    "the bar is gone": "document.querySelector('footer').hidden = true",
    "styles are gone": "document.querySelector('link[rel=stylesheet]').disabled = true",
    "the wrong theme": "document.documentElement.dataset.theme = 'dark'",
}


def test_comparison_notices_what_is_gone(page: Page, tmp_path: Path) -> None:
    page.set_viewport_size({"width": 1200, "height": 800})
    page.wait_for_selector("#tunes tbody tr button.tune")
    path = tmp_path / "reference.png"
    save_reference(page.screenshot(), path)
    unchanged = difference(page.screenshot(), path)
    assert unchanged <= TOLERANCE
    for name, script in BREAKS.items():
        with_break = page.context.new_page()
        with_break.set_viewport_size({"width": 1200, "height": 800})
        with_break.goto(page.url)
        with_break.wait_for_selector("html[data-ui=ready]")
        with_break.wait_for_selector("#tunes tbody tr button.tune")
        with_break.evaluate(script)
        noticed = difference(with_break.screenshot(), path)
        assert noticed > TOLERANCE, name
        with_break.close()
