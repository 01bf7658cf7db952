/** Worker that renders the playing song into its ring, ahead of the audio worklet. */

import { MAX_FRAMES, SidEngine, SidError } from "./engine.js";
import { AHEAD, Ring, SAMPLE_RATE } from "./ring.js";
import { report, reportFatal, serve, wasmUrl } from "./rpc.js";

const FULL_POLL_MS = 200;

const engineReady = SidEngine.fetch(wasmUrl);
engineReady.catch(() => {}); // whoever awaits it hears of a failure

/** @type {Ring|null} */
let ring = null;
let stream = 0;
let timer;

serve({
  async load({ bytes, ...start }) {
    const engine = await engineReady;
    ring = null;
    engine.load(bytes);
    return begin(engine, start);
  },

  async song(start) {
    return begin(await engineReady, start);
  },

  /** The ring plays again: fill it, if filling had gone to sleep. */
  async wake() {
    fill(await engineReady);
  },
});

function begin(engine, start) {
  ring = null;
  engine.start(start.song, SAMPLE_RATE);
  ring = new Ring(start.ring);
  stream = start.stream;
  fill(engine);
  return engine.info();
}

/** One bounded piece of work, then back to the event loop: messages are answered between chunks. */
function fill(engine) {
  clearTimeout(timer);
  if (ring === null) return;
  const full = ring.buffered > AHEAD - MAX_FRAMES;
  if (full && !ring.playing) return;
  if (!full && !renderChunk(engine)) return;
  timer = setTimeout(fill, full ? FULL_POLL_MS : 0, engine);
}

/** @returns {boolean} whether the song goes on */
function renderChunk(engine) {
  try {
    ring.write(engine.render(MAX_FRAMES));
    return true;
  } catch (error) {
    ring = null;
    if (error instanceof SidError) report({ stream, failed: error.message });
    else reportFatal(error);
    return false;
  }
}
