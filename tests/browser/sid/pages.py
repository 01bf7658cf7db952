"""Shared by the SID player tests: files, addresses, and steps on a page with a player."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.patience import PATIENCE_MS

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[3]
WASM = ROOT / "static/vendor/sid/sid.wasm"
TUNE, TWO_SONGS, BROKEN = "/tune.sid", "/two_songs.sid", "/broken.sid"
REAL, MISBEHAVING = "/static/vendor/sid/sid.wasm", "/misbehaving.wasm"

OPEN_PLAYER = """async (wasmUrl) => {
  const { createSidPlayer } = await import("/static/js/sid/player.js");
  const { createExcerptRenderer } = await import("/static/js/sid/excerpt.js");
  window.states = [];
  window.player = createSidPlayer({ wasmUrl, onState: (state) => states.push(state) });
  window.excerpts = createExcerptRenderer({ wasmUrl });
  window.bytesOf = async (path) => (await fetch(path)).arrayBuffer();
  window.outcome = (promise) => promise.then(
    (info) => ({ title: info.title ?? "" }), ({ name, message }) => ({ name, message }));
  window.until = async (condition) => {
    for (const end = performance.now() + PATIENCE; !condition(); ) {
      if (performance.now() > end) throw new Error(`never came true: ${condition}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  };
}""".replace("PATIENCE", str(PATIENCE_MS))


def play(page: Page, path: str = TUNE) -> None:
    page.evaluate(
        "async (path) => { const b = await bytesOf(path); await player.load(b); player.play(); }", path
    )


def wait_position(page: Page, seconds: float) -> float:
    """Wait until the song reaches a position; return the position that was seen."""
    reached = page.wait_for_function(
        "(seconds) => player.position >= seconds && [player.position]", arg=seconds
    )
    [position] = reached.json_value()
    return float(position)


def wait_status(page: Page, status: str) -> None:
    page.wait_for_function("(status) => player.state.status === status", arg=status)


def stats(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("player.stats()")
    return found
