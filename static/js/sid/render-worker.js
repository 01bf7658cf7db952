/** Worker that renders the playing song into its ring, ahead of the audio worklet. */

import { MAX_FRAMES, SidEngine, SidError } from "./engine.js";
import { AHEAD, Ring, SAMPLE_RATE } from "./ring.js";
import { report, reportFatal, serve, wasmUrl } from "./rpc.js";
import { SilenceDetector } from "./silence.js";
import { Song } from "./song.js";

const FULL_POLL_MS = 200;

/** A seek looks for messages this often: a newer one takes over. */
const TURN_MS = 30;

const engineReady = SidEngine.fetch(wasmUrl);
engineReady.catch(() => {}); // whoever awaits it hears of a failure

/** @type {Song|null} null: no song is under way */
let song = null;
/** @type {Ring|null} what is filled now */
let ring = null;
let stream = 0;
/** @type {SilenceDetector|null} hears what is rendered; null: it has told, or a voice is muted */
let silence = null;
let voices = 0;
let timer;

serve({
  async load({ bytes, ...start }) {
    const engine = await engineReady;
    [ring, song, stream] = [null, null, start.stream];
    engine.override(start.settings);
    engine.load(bytes);
    return begin(engine, start);
  },

  async song(start) {
    return begin(await engineReady, start);
  },

  /** Go to a place of the song that is under way; `anew` from its beginning, with the settings of now. */
  async seek({ anew, ...start }) {
    const engine = await engineReady;
    if (anew || song === null) return begin(engine, start);
    ring = null;
    if (song.at > new Ring(start.ring).base) song.back(new Ring(start.ring).base);
    return go(engine, start);
  },

  /** Voices fall silent, or sound again: also in what was rendered ahead of the ear. */
  async mute({ muted }) {
    const engine = await engineReady;
    if (ring !== null) song.back(ring.base + ring.framesPlayed);
    engine.mute(muted);
    silence = null;
    fill(engine);
  },

  /** The ring plays again: fill it, if filling had gone to sleep. */
  async wake() {
    fill(await engineReady);
  },
});

function begin(engine, start) {
  [ring, song, stream] = [null, null, start.stream];
  engine.override(start.settings);
  engine.showScope(true);
  const begun = new Song(engine);
  begun.start(start.song);
  song = begun;
  return go(engine, start);
}

/** Bring the song to where the ring begins, then fill that. */
async function go(engine, start) {
  stream = start.stream;
  engine.mute(start.settings.muted);
  const next = new Ring(start.ring);
  await approach(next, start.stream);
  if (stream === start.stream) {
    voices = 3 * engine.info().chips;
    ring = next;
    silence = start.settings.muted === 0 ? new SilenceDetector(SAMPLE_RATE) : null;
    fill(engine);
  }
  return engine.info();
}

async function approach(next, asked) {
  const [under, from, whole] = [song, song.at, next.base - song.at];
  while (under.at < next.base) {
    const end = performance.now() + TURN_MS;
    do under.approach(next.base);
    while (under.at < next.base && performance.now() < end);
    next.progress = (under.at - from) / whole;
    await new Promise((done) => setTimeout(done));
    if (stream !== asked) return;
  }
  next.progress = 1;
}

/** One bounded piece of work, then back to the event loop: messages are answered between chunks. */
function fill(engine) {
  clearTimeout(timer);
  if (ring === null) return;
  const ahead = song.at - ring.base - ring.framesPlayed;
  const full = ahead > AHEAD - MAX_FRAMES;
  if (full && !ring.playing) return;
  if (!full && !renderChunk(engine)) return;
  timer = setTimeout(fill, full ? FULL_POLL_MS : 0, engine);
}

/** @returns {boolean} whether the song goes on */
function renderChunk(engine) {
  try {
    const at = song.at - ring.base;
    const frames = song.render();
    ring.write(frames, at);
    listen(frames);
    for (let voice = 0; voice < voices; voice++) ring.writeWave(voice, engine.wave(voice), at);
    return true;
  } catch (error) {
    ring = song = null;
    if (error instanceof SidError) report({ stream, failed: error.message });
    else reportFatal(error);
    return false;
  }
}

/** Tell once where the song fell silent, in seconds since its beginning. */
function listen(frames) {
  silence?.add(frames);
  const end = silence?.end ?? null;
  if (end === null) return;
  silence = null;
  report({ stream, end: ring.base / SAMPLE_RATE + end });
}
