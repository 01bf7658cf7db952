"""Excerpts as PCM, rendered during playback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.analysis import render_excerpt
from app.emulator import SidEmulator
from app.paths import paths
from sidflow_feedback.analysis.features import EXCERPT_SECONDS
from sidflow_feedback.analysis.trace import TRACE_SECONDS
from tests.browser.sid.pages import (
    BROKEN,
    REAL,
    TUNE,
    play,
    wait_position,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_excerpt_has_the_requested_length_and_does_not_disturb_playback(page: Page) -> None:
    play(page)
    wait_position(page, 0.2)
    lengths, difference, rms, began, ended = page.evaluate(
        """async (path) => {
          const bytes = await bytesOf(path);
          const options = [{ seconds: 20 }, { seconds: 1.37 }, { seconds: 1.37, sampleRate: 48000 }];
          const began = player.position;
          const pcm = await Promise.all(options.map((option) => excerpts.render(bytes, option)));
          const ended = player.position;
          const again = await excerpts.render(bytes, options[1]);
          const squares = pcm[0].reduce((sum, x) => sum + x * x, 0);
          const apart = again.reduce((most, x, i) => Math.max(most, Math.abs(x - pcm[1][i])), 0);
          return [pcm.map((x) => x.length), apart, Math.sqrt(squares / pcm[0].length), began, ended];
        }""",
        TUNE,
    )
    assert lengths == [20 * 44100, round(1.37 * 44100), round(1.37 * 48000)]
    assert difference < 0.01  # The filter model's dither continues from one start to the next.
    assert 0.005 < rms < 1
    assert ended > began, "the tune kept playing"
    assert page.evaluate("[states.at(-1).status, states.at(-1).song]") == ["playing", 1]
    assert {worker.url.rpartition("/")[2] for worker in page.workers} >= {
        "render-worker.js",
        "excerpt-worker.js",
    }
    wait_position(page, ended + 3)  # More than was rendered ahead.


def test_excerpt_of_a_broken_file_is_rejected(page: Page) -> None:
    error = page.evaluate(
        "async (path) => outcome(excerpts.render(await bytesOf(path), { seconds: 1 }))", BROKEN
    )
    assert len(error["message"]) > 20
    error = page.evaluate(
        "async (path) => outcome(excerpts.render(await bytesOf(path), { seconds: 0 }))", TUNE
    )
    assert "more than 0" in error["message"]


def test_excerpts_can_be_rendered_from_a_worker(page: Page) -> None:
    length = page.evaluate(
        """async ([tune, wasmUrl]) => {
          const source = `
            const { createExcerptRenderer } = await import("${location.origin}/static/js/sid/excerpt.js");
            const bytes = await (await fetch("${location.origin}${tune}")).arrayBuffer();
            const excerpts = createExcerptRenderer({ wasmUrl: "${wasmUrl}" });
            postMessage((await excerpts.render(bytes, { seconds: 0.5 })).length);`;
          const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
          const worker = new Worker(url, { type: "module" });
          return new Promise((done) => (worker.onmessage = ({ data }) => done(data)));
        }""",
        [TUNE, REAL],
    )
    assert length == 22050


def test_trace_is_the_same_as_outside_the_browser(page: Page) -> None:
    tune = min((paths().vendor / "tunes").glob("*.sid")).read_bytes()  # Its init writes registers.
    traced = page.evaluate(
        """async ([tune, seconds, traceSeconds]) => {
          const { problem } = await excerpts.begin(new Uint8Array(tune), { seconds, traceSeconds });
          if (problem) throw new Error(problem);
          await excerpts.advance(Infinity);
          return [...(await excerpts.take()).trace];
        }""",
        [[*tune], EXCERPT_SECONDS, TRACE_SECONDS],
    )
    assert traced
    assert bytes(traced) == render_excerpt(SidEmulator(), tune).trace
