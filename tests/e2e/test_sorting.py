"""The columns of the list: a click on each sorts by it, the next one reverses, the third goes back."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.listener import play, wait_for_text
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


def up_next(page: Page) -> list[str]:
    return page.locator("#up-next .name").all_text_contents()


def wait_for_up_next(page: Page, names: list[str]) -> None:
    page.wait_for_function(
        """names => JSON.stringify([...document.querySelectorAll('#up-next .name')]
            .map(name => name.textContent)) === JSON.stringify(names)""",
        arg=names,
    )


def test_rows_of_a_sorted_list_follow_until_another_source_is_chosen(page: Page) -> None:
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.wait_for_selector("html[data-model^=global]")
    page.click("#tunes th.title button")
    page.click("#tunes th.title button")
    page.wait_for_selector("#tunes th.title[aria-sort=descending]")
    page.wait_for_function(
        """() => { const names = [...document.querySelectorAll('#tunes tbody .name')].map(e => e.textContent);
            return names.length > 15 && names.every((name, at) => !at || names[at - 1] >= name); }"""
    )
    names = page.locator("#tunes tbody .name").all_text_contents()
    assert up_next(page) != names[3:13], "predictions have another order"
    play(page, 3)
    wait_for_up_next(page, names[3:13])
    told = "In order, until you choose another tune: the list by title, the other way round"
    wait_for_text(page, "#up-next-how", told)
    page.wait_for_selector("[data-station=mine][aria-pressed=false]")
    page.click("#tunes th.year button")
    page.wait_for_selector("#tunes th.year[aria-sort=ascending]")
    page.fill("#search", names[8])
    page.click("#next")
    wait_for_text(page, "#now-title", names[3])
    wait_for_up_next(page, names[4:14])
    assert page.text_content("#up-next-how") == told
    page.click("[data-station=calm]")
    wait_for_text(page, "#up-next-how", "Station, until you choose another tune: calm tunes")
    page.wait_for_selector("[data-station=calm][aria-pressed=true]")
    assert page.locator("#stations [aria-pressed=true]").count() == 1
    page.click("[data-station=mine]")
    page.wait_for_function("!document.querySelector('#up-next-how').textContent.startsWith('Station')")
    page.wait_for_selector("[data-station=mine][aria-pressed=true]")
    page.fill("#search", "")
    page.click("#tunes th.year button")
    page.click("#tunes th.year button")
    page.wait_for_selector("#tunes th[aria-sort]", state="detached")
    play(page, 2)
    assert not (page.text_content("#up-next-how") or "").startswith("In order")


def test_without_learning_the_list_decides_again_after_an_order_has_ended(
    without_engine: Page, files: list[Path]
) -> None:
    page = without_engine
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.set_input_files("#own-file", files)
    page.wait_for_selector("#collection-result:not(:empty)")
    page.fill("#search", "maker")
    page.click("#tunes th.title button")
    wait_for_names(page, SORTED["title"])
    play(page, 1)
    page.click("#tunes th.length button")
    wait_for_names(page, SORTED["length"])
    wait_for_up_next(page, SORTED["title"][1:])
    page.click("[data-station=mine]")
    wait_for_up_next(page, SORTED["length"][1:])
