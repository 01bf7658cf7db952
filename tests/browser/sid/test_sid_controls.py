"""Seek, pause, mute, and override in a real Chromium, judged by the captured output of the audio graph."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.sid.pages import (
    MISBEHAVING,
    OPEN_PLAYER,
    REAL,
    TUNE,
    WASM,
    play,
    stats,
    wait_position,
    wait_status,
)
from tests.patience import patient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

RATE = 44100
SOUND = "{ filterCurve: 50, digiBoost: false, combined: 'average' }"
"""The standard sound, for `override`."""
TRIES = 20

CAPTURE = """() => {
  const recorder = `registerProcessor("recorder", class extends AudioWorkletProcessor {
    process([input]) { if (input[0]) this.port.postMessage([currentFrame, input[0]]); return true; }
  })`;
  const url = URL.createObjectURL(new Blob([recorder], { type: "text/javascript" }));
  window.captured = [];
  window.quanta = () => captured.map(([frame, samples]) => [frame, Math.max(...samples.map(Math.abs))]);
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target === this.context.destination) {
      window.context = this.context;
      this.context.audioWorklet.addModule(url).then(() => {
        const node = new AudioWorkletNode(this.context, "recorder", { numberOfOutputs: 0 });
        node.port.onmessage = ({ data }) => captured.push(data);
        connect.call(this, node);
      });
    }
    return connect.call(this, target, ...rest);
  };
}"""
"""Captures the output as pairs of frame and 128 samples in `captured`."""


@pytest.fixture(scope="module")
def page(browser: Browser, address: str) -> Iterator[Page]:
    """One page with a player for all tests; each test loads a tune."""
    if not WASM.exists():
        pytest.skip("the SID emulator is not built: static/vendor/sid/sid.wasm is missing")
    with patient(browser.new_context()) as context:
        page = context.new_page()
        page.goto(f"{address}/blank.html")
        page.evaluate(CAPTURE)
        page.evaluate(OPEN_PLAYER, REAL)
        yield page


@pytest.fixture(autouse=True)
def reset_player(request: pytest.FixtureRequest) -> None:
    if "page" in request.fixturenames:
        page: Page = request.getfixturevalue("page")
        page.evaluate(
            f"player.mute(0); player.override('', 0, {SOUND}); captured.length = 0; states.length = 0"
        )


def seek(page: Page, seconds: float) -> None:
    """Seek, and wait until the seek is complete."""
    page.evaluate("(seconds) => player.seek(seconds)", seconds)
    page.wait_for_function("player.progress === 1")


def test_seek_jumps_and_continues_playing(page: Page) -> None:
    play(page)
    wait_position(page, 0.5)
    before = stats(page)
    seen = page.evaluate(
        """async () => {
          player.seek(40);
          const seen = [player.position];
          await until(() => seen.push(player.progress) && player.progress === 1);
          return seen;
        }"""
    )
    assert seen[0] == 40, "the position changes at once"
    assert seen[1:] == sorted(seen[1:])
    assert any(0 < progress < 1 for progress in seen[1:]), "progress is reported during the seek"
    assert wait_position(page, 40.5) < 45
    assert stats(page)["framesPlayed"] - before["framesPlayed"] < 5 * RATE, "the jump was not played"
    statuses = page.evaluate("states.map((state) => state.status)")
    assert statuses[-3:] == ["playing", "starting", "playing"]
    assert page.evaluate("() => { player.seek(20); return player.position; }") == 20
    wait_status(page, "playing")
    assert wait_position(page, 20.3) < 25


def test_seek_while_paused_stays_paused(page: Page) -> None:
    play(page)
    wait_position(page, 0.2)
    page.evaluate("player.pause()")
    page.wait_for_function("player.stats().peak === 0")
    played = stats(page)["framesPlayed"]
    seek(page, 10)
    page.wait_for_timeout(300)
    assert page.evaluate("player.state.status") == "paused"
    assert page.evaluate("player.position") == 10
    assert stats(page)["framesPlayed"] == played
    page.evaluate("player.play()")
    wait_position(page, 10.3)


def test_last_of_several_seeks_counts_and_a_load_cancels_them(page: Page) -> None:
    play(page)
    page.evaluate("for (const seconds of [300, 200, 12]) player.seek(seconds)")
    wait_status(page, "playing")
    assert wait_position(page, 12.2) < 17
    page.evaluate("player.seek(3000)")
    page.wait_for_function("player.progress > 0")
    assert page.evaluate("player.progress") < 1
    play(page)
    assert wait_position(page, 0.2) < 5
    page.evaluate("player.seek(3000); player.pause()")
    assert page.evaluate("player.state.status") == "paused"
    page.evaluate("player.stop()")
    wait_status(page, "stopped")
    assert page.evaluate("[player.position, player.progress]") == [0, 1]


SEEK_AND_PLAY_STRAIGHT = """async ([tune, wasmUrl, way]) => {
  const { Ring } = await import("/static/js/sid/ring.js");
  const { SidEmulator } = await import("/static/js/sid/emulator.js");
  const { createSidClient } = await import("/static/js/sid/client.js");
  const worker = createSidClient(new URL("/static/js/sid/render-worker.js", location), wasmUrl);
  const bytes = new Uint8Array(await bytesOf(tune));
  const sound = { filterCurve: 50, digiBoost: false, combined: "average" };
  const settings = { muted: 0, width: 0, clock: "", chips: [], sound };
  let [ring, stream] = [new Ring(), 1];
  await worker.call("load", { bytes, song: 0, stream, ring: ring.buffer, settings });
  for (const base of way) {
    ring = new Ring();
    ring.base = base;
    await worker.call("seek", { song: 1, restart: false, stream: ++stream, ring: ring.buffer, settings });
  }
  await until(() => ring.buffered >= 44100);
  worker.close();
  const heard = new Float32Array(44100);
  ring.read(heard);
  const emulator = await SidEmulator.fetch(wasmUrl);
  emulator.load(bytes);
  emulator.start(1, 44100);
  const straight = new Float32Array(way.at(-1) + 44100 + 4096);
  for (let at = 0; at < straight.length; at += 4096)
    straight.set(emulator.render(4096).subarray(0, straight.length - at), at);
  const level = (shift) => {
    let [error, whole] = [0, 0];
    for (let i = 0; i < heard.length; i++) {
      const there = straight[way.at(-1) + i + shift];
      error += (heard[i] - there) ** 2;
      whole += there ** 2;
    }
    return 10 * Math.log10(error / whole);
  };
  return Math.min(level(-1), level(0), level(1));
}"""


@pytest.mark.parametrize(
    "seeks",
    [
        [8 * RATE + 1000],
        [8 * RATE, RATE],
        [8 * RATE, 8 * RATE + RATE // 2],
        [8 * RATE, 7 * RATE + RATE // 2],
    ],
    ids=["forward", "back", "a little forward", "a little back"],
)
def test_seek_sounds_like_uninterrupted_playback(page: Page, seeks: list[int]) -> None:
    """To -25 dB; `tests/wasm/test_seeking.py` is stricter, since it aligns by fractions of a frame."""
    assert page.evaluate(SEEK_AND_PLAY_STRAIGHT, [TUNE, REAL, seeks]) < -25


def test_pause_is_silent_within_50_ms_and_without_a_click(page: Page) -> None:
    """Judged by the fastest of several pauses: in the others the page may have to wait for the processor."""
    play(page)
    wait_position(page, 1)
    delays: list[float] = []
    while len(delays) < 3 or (min(delays) > 0.05 and len(delays) < TRIES):
        delays.append(seconds_of_sound_after_pause(page))
        page.evaluate("player.play()")
        wait_position(page, page.evaluate("player.position") + 0.2)
    assert min(delays) <= 0.05
    if stats(page)["underruns"] == 0:  # An underrun clicks, too.
        assert steepest(page) < 1.2 * page.evaluate(STEEPEST_OF_TUNE, [TUNE, REAL])


def seconds_of_sound_after_pause(page: Page) -> float:
    called, latency = page.evaluate(
        """() => {
          const called = Math.round(context.currentTime * 44100);
          player.pause();
          return [called, context.outputLatency];
        }"""
    )
    page.wait_for_function(
        "called => { const [frame, peak] = quanta().at(-1) ?? [0, 1]; return frame > called && peak === 0; }",
        arg=called,
    )
    loud = max((frame for frame, peak in page.evaluate("quanta()") if peak > 0), default=0) + 128
    return float((loud - called) / RATE + latency)


STEEPEST = "(parts) => parts.reduce((most, x, i) => i ? Math.max(most, Math.abs(x - parts[i - 1])) : 0, 0)"

STEEPEST_OF_TUNE = f"""async ([tune, wasmUrl]) => {{
  const {{ SidEmulator }} = await import("/static/js/sid/emulator.js");
  const emulator = await SidEmulator.fetch(wasmUrl);
  emulator.load(new Uint8Array(await bytesOf(tune)));
  emulator.start(1, 44100);
  const sound = [];
  for (let i = 0; i < 60; i++) sound.push(...emulator.render(4096));
  return ({STEEPEST})(sound);
}}"""


def steepest(page: Page) -> float:
    """Return the largest step from one captured sample to the next."""
    found: float = page.evaluate(
        f"""() => {{
          let most = 0;
          captured.forEach(([frame, samples], i) => {{
            const before = captured[i - 1];
            const joined = before && before[0] + 128 === frame ? [before[1][127], ...samples] : [...samples];
            most = Math.max(most, ({STEEPEST})(joined));
          }});
          return most;
        }}"""
    )
    return found


MUTE = """async ([mask, quiet]) => {
  const played = player.stats().framesPlayed;
  player.mute(mask);
  await until(() => (quiet ? player.stats().rms < 0.01 : player.stats().rms > 0.03));
  return player.stats().framesPlayed - played;
}"""
"""Returns the number of frames played before the change was audible."""


def test_mute_takes_effect_at_once_and_playback_continues(page: Page) -> None:
    """Judged by the fastest of several changes: the renderer may have to wait for the processor."""
    play(page)
    wait_position(page, 4)  # Two seconds are rendered ahead by now.
    page.evaluate("void (states.length = 0)")
    muted = sounding = 2 * RATE
    for _ in range(TRIES):
        muted = min(muted, page.evaluate(MUTE, [7, True]))
        sounding = min(sounding, page.evaluate(MUTE, [0, False]))
        if max(muted, sounding) < 1.5 * RATE:
            break
    assert max(muted, sounding) < 1.5 * RATE, "the change doesn't wait for the end of the buffer"
    assert page.evaluate("states") == [], "playback never stopped"


def test_rewritten_frames_replace_the_buffer_with_a_cross_fade(open_player: Callable[[str], Page]) -> None:
    frames = open_player(MISBEHAVING).evaluate(
        """async () => {
          const { Ring } = await import("/static/js/sid/ring.js");
          const [ring, out] = [new Ring(), new Float32Array(128)];
          for (let i = 0; i < 3; i++) ring.write(new Float32Array(4096).fill(1));
          ring.read(out);
          for (let at = -1000; at < 3 * 4096; at += 4096) ring.write(new Float32Array(4096).fill(0), at);
          const all = new Float32Array(4 * 4096);
          const count = ring.read(all);
          return [...all.subarray(0, count)];
        }"""
    )
    assert len(frames) == 4 * 4096 - 1000 - 128
    assert set(frames[:2048]) == {1}
    assert frames[2048:2176] == sorted(frames[2048:2176], reverse=True)
    assert max(a - b for a, b in itertools.pairwise(frames)) < 0.01
    assert set(frames[2176:]) == {0}


def used(page: Page) -> list[Any]:
    found: list[Any] = page.evaluate(
        "[player.state.info.clock, player.state.info.sids.map((sid) => [sid.chip, sid.headerChip])]"
    )
    return found


def test_override_takes_effect_at_once_at_the_same_position(page: Page) -> None:
    play(page)
    wait_position(page, 3)
    clock, [[chip, header_chip]] = used(page)
    other = 6581 + 8580 - chip
    page.evaluate(f"(chip) => player.override('NTSC', chip, {SOUND})", other)
    assert 3 <= page.evaluate("player.position") < 8
    wait_status(page, "playing")
    assert used(page) == ["NTSC", [[other, header_chip]]]
    page.evaluate(f"player.override('', 0, {SOUND})")
    wait_status(page, "playing")
    assert used(page) == [clock, [[chip, header_chip]]]
    page.evaluate(f"(chip) => player.override('NTSC', chip, {SOUND})", other)
    play(page)
    assert used(page) == ["NTSC", [[other, header_chip]]], "for the next tune too"


def test_what_is_chosen_while_a_tune_loads_applies_to_it(page: Page) -> None:
    play(page)
    _, [[chip, header_chip]] = used(page)
    page.evaluate(
        f"""async ([tune, chip]) => {{
          const loading = player.load(await bytesOf(tune));
          player.mute(7);
          player.override('NTSC', chip, {SOUND});
          player.play();
          await loading;
        }}""",
        [TUNE, 6581 + 8580 - chip],
    )
    wait_status(page, "playing")
    assert used(page) == ["NTSC", [[6581 + 8580 - chip, header_chip]]]
    wait_position(page, 1)
    assert stats(page)["rms"] < 0.01
    page.evaluate("player.mute(0)")
    page.wait_for_function("player.stats().rms > 0.03")


def test_waveforms_match_the_audible_sound(page: Page) -> None:
    play(page)
    wait_position(page, 1)
    page.evaluate("player.pause()")
    page.wait_for_function("player.stats().peak === 0")
    level, silent = page.evaluate(
        """async ([tune, wasmUrl]) => {
          const { SidEmulator } = await import("/static/js/sid/emulator.js");
          const emulator = await SidEmulator.fetch(wasmUrl);
          emulator.load(new Uint8Array(await bytesOf(tune)));
          emulator.showScope(true);
          emulator.start(1, 44100);
          const points = [];
          while (points.length < player.position * 11025) {
            emulator.render(4096);
            points.push(...emulator.wave(0));
          }
          const shown = new Int8Array(1024);
          player.readWave(0, shown);
          const latency = Math.round(context.outputLatency * 44100);
          const end = Math.floor((Math.round(player.position * 44100) - latency) / 4);
          const same = shown.filter((point, i) => point === points[end - 1024 + i]).length;
          return [same / 1024, shown.every((point) => point === 0)];
        }""",
        [TUNE, REAL],
    )
    assert level > 0.98
    assert not silent
