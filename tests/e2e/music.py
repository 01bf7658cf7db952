"""A folder of music on the page, for tests of the list."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

SITE = 60
"""Tunes of the site."""


def add_folder(page: Page, folder: Path) -> None:
    """Add a folder, and wait until it is indexed."""
    page.set_input_files("#own-folder", folder)
    page.wait_for_selector("#collection-result:not(:empty)")


def wait_for_count(page: Page, text: str) -> None:
    """Wait for the line above the list, such as ``8 of 100 tunes``."""
    page.wait_for_function("text => document.querySelector('#list-count').textContent === text", arg=text)


def wait_for_names(page: Page, names: list[str]) -> None:
    """Wait until the list shows exactly these tunes."""
    page.wait_for_function(
        """names => JSON.stringify([...document.querySelectorAll('#tunes tbody .name')]
            .map(name => name.textContent)) === JSON.stringify(names)""",
        arg=names,
    )


LISTED = """count => document.querySelector("#tunes").getAttribute("aria-rowcount") === String(count + 1) &&
    (count > 100 || document.querySelectorAll("#tunes tbody tr[data-path]").length === count)"""


def wait_for_rows(page: Page, count: int) -> None:
    """Wait until the list has so many tunes; of at most 100, each has its row."""
    page.wait_for_function(LISTED, arg=count)


def choose(page: Page, name: str, action: str) -> None:
    """Choose an action in the menu of the tune with this name."""
    row = page.locator("#tunes tbody tr").filter(has=page.locator(".name", has_text=name)).first
    row.locator(".menu").click()
    page.get_by_role("menuitem", name=action, exact=True).click()
