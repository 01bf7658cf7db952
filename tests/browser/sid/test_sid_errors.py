"""Bad files, emulator failures, missing browser features: each is reported once; the player stays usable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.isolated_server import serve
from tests.browser.sid.pages import (
    BROKEN,
    MISBEHAVING,
    OPEN_PLAYER,
    ROOT,
    TUNE,
    play,
    wait_position,
    wait_status,
)
from tests.patience import patient

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page


def test_broken_file_is_reported_and_the_next_tune_plays(page: Page) -> None:
    error = page.evaluate("async (path) => outcome(player.load(await bytesOf(path)))", BROKEN)
    assert len(error["message"]) > 20
    state = page.evaluate("player.state")
    assert state.pop("tuneFault") is True
    assert state == {"status": "error", "song": 0, "info": None, "error": error["message"], "end": None}
    play(page)
    wait_position(page, 0.3)


@pytest.mark.parametrize(
    ("bytes_js", "message"),
    [
        ("new ArrayBuffer(200000)", "too large for a SID file"),
        ("new ArrayBuffer(0)", ""),
        ("{}", "must be an ArrayBuffer or a typed array"),
    ],
)
def test_invalid_data_is_rejected(page: Page, bytes_js: str, message: str) -> None:
    error = page.evaluate(f"outcome(player.load({bytes_js}))")
    assert message in error["message"]
    assert page.evaluate("player.state.error") == error["message"] != ""


def test_load_copies_a_view_of_a_larger_buffer(page: Page) -> None:
    page.evaluate(
        """async (path) => {
          const bytes = new Uint8Array(await bytesOf(path));
          const heap = new Uint8Array(new SharedArrayBuffer(100000));
          heap.set(bytes, 777);
          const loaded = player.load(heap.subarray(777, 777 + bytes.length));
          heap.fill(0);
          await loaded;
        }""",
        TUNE,
    )
    assert page.evaluate("player.state.status") == "stopped"


def test_trap_is_reported_and_the_next_tune_plays(open_player: Callable[[str], Page]) -> None:
    page = open_player(MISBEHAVING)
    page.evaluate("player.load(new TextEncoder().encode('T'))")
    wait_status(page, "error")
    assert "worker stopped (unreachable)" in page.evaluate("player.state.error")
    assert page.evaluate("player.state.tuneFault") is True
    assert page.evaluate("player.state.info") is None
    page.evaluate("async () => { await player.load(new ArrayBuffer(9)); player.play(); }")
    wait_position(page, 0.3)
    assert page.evaluate("player.stats().peak") == pytest.approx(0.25)


def test_tune_that_fails_during_playback_is_reported(open_player: Callable[[str], Page]) -> None:
    page = open_player(MISBEHAVING)
    page.evaluate("player.load(new TextEncoder().encode('F'))")
    wait_status(page, "error")
    assert page.evaluate("player.state.error") == "the stand-in gave up"
    assert page.evaluate("player.state.info.songs") == 2


def test_load_that_never_returns_times_out(open_player: Callable[[str], Page]) -> None:
    page = open_player(MISBEHAVING)
    page.clock.install()
    page.evaluate(
        "void outcome(player.load(new TextEncoder().encode('H'))).then((error) => (window.failure = error))"
    )
    page.clock.fast_forward(60_000)
    page.wait_for_function("window.failure")
    assert "no answer within 60 s" in page.evaluate("failure")["message"]
    assert page.evaluate("player.load(new ArrayBuffer(9))")["songs"] == 2


def test_missing_emulator_is_reported(open_player: Callable[[str], Page]) -> None:
    page = open_player("/nowhere.wasm")
    error = page.evaluate("outcome(player.load(new ArrayBuffer(9)))")
    assert "/nowhere.wasm: the server answered 404" in error["message"]


def test_missing_isolation_is_reported_once(browser: Browser, files: dict[str, bytes]) -> None:
    with serve(ROOT, files, isolated=False) as base, patient(browser.new_context()) as context:
        page = context.new_page()
        page.goto(f"{base}/blank.html")
        page.evaluate(OPEN_PLAYER, MISBEHAVING)
        error = page.evaluate("outcome(player.load(new ArrayBuffer(9)))")
        assert "isn't cross-origin isolated" in error["message"]
        page.evaluate("player.play(); player.pause(); player.stop()")
        assert [state["status"] for state in page.evaluate("states")] == ["error"]


def test_missing_audio_worklet_is_reported(open_player: Callable[[str], Page]) -> None:
    page = open_player(MISBEHAVING)
    page.evaluate("delete window.AudioWorkletNode")
    error = page.evaluate("outcome(player.load(new ArrayBuffer(9)))")
    assert "has no AudioWorklet" in error["message"]


def test_failing_state_callback_does_not_stop_the_music(open_player: Callable[[str], Page]) -> None:
    page = open_player(MISBEHAVING)
    page.evaluate("void (states.push = () => { throw new Error('page'); })")
    page.evaluate("async () => { await player.load(new ArrayBuffer(9)); player.play(); }")
    wait_position(page, 0.2)
