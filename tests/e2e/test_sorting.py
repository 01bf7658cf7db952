"""The columns of the list: a click on each sorts by it, the next one reverses, the third goes back."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.music import wait_for_names
from tests.wasm.psid import clicker, clicker_play, psid

AUTHOR, RELEASED = 0x36, 0x56
"""Where they are in a header."""

FIELD = 32
TUNES = (
    ("Delta", "Ann", "1988 Maker", "1:40"),
    ("alpha", "Zoe", "1985 Maker", "0:50"),
    ("Charlie", "bob", "1991 Maker", "1:15"),
    ("Bravo", "Cleo", "1986 Maker", "3:20"),
)
SORTED = {
    "title": ["alpha", "Bravo", "Charlie", "Delta"],
    "composer": ["Delta", "Charlie", "Bravo", "alpha"],
    "year": ["alpha", "Bravo", "Delta", "Charlie"],
    "length": ["alpha", "Charlie", "Delta", "Bravo"],
}
"""Titles by each column. Without regard to case: Ann, bob, Cleo, Zoe."""


def tune(title: str, author: str, released: str) -> bytes:
    setup = bytes([0xA9, ord(title[0])])  # Each has other contents.
    data = bytearray(psid(clicker(setup), play=clicker_play(setup), title=title.encode()))
    for place, text in ((AUTHOR, author), (RELEASED, released)):
        data[place : place + FIELD] = text.encode().ljust(FIELD, b"\0")
    return bytes(data)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    lengths, files = ["[Database]"], []
    for title, author, released, length in TUNES:
        data = tune(title, author, released)
        lengths.append(f"{hashlib.md5(data).hexdigest()}={length}")
        files.append(tmp_path / f"{title}.sid")
        files[-1].write_bytes(data)
    files.append(tmp_path / "Songlengths.md5")
    files[-1].write_text("\n".join(lengths))
    return files


def test_each_column_sorts_reverses_and_goes_back(without_engine: Page, files: list[Path]) -> None:
    page = without_engine
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.set_input_files("#own-file", files)
    page.wait_for_selector("#collection-result:not(:empty)")
    page.click("#filter-panel summary")
    page.fill("[name=to]", "1999")
    page.keyboard.press("Escape")
    page.wait_for_function("document.querySelectorAll('#tunes tbody .name').length === 4")
    page.wait_for_function("![...document.querySelectorAll('#tunes .length')].some((e) => !e.textContent)")
    shown = page.locator("#tunes tbody .name").all_text_contents()
    for column, titles in SORTED.items():
        assert page.is_visible(f"#tunes tbody .{column}"), column
        page.click(f"#tunes th.{column} button")
        page.wait_for_selector(f"#tunes th.{column}[aria-sort=ascending]")
        wait_for_names(page, titles)
        page.click(f"#tunes th.{column} button")
        page.wait_for_selector(f"#tunes th.{column}[aria-sort=descending]")
        wait_for_names(page, titles[::-1])
        page.click(f"#tunes th.{column} button")
        page.wait_for_selector("#tunes th[aria-sort]", state="detached")
        wait_for_names(page, shown)
