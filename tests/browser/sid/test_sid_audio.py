"""The path of the samples, frame by frame: render worker, ring buffer, audio worklet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.sid.pages import (
    MISBEHAVING,
    REAL,
    TUNE,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page


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


def test_ring_carries_two_channels_and_gives_mono_frames_to_both(open_player: Callable[[str], Page]) -> None:
    page = open_player(MISBEHAVING)
    assert page.evaluate(
        """async () => {
          const { Ring } = await import("/static/js/sid/ring.js");
          const ring = new Ring();
          const [left, right] = [new Float32Array(4), new Float32Array(4)];
          const read = () => { ring.read(left, right); return [[...left], [...right]]; };
          ring.write(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8));
          const mono = read();
          ring.write(Float32Array.of(9, 10, 11, 12), undefined, Float32Array.of(-9, -10, -11, -12));
          return [ring.stereo, mono, read(), read()];
        }"""
    ) == [
        True,
        [[1, 2, 3, 4], [1, 2, 3, 4]],
        [[5, 6, 7, 8], [5, 6, 7, 8]],
        [[9, 10, 11, 12], [-9, -10, -11, -12]],
    ]


RENDER_OFFLINE = """async ([pauseAt, refillAt]) => {
  const ECHO = `registerProcessor("echo", class extends AudioWorkletProcessor {
    constructor() { super(); this.port.onmessage = ({ data }) => this.port.postMessage(data); }
    process() { return false; }
  })`;
  const { Ring } = await import("/static/js/sid/ring.js");
  const context = new OfflineAudioContext(1, 20480, 44100);
  await context.audioWorklet.addModule("/static/js/sid/worklet.js");
  const node = new AudioWorkletNode(context, "sid", { numberOfInputs: 0, outputChannelCount: [2] });
  node.connect(context.destination);
  const ring = new Ring();
  const sent = Float32Array.from({ length: 3 * 4096 }, (_, i) => Math.sin(i / 10) / 2 + 0.1);
  for (let at = 0; at < sent.length; at += 4096) ring.write(sent.subarray(at, at + 4096));
  ring.playing = true;
  node.port.postMessage(ring.buffer);
  const url = URL.createObjectURL(new Blob([ECHO], { type: "text/javascript" }));
  await context.audioWorklet.addModule(url);
  const { port } = new AudioWorkletNode(context, "echo");
  // The thread of the worklet has the ring when it answers a later message.
  await new Promise((done) => { port.onmessage = done; port.postMessage(0); });
  const at = (frame, act) => frame && context.suspend(frame / 44100).then(() => { act(); context.resume(); });
  at(pauseAt, () => { ring.playing = false; });
  at(refillAt, () => ring.write(sent.subarray(0, 4096)));
  const heard = (await context.startRendering()).getChannelData(0);
  return { sent: [...sent], heard: [...heard], played: ring.framesPlayed, underruns: ring.underruns };
}"""


def test_worklet_plays_each_frame_and_counts_underruns(open_player: Callable[[str], Page]) -> None:
    found = open_player(MISBEHAVING).evaluate(RENDER_OFFLINE, [0, 0])
    sent, output = found["sent"], found["heard"]
    assert all(abs(out) <= abs(x) for out, x in zip(output[:128], sent[:128], strict=True))
    assert output[128 : len(sent)] == sent[128:]
    assert set(output[len(sent) :]) == {0}
    assert (found["played"], found["underruns"]) == (len(sent), 1)


def test_worklet_fades_to_silence_within_one_quantum_of_a_pause(open_player: Callable[[str], Page]) -> None:
    found = open_player(MISBEHAVING).evaluate(RENDER_OFFLINE, [4096, 0])
    sent, output = found["sent"], found["heard"]
    assert output[128:4096] == sent[128:4096]
    assert all(abs(out) <= abs(x) for out, x in zip(output[4096:4224], sent[4096:4224], strict=True))
    assert abs(output[4223]) < 0.01 < abs(output[4100])
    assert set(output[4224:]) == {0}
    assert (found["played"], found["underruns"]) == (4224, 0)


def test_worklet_fades_in_after_an_underrun(open_player: Callable[[str], Page]) -> None:
    found = open_player(MISBEHAVING).evaluate(RENDER_OFFLINE, [0, 12800])
    sent, output = found["sent"], found["heard"]
    assert set(output[len(sent) : 12800]) == {0}
    assert abs(output[12800]) < 0.01 < abs(output[12900])
    assert output[12928 : 12800 + 4096] == sent[128:4096]
    assert (found["played"], found["underruns"]) == (len(sent) + 4096, 2)


def test_worker_renders_two_seconds_ahead_and_continues_when_woken(
    open_player: Callable[[str], Page],
) -> None:
    page = open_player(REAL)
    filled, rested, woken = page.evaluate(
        """async ([tune, wasmUrl]) => {
          const { Ring } = await import("/static/js/sid/ring.js");
          const { createSidClient } = await import("/static/js/sid/client.js");
          const worker = createSidClient(new URL("/static/js/sid/render-worker.js", location), wasmUrl);
          const [ring, out] = [new Ring(), new Float32Array(44100)];
          const settled = async (least) => {
            await until(() => ring.buffered >= least);
            await new Promise((done) => setTimeout(done, 1000)); // time to go too far
            return ring.buffered;
          };
          const bytes = new Uint8Array(await bytesOf(tune));
          const sound = { filterCurve: 50, digiBoost: false, combined: "average" };
          const settings = { muted: 0, width: 0, clock: "", chips: [], sound };
          await worker.call("load", { bytes, song: 0, stream: 1, ring: ring.buffer, settings });
          const filled = await settled(88200 - 4096);
          ring.read(out);
          const rested = await settled(0);
          ring.playing = true;
          await worker.call("wake", {});
          return [filled, rested, await settled(88200 - 4096)];
        }""",
        [TUNE, REAL],
    )
    assert 88200 - 4096 < filled <= 88200
    assert rested == filled - 44100  # The worker renders nothing for a paused ring.
    assert 88200 - 4096 < woken <= 88200
