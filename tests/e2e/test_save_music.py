"""Downloads of music: a song as WAV, the list and the queue as playlists."""

from __future__ import annotations

import hashlib
import wave
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.e2e.listener import wait_for_text, wait_until_playing
from tests.wasm.psid import clicker, clicker_play, psid

SECONDS = 40


def test_song_is_saved_as_wav_and_lists_as_playlists(without_engine: Page, tmp_path: Path) -> None:
    page = without_engine
    data = psid(
        clicker(), version=3, play=clicker_play(), songs=2, start_song=2, title=b"Two", more_sids=(0x42, 0)
    )
    (tmp_path / "two.sid").write_bytes(data)
    (tmp_path / "Songlengths.md5").write_text(
        f"[Database]\n{hashlib.md5(data).hexdigest()}=0:10 0:{SECONDS}\n"
    )
    page.set_input_files("#own-file", [tmp_path / "Songlengths.md5", tmp_path / "two.sid"])
    wait_until_playing(page)
    wait_for_text(page, "#length", f"0:{SECONDS}")
    with page.expect_download() as saving:
        page.click("#save-wav")
    assert saving.value.suggested_filename == "Two (song 2).wav"
    wait_for_text(page, "#save-result", "Saved as Two (song 2).wav.")
    page.wait_for_selector("#save-progress", state="hidden")
    with wave.open(str(saving.value.path())) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 44100, 2)
        assert file.getnframes() == SECONDS * 44100
        sound = np.frombuffer(file.readframes(44100), "<i2").reshape(-1, 2)
    left, right = np.ptp(sound[22050:].astype(int), axis=0)
    assert left > 2 * right > 0, "only the first chip sounds, and it is on the left"
    with page.expect_download() as saving:
        page.click("#save-list")
    lines = saving.value.path().read_text("utf-8").splitlines()
    assert lines[:3] == ["#EXTM3U", f"#EXTINF:{SECONDS},Author - Two", "two.sid"]
    assert len(lines) == 1 + 2 * 61
    with page.expect_download() as saving:
        page.click("#save-queue")
    assert saving.value.suggested_filename == "sidflow-queue.m3u"
    assert any(line.startswith("Demo/") for line in saving.value.path().read_text("utf-8").splitlines())


@pytest.mark.parametrize("missing", ["**/export/wav.js", "**/sid.wasm"])
def test_saving_can_be_canceled(without_engine: Page, missing: str) -> None:
    page = without_engine
    page.click("#tunes tbody tr:first-child button.tune")
    wait_until_playing(page)
    page.route(missing, lambda _route: None)  # It never arrives.
    page.click("#save-wav")
    wait_for_text(page, "#save-wav", "Cancel saving")
    page.click("#save-wav")
    wait_for_text(page, "#save-wav", "Save as WAV")
    wait_for_text(page, "#save-result", "Saving was canceled.")
