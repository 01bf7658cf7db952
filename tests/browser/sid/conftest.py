"""A server and pages with a SID player."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page
from wasmtime import wat2wasm

from tests.browser.isolated_server import serve
from tests.browser.sid.pages import (
    BROKEN,
    MISBEHAVING,
    OPEN_PLAYER,
    REAL,
    ROOT,
    TUNE,
    TWO_SONGS,
    WASM,
)
from tests.patience import patient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def _real_tune() -> bytes:
    known = ROOT.parent / "shared/tunes/10_Orbyte.sid"
    found = [known] if known.exists() else sorted((ROOT / "static/vendor/tunes").glob("*.sid"))
    if not found:
        pytest.skip("No tune to play: neither ../shared/tunes nor static/vendor/tunes exists.")
    return found[0].read_bytes()


@pytest.fixture(scope="package")
def files() -> dict[str, bytes]:
    tune = _real_tune()
    wat = (Path(__file__).parent / "misbehaving_emulator.wat").read_text()
    return {
        TUNE: tune,
        TWO_SONGS: tune[:15] + b"\2" + tune[16:],
        BROKEN: tune[:60],
        MISBEHAVING: bytes(wat2wasm(wat)),
    }


@pytest.fixture(scope="package")
def address(files: dict[str, bytes]) -> Iterator[str]:
    with serve(ROOT, files) as base:
        yield base


@pytest.fixture
def open_player(browser: Browser, address: str) -> Iterator[Callable[[str], Page]]:
    """Open a page with a player (`player`, `states`, `excerpts`) over the emulator at an address."""
    with patient(browser.new_context()) as context:

        def open_page(wasm_url: str) -> Page:
            if wasm_url == REAL and not WASM.exists():
                pytest.skip("the SID emulator is not built: static/vendor/sid/sid.wasm is missing")
            page = context.new_page()
            page.goto(f"{address}/blank.html")
            page.evaluate(OPEN_PLAYER, wasm_url)
            return page

        yield open_page


@pytest.fixture
def page(open_player: Callable[[str], Page]) -> Page:
    return open_player(REAL)
