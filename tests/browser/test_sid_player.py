"""The SID player in a real Chromium: real engine, real worker, real audio thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright
from wasmtime import wat2wasm

from app.setup.chromium import chromium
from tests.browser.isolated_server import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "static/vendor/sid/sid.wasm"
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
]
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
}"""


def _real_tune() -> bytes:
    known = ROOT.parent / "shared/tunes/10_Orbyte.sid"
    found = [known] if known.exists() else sorted((ROOT / "static/vendor/tunes").glob("*.sid"))
    if not found:
        pytest.skip("no tune to play: neither ../shared/tunes nor static/vendor/tunes is there")
    return found[0].read_bytes()


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    tune = _real_tune()
    wat = (Path(__file__).parent / "misbehaving_engine.wat").read_text()
    return {
        TUNE: tune,
        TWO_SONGS: tune[:15] + b"\2" + tune[16:],
        BROKEN: tune[:60],
        MISBEHAVING: bytes(wat2wasm(wat)),
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(files: dict[str, bytes]) -> Iterator[str]:
    with serve(ROOT, files) as base:
        yield base


@pytest.fixture
def open_player(browser: Browser, address: str) -> Iterator[Callable[[str], Page]]:
    """Open a page with a player (`player`, `states`, `excerpts`) over the engine at an address."""
    with browser.new_context() as context:

        def open_page(wasm_url: str) -> Page:
            if wasm_url == REAL and not ENGINE.exists():
                pytest.skip("the SID engine is not built: static/vendor/sid/sid.wasm is missing")
            page = context.new_page()
            page.goto(f"{address}/blank.html")
            page.evaluate(OPEN_PLAYER, wasm_url)
            return page

        yield open_page


@pytest.fixture
def page(open_player: Callable[[str], Page]) -> Page:
    return open_player(REAL)


def play(page: Page, path: str = TUNE) -> None:
    page.evaluate(
        "async (path) => { const b = await bytesOf(path); await player.load(b); player.play(); }", path
    )


def wait_position(page: Page, seconds: float) -> None:
    page.wait_for_function("(seconds) => player.position >= seconds", arg=seconds)


def wait_status(page: Page, status: str) -> None:
    page.wait_for_function("(status) => player.state.status === status", arg=status)


def stats(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("player.stats()")
    return found


def test_sound_comes_out(page: Page) -> None:
    play(page)
    wait_position(page, 2)
    heard = stats(page)
    assert heard["rms"] > 0.005
    assert heard["rms"] < heard["peak"] <= 1
    assert heard["framesPlayed"] >= 2 * 44100
    assert heard["underruns"] == 0


def test_position_never_goes_back(page: Page) -> None:
    play(page)
    seen = page.evaluate(
        """async () => {
          const seen = [];
          while (player.position < 1) {
            seen.push(player.position);
            await new Promise((done) => setTimeout(done, 20));
          }
          return seen;
        }"""
    )
    assert seen == sorted(seen)
    assert len(set(seen)) > 5


def test_states_are_told_in_order_as_plain_objects(page: Page) -> None:
    play(page)
    wait_status(page, "playing")
    page.evaluate("player.pause()")
    page.evaluate("player.stop()")
    wait_status(page, "stopped")
    states = page.evaluate("states")
    told = [state["status"] for state in states]
    assert told == ["loading", "stopped", "starting", "playing", "paused", "loading", "stopped"]
    assert all(set(state) == {"status", "song", "info", "error"} for state in states)
    assert states[-1]["info"]["songs"] == 1
    assert states[-1]["song"] == 1


def test_pause_is_silent_and_keeps_the_position(page: Page) -> None:
    play(page)
    wait_position(page, 0.5)
    page.evaluate("player.pause()")
    page.wait_for_function("player.stats().peak === 0")
    paused_at = page.evaluate("player.position")
    page.wait_for_timeout(800)  # long enough for the hardware to go to rest
    assert page.evaluate("player.position") == paused_at >= 0.5
    page.evaluate("player.play()")
    wait_position(page, paused_at + 0.5)
    assert stats(page)["underruns"] == 0


def test_stop_goes_back_to_the_beginning(page: Page) -> None:
    play(page)
    wait_position(page, 0.3)
    page.evaluate("player.stop()")
    wait_status(page, "stopped")
    assert page.evaluate("player.position") == 0
    page.evaluate("player.play()")
    wait_position(page, 0.3)


def test_song_change_plays_on_from_the_beginning(page: Page) -> None:
    play(page, TWO_SONGS)
    wait_position(page, 1)
    page.evaluate("player.setSong(2)")
    assert page.evaluate("player.position") == 0
    wait_position(page, 0.3)
    assert page.evaluate("player.state.song") == 2
    assert stats(page)["framesPlayed"] >= 1.3 * 44100


def test_song_that_does_not_exist_is_refused(page: Page) -> None:
    play(page, TWO_SONGS)
    with pytest.raises(Error, match="This tune has no song 3: choose 1 to 2"):
        page.evaluate("player.setSong(3)")
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


def test_quick_clicks_end_in_what_was_asked_last(page: Page) -> None:
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


def test_broken_file_is_told_and_the_next_tune_plays(page: Page) -> None:
    told = page.evaluate("async (path) => outcome(player.load(await bytesOf(path)))", BROKEN)
    assert len(told["message"]) > 20
    state = page.evaluate("player.state")
    assert state == {"status": "error", "song": 0, "info": None, "error": told["message"]}
    play(page)
    wait_position(page, 0.3)


@pytest.mark.parametrize(
    ("bytes_js", "message"),
    [
        ("new ArrayBuffer(200000)", "too large to be a SID file"),
        ("new ArrayBuffer(0)", ""),
        ("{}", "must be given as an ArrayBuffer or a typed array"),
    ],
)
def test_what_is_no_tune_is_refused(page: Page, bytes_js: str, message: str) -> None:
    told = page.evaluate(f"outcome(player.load({bytes_js}))")
    assert message in told["message"]
    assert page.evaluate("player.state.error") == told["message"] != ""


def test_load_takes_a_window_on_a_larger_buffer(page: Page) -> None:
    page.evaluate(
        """async (path) => {
          const bytes = new Uint8Array(await bytesOf(path));
          const heap = new Uint8Array(new SharedArrayBuffer(100000));
          heap.set(bytes, 777);
          await player.load(heap.subarray(777, 777 + bytes.length));
        }""",
        TUNE,
    )
    assert page.evaluate("player.state.status") == "stopped"


def test_excerpt_has_the_asked_length_and_leaves_playback_alone(page: Page) -> None:
    play(page)
    wait_position(page, 0.2)
    lengths, apart, rms = page.evaluate(
        """async (path) => {
          const bytes = await bytesOf(path);
          const options = [{ seconds: 20 }, { seconds: 1.37 }, { seconds: 1.37, sampleRate: 48000 }];
          const pcm = await Promise.all(options.map((option) => excerpts.render(bytes, option)));
          const again = await excerpts.render(bytes, options[1]);
          const squares = pcm[0].reduce((sum, x) => sum + x * x, 0);
          const apart = again.reduce((most, x, i) => Math.max(most, Math.abs(x - pcm[1][i])), 0);
          return [pcm.map((x) => x.length), apart,
                  Math.sqrt(squares / pcm[0].length)];
        }""",
        TUNE,
    )
    assert lengths == [20 * 44100, round(1.37 * 44100), round(1.37 * 48000)]
    assert apart < 0.01  # the filter model's dither goes on from one start to the next
    assert 0.005 < rms < 1
    wait_position(page, page.evaluate("player.position") + 0.5)
    assert stats(page)["underruns"] == 0


def test_excerpt_of_a_broken_file_is_told(page: Page) -> None:
    told = page.evaluate(
        "async (path) => outcome(excerpts.render(await bytesOf(path), { seconds: 1 }))", BROKEN
    )
    assert len(told["message"]) > 20
    told = page.evaluate(
        "async (path) => outcome(excerpts.render(await bytesOf(path), { seconds: 0 }))", TUNE
    )
    assert "more than 0" in told["message"]


def test_excerpts_are_rendered_inside_a_worker_too(page: Page) -> None:
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


def test_volume_out_of_range_is_refused(page: Page) -> None:
    page.evaluate("player.setVolume(0); player.setVolume(1)")
    with pytest.raises(Error, match="choose 0 to 1"):
        page.evaluate("player.setVolume(1.5)")


def test_closed_player_is_idle_and_can_be_used_again(page: Page) -> None:
    play(page)
    wait_position(page, 0.2)
    page.evaluate("player.close()")
    assert page.evaluate("player.state.status") == "idle"
    play(page)
    wait_position(page, 0.2)


def test_trap_is_told_and_the_next_load_plays(open_player: Callable[[str], Page]) -> None:
    page = open_player(MISBEHAVING)
    page.evaluate("player.load(new TextEncoder().encode('T'))")
    wait_status(page, "error")
    assert "worker stopped (unreachable)" in page.evaluate("player.state.error")
    assert page.evaluate("player.state.info") is None
    page.evaluate("async () => { await player.load(new ArrayBuffer(9)); player.play(); }")
    wait_position(page, 0.3)
    assert page.evaluate("player.stats().peak") == pytest.approx(0.25)


def test_tune_that_fails_while_playing_is_told(open_player: Callable[[str], Page]) -> None:
    page = open_player(MISBEHAVING)
    page.evaluate("player.load(new TextEncoder().encode('F'))")
    wait_status(page, "error")
    assert page.evaluate("player.state.error") == "the stand-in gave up"
    assert page.evaluate("player.state.info.songs") == 2


def test_load_that_never_returns_is_given_up(open_player: Callable[[str], Page]) -> None:
    page = open_player(MISBEHAVING)
    page.clock.install()
    page.evaluate("window.hung = outcome(player.load(new TextEncoder().encode('H'))); 0")
    page.clock.fast_forward(15_000)
    assert "no answer within 15 s" in page.evaluate("hung")["message"]
    assert page.evaluate("player.load(new ArrayBuffer(9))")["songs"] == 2


def test_missing_engine_is_told(open_player: Callable[[str], Page]) -> None:
    page = open_player("/nowhere.wasm")
    told = page.evaluate("outcome(player.load(new ArrayBuffer(9)))")
    assert "/nowhere.wasm: the server answered 404" in told["message"]


def test_page_without_isolation_goes_on_with_one_clear_error(
    browser: Browser, files: dict[str, bytes]
) -> None:
    with serve(ROOT, files, isolated=False) as base, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{base}/blank.html")
        page.evaluate(OPEN_PLAYER, MISBEHAVING)
        told = page.evaluate("outcome(player.load(new ArrayBuffer(9)))")
        assert "not cross-origin isolated" in told["message"]
        page.evaluate("player.play(); player.pause(); player.stop()")
        assert [state["status"] for state in page.evaluate("states")] == ["error"]


def test_browser_without_audio_worklet_is_told(open_player: Callable[[str], Page]) -> None:
    page = open_player(MISBEHAVING)
    page.evaluate("delete window.AudioWorkletNode")
    told = page.evaluate("outcome(player.load(new ArrayBuffer(9)))")
    assert "offers no AudioWorklet" in told["message"]


def test_failing_state_callback_does_not_stop_the_music(open_player: Callable[[str], Page]) -> None:
    page = open_player(MISBEHAVING)
    page.evaluate("void (states.push = () => { throw new Error('page'); })")
    page.evaluate("async () => { await player.load(new ArrayBuffer(9)); player.play(); }")
    wait_position(page, 0.2)


def test_ring_keeps_frames_in_order_across_both_wraps(open_player: Callable[[str], Page]) -> None:
    page = open_player(MISBEHAVING)
    wrong = page.evaluate(
        """async () => {
          const { Ring } = await import("/static/js/sid/ring.js");
          const ring = new Ring();
          new Uint32Array(ring.buffer, 0, 2).fill(2 ** 32 - 300000); // both counters near their own wrap
          const [chunk, out] = [new Float32Array(4096), new Float32Array(128)];
          let [sent, got, wrong] = [0, 0, 0];
          for (let round = 0; round < 150; round++) {
            for (let i = 0; i < chunk.length; i++) chunk[i] = sent++;
            ring.write(chunk);
            while (ring.read(out) === out.length) for (const x of out) wrong += x !== got++;
          }
          return [wrong, sent - got, ring.buffered];
        }"""
    )
    assert wrong == [0, 0, 0]


RENDER_OFFLINE = """async (pauseAt) => {
  const { Ring } = await import("/static/js/sid/ring.js");
  const context = new OfflineAudioContext(1, 16384, 44100);
  await context.audioWorklet.addModule("/static/js/sid/worklet.js");
  const node = new AudioWorkletNode(context, "sid", { numberOfInputs: 0, outputChannelCount: [1] });
  node.connect(context.destination);
  const ring = new Ring();
  const sent = Float32Array.from({ length: 3 * 4096 }, (_, i) => Math.sin(i / 10) / 2 + 0.1);
  for (let at = 0; at < sent.length; at += 4096) ring.write(sent.subarray(at, at + 4096));
  ring.playing = true;
  node.port.postMessage(ring.buffer);
  await new Promise((done) => setTimeout(done, 200)); // messages arrive before rendering starts
  if (pauseAt > 0) context.suspend(pauseAt / 44100).then(() => { ring.playing = false; context.resume(); });
  const heard = (await context.startRendering()).getChannelData(0);
  return { sent: [...sent], heard: [...heard], played: ring.framesPlayed, underruns: ring.underruns };
}"""


def test_worklet_plays_each_frame_and_counts_running_dry(open_player: Callable[[str], Page]) -> None:
    found = open_player(MISBEHAVING).evaluate(RENDER_OFFLINE, 0)
    sent, heard = found["sent"], found["heard"]
    assert all(abs(out) <= abs(x) for out, x in zip(heard[:128], sent[:128], strict=True))
    assert heard[128 : len(sent)] == sent[128:]
    assert set(heard[len(sent) :]) == {0}
    assert (found["played"], found["underruns"]) == (len(sent), 1)


def test_worklet_fades_to_silence_within_one_quantum_of_a_pause(open_player: Callable[[str], Page]) -> None:
    found = open_player(MISBEHAVING).evaluate(RENDER_OFFLINE, 4096)
    sent, heard = found["sent"], found["heard"]
    assert heard[128:4096] == sent[128:4096]
    assert all(abs(out) <= abs(x) for out, x in zip(heard[4096:4224], sent[4096:4224], strict=True))
    assert abs(heard[4223]) < 0.01 < abs(heard[4100])
    assert set(heard[4224:]) == {0}
    assert (found["played"], found["underruns"]) == (4224, 0)
