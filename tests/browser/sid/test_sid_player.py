"""Playback in a real Chromium: real emulator, real worker, real audio thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.sid.pages import (
    TUNE,
    TWO_SONGS,
    play,
    stats,
    wait_position,
    wait_status,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_sound_is_played(page: Page) -> None:
    play(page)
    wait_position(page, 5)  # Longer than the part that is rendered ahead.
    output = stats(page)
    assert output["rms"] > 0.005
    assert output["rms"] < output["peak"] <= 1
    assert output["framesPlayed"] >= 5 * 44100


def test_position_never_decreases(page: Page) -> None:
    play(page)
    seen = page.evaluate(
        """async () => {
          const seen = [];
          await until(() => {
            seen.push(player.position);
            return player.position > 1 && new Set(seen).size > 5;
          });
          return seen;
        }"""
    )
    assert seen == sorted(seen)


def test_states_are_reported_in_order_as_plain_objects(page: Page) -> None:
    play(page)
    wait_status(page, "playing")
    page.evaluate("player.pause()")
    page.evaluate("player.stop()")
    wait_status(page, "stopped")
    states = page.evaluate("states")
    statuses = [state["status"] for state in states]
    assert statuses == ["loading", "stopped", "starting", "playing", "paused", "loading", "stopped"]
    names = {"status", "song", "info", "error", "tuneFault", "end"}
    assert all(set(state) == names for state in states)
    assert states[-1]["info"]["songs"] == 1
    assert states[-1]["song"] == 1


def test_pause_is_silent_and_keeps_the_position(page: Page) -> None:
    play(page)
    wait_position(page, 0.5)
    page.evaluate("player.pause()")
    page.wait_for_function("player.stats().peak === 0")
    paused_at = page.evaluate("player.position")
    page.wait_for_timeout(800)  # Long enough for the audio hardware to suspend.
    assert page.evaluate("player.position") == paused_at >= 0.5
    page.evaluate("player.play()")
    wait_position(page, paused_at + 0.5)


def test_stop_resets_the_position(page: Page) -> None:
    play(page)
    wait_position(page, 0.3)
    page.evaluate("player.stop()")
    wait_status(page, "stopped")
    assert page.evaluate("player.position") == 0
    page.evaluate("player.play()")
    wait_position(page, 0.3)


def test_song_change_starts_the_new_song(page: Page) -> None:
    play(page, TWO_SONGS)
    wait_position(page, 1)
    assert page.evaluate("() => { player.setSong(2); return player.position; }") == 0
    wait_position(page, 0.3)
    assert page.evaluate("player.state.song") == 2
    assert stats(page)["framesPlayed"] >= 1.3 * 44100


def test_song_change_during_a_pause_does_not_start_playback(page: Page) -> None:
    play(page, TWO_SONGS)
    wait_position(page, 0.2)
    page.evaluate("player.pause(); player.setSong(2)")
    wait_status(page, "stopped")
    page.wait_for_timeout(300)
    assert page.evaluate("player.position") == 0


def test_song_that_does_not_exist_is_refused(page: Page) -> None:
    play(page, TWO_SONGS)
    error = page.evaluate("outcome(player.setSong(3))")
    assert error["message"] == "This tune has no song 3. Choose 1 to 2."
    assert page.evaluate("player.state.song") == 1


def test_superseded_load_never_plays(page: Page) -> None:
    first = page.evaluate(
        """async ([tune, twoSongs]) => {
          const [a, b] = [await bytesOf(tune), await bytesOf(twoSongs)];
          const first = outcome(player.load(a));
          player.play();
          const second = player.load(b);
          await second;
          return first;
        }""",
        [TUNE, TWO_SONGS],
    )
    assert first["name"] == "AbortError"
    page.wait_for_timeout(500)
    assert page.evaluate("player.state.status") == "stopped"
    assert page.evaluate("player.state.info.songs") == 2
    assert stats(page)["framesPlayed"] == 0


def test_last_of_several_quick_commands_counts(page: Page) -> None:
    page.evaluate(
        """async ([tune, twoSongs]) => {
          const [a, b] = [await bytesOf(tune), await bytesOf(twoSongs)];
          for (const bytes of [a, b, a, b]) {
            outcome(player.load(bytes));
            player.play(); player.pause(); player.play();
          }
        }""",
        [TUNE, TWO_SONGS],
    )
    wait_status(page, "playing")
    wait_position(page, 0.3)
    assert page.evaluate("player.state.info.songs") == 2
    page.evaluate(
        "player.setSong(2); player.setSong(1); player.play(); player.pause(); player.play(); player.pause()"
    )
    wait_status(page, "paused")
    at = page.evaluate("player.position")
    page.wait_for_timeout(300)
    assert page.evaluate("player.position") - at < 0.1
    page.evaluate("player.pause(); player.play()")
    wait_position(page, at + 0.3)


def test_pause_while_loading_wins(page: Page) -> None:
    page.evaluate(
        """async (tune) => {
          const loaded = player.load(await bytesOf(tune));
          player.play(); player.pause();
          await loaded;
        }""",
        TUNE,
    )
    page.wait_for_timeout(300)
    assert page.evaluate("player.state.status") == "paused"
    assert stats(page)["framesPlayed"] == 0


def test_volume_out_of_range_is_refused(page: Page) -> None:
    page.evaluate("player.setVolume(0); player.setVolume(1)")
    assert "Choose 0 to 1" in page.evaluate("outcome(player.setVolume(1.5))")["message"]


def test_closed_player_is_idle_and_can_be_reused(page: Page) -> None:
    play(page)
    wait_position(page, 0.2)
    page.evaluate("player.close()")
    assert page.evaluate("player.state.status") == "idle"
    play(page)
    wait_position(page, 0.2)
