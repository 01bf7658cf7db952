"""The listener adds ROMs of the C64, and tunes that need them play."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.listener import wait_until_playing
from tests.wasm.roms import ROMS, basic_tune

NAMES = {"kernal": "Test KERNAL", "basic": "Test BASIC", "characters": "Test characters"}


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for kind, image in ROMS.images.items():
        (tmp_path / f"{kind}.rom").write_bytes(image)
    (tmp_path / "program.sid").write_bytes(basic_tune())
    return [tmp_path / f"{kind}.rom" for kind in ROMS.images]


def know_test_roms(page: Page) -> None:
    """Let the test ROMs be known dumps."""
    known = {
        hashlib.md5(image).hexdigest(): {"kind": kind, "name": NAMES[kind]}
        for kind, image in ROMS.images.items()
    }
    page.context.route("**/known-roms.json", lambda route: _answer(route, known))


def _answer(route: Route, known: dict[str, dict[str, str]]) -> None:
    route.fulfill(status=200, content_type="application/json", body=json.dumps(known))


def test_basic_tune_plays_once_its_roms_are_added(without_engine: Page, files: list[Path]) -> None:
    page = without_engine
    know_test_roms(page)
    page.set_input_files("#own-file", files[0].parent / "program.sid")
    message = page.get_by_text("which needs the C64's KERNAL and BASIC ROM")
    expect(message.first).to_be_visible()

    page.click("#tab-preferences")
    page.set_input_files("#add-roms", files)
    expect(page.locator("#rom-result")).to_contain_text("KERNAL added: Test KERNAL.")
    names = ["BASIC: Test BASIC", "Characters: Test characters", "KERNAL: Test KERNAL"]
    expect(page.locator("#roms li span")).to_have_text(names)
    page.click("#tab-play")
    page.set_input_files("#own-file", files[0].parent / "program.sid")
    wait_until_playing(page)
    page.wait_for_function("window.sidPlayer.stats().rms > 0.001")

    page.click("#tab-preferences")
    page.get_by_role("button", name="Remove KERNAL").click()
    expect(page.locator("#rom-result")).to_have_text("KERNAL removed.")
    expect(page.locator("#roms li")).to_have_count(2)


def test_unknown_rom_is_used_by_choice(without_engine: Page, files: list[Path]) -> None:
    page = without_engine
    page.click("#tab-preferences")
    page.set_input_files("#add-roms", files[0])
    expect(page.locator("#rom-result")).to_contain_text("kernal.rom is none of the known dumps of a C64 ROM.")
    expect(page.locator("#roms li")).to_have_count(0)
    page.get_by_role("button", name="Use kernal.rom as KERNAL").click()
    expect(page.locator("#roms li span")).to_have_text("KERNAL: your own choice")
    page.set_input_files("#add-roms", files[0].parent / "program.sid")
    expect(page.locator("#rom-result")).to_contain_text(
        "so it is no C64 ROM: KERNAL and BASIC have 8192 bytes"
    )


def test_rom_among_dropped_files_is_added(without_engine: Page, files: list[Path]) -> None:
    page = without_engine
    know_test_roms(page)
    page.set_input_files("#own-file", files[0])
    expect(page.locator("#notice")).to_have_text("KERNAL added: Test KERNAL.")


@pytest.mark.parametrize("width", [360, 1400])
def test_card_fits(without_engine: Page, files: list[Path], width: int) -> None:
    page = without_engine
    page.set_viewport_size({"width": width, "height": 900})
    page.click("#tab-preferences")
    page.set_input_files("#add-roms", files[0])
    expect(page.locator("#unknown-roms button")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
