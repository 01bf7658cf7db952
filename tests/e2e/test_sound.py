"""The sound that a listener chooses: applied at once, kept, and shown among the facts of the playing tune."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from tests.e2e.listener import wait_for_text, wait_until_playing
from tests.wasm.psid import clicker, clicker_play, psid

HEIGHT_AFTER_FRAMES = """frames => new Promise(resolve => {
    const waves = document.querySelector("#scope");
    const next = () => frames-- ? requestAnimationFrame(next) : resolve(waves.clientHeight);
    next();
})"""
SET_RANGE = """(input, value) => { input.value = value; input.dispatchEvent(new Event("change")); }"""


def test_sound_is_applied_kept_and_shown(without_engine: Page, tmp_path: Path) -> None:
    page, file = without_engine, tmp_path / "two.sid"
    file.write_bytes(psid(clicker(), version=3, play=clicker_play(), more_sids=(0x42, 0)))
    page.set_input_files("#own-file", file)
    wait_until_playing(page)
    wait_for_text(page, "#now-facts", "50 % dark, by author")
    wait_for_text(page, "#now-facts", "50 % wide")
    page.click("#played-with summary")
    assert page.is_disabled("#filterCurve")
    page.select_option("#filterBy", "hand")
    page.locator("#filterCurve").evaluate(SET_RANGE, 80)
    wait_for_text(page, "#now-facts", "80 % dark, chosen by hand")
    page.locator("#width").evaluate(SET_RANGE, 0)
    wait_for_text(page, "#now-facts", "Stereooff")
    page.select_option("#chip", "8580")
    page.check("#digiBoost")
    page.select_option("#combined", "strong")
    wait_for_text(page, "#now-facts", "Digi booston")
    wait_for_text(page, "#now-facts", "Combined waveformsstrong")
    page.wait_for_function("window.sidPlayer.state.status === 'playing'")
    page.reload()
    page.wait_for_selector("html[data-ui=ready]")
    page.click("#tunes tbody tr:first-child button.tune")
    wait_until_playing(page)
    wait_for_text(page, "#now-facts", "Digi booston")
    page.click("#played-with summary")
    page.select_option("#chip", "6581")
    wait_for_text(page, "#now-facts", "80 % dark, chosen by hand")


def test_waveforms_keep_their_height_when_fewer_voices_follow(without_engine: Page, tmp_path: Path) -> None:
    page, file = without_engine, tmp_path / "two.sid"
    file.write_bytes(psid(clicker(), version=3, play=clicker_play(), title=b"Two", more_sids=(0x42, 0)))
    page.set_input_files("#own-file", file)
    wait_until_playing(page)
    page.click("#next")
    page.wait_for_function("document.querySelectorAll('#voices button').length === 3")
    wait_until_playing(page)
    before = page.evaluate(HEIGHT_AFTER_FRAMES, 5)
    assert page.evaluate(HEIGHT_AFTER_FRAMES, 30) == before
