"""The songs of a tune: the one that its file starts with, and the way to the others."""

from __future__ import annotations

import hashlib
from pathlib import Path

from playwright.sync_api import Page

from tests.e2e.listener import outbox, wait_for_text, wait_until_playing
from tests.patience import wait_until
from tests.wasm.psid import clicker, clicker_play, psid


def test_start_song_stands_for_the_tune_and_the_others_can_be_walked(
    without_engine: Page, tmp_path: Path
) -> None:
    page, data = without_engine, psid(clicker(), play=clicker_play(), songs=5, start_song=3)
    (tmp_path / "five.sid").write_bytes(data)
    lengths = f"[Database]\n{hashlib.md5(data).hexdigest()}=0:41 0:42 0:43 0:44 0:45\n"
    (tmp_path / "Songlengths.md5").write_text(lengths)
    page.set_input_files("#own-file", [tmp_path / "Songlengths.md5", tmp_path / "five.sid"])
    wait_until_playing(page)
    wait_for_text(page, "#song", "3")
    wait_for_text(page, "#length", "0:43")
    wait_for_text(page, "#tunes tbody tr:first-child .length", "0:43")
    page.keyboard.press(".")
    wait_for_text(page, "#song", "4")
    wait_for_text(page, "#length", "0:44")
    page.click("#previous-song")
    page.click("#previous-song")
    wait_for_text(page, "#length", "0:42")
    page.click("#next-song")
    wait_for_text(page, "#song", "3")
    wait_until(lambda: [event["song"] for event in outbox(page)][:1] == [3])
    page.click("#tab-preferences")
    page.check("[name=allSongs]")
    page.click("#tab-play")
    page.evaluate("window.sidPlayer.seek(42.5)")
    wait_for_text(page, "#song", "4")
    wait_until(lambda: outbox(page)[-1]["song"] == 4)
