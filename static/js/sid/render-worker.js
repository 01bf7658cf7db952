/** Worker that renders the playing song into its ring, ahead of the audio worklet. */

import { notify, reportFailure, serve } from "../worker-client.js";
import { isCrash, MAX_FRAMES, SidEmulator } from "./emulator.js";
import { AHEAD, Ring, SAMPLE_RATE } from "./ring.js";
import { SilenceDetector } from "./silence.js";
import { Song } from "./song.js";

const FULL_POLL_MS = 200;

/** How often a seek checks for messages, since a newer one replaces it. */
const YIELD_MS = 30;

const emulatorReady = SidEmulator.fetch(globalThis.name);
emulatorReady.catch(() => {}); // reported to the caller of `load`

/** @type {Song | null} null: no song was started */
let song = null;
/** @type {Ring | null} the ring that is being filled */
let ring = null;
let stream = 0;
/** @type {SilenceDetector | null} null: it has found the end of the song, or a voice is muted */
let silence = null;
let voices = 0;
let timer;

serve(
  {
    async load({ bytes, ...start }) {
      const emulator = await emulatorReady;
      [ring, song, stream] = [null, null, start.stream];
      emulator.override(start.settings);
      emulator.load(bytes);
      return begin(emulator, start);
    },

    async song(start) {
      return begin(await emulatorReady, start);
    },

    /** Go to a position in the current song; with `restart`, start it again so that new settings apply. */
    async seek({ restart, ...start }) {
      const emulator = await emulatorReady;
      if (restart || song === null) return begin(emulator, start);
      ring = null;
      if (song.at > new Ring(start.ring).base) song.back(new Ring(start.ring).base);
      return go(emulator, start);
    },

    /** Mute or unmute voices, also in the frames that were rendered ahead. */
    async mute({ muted }) {
      const emulator = await emulatorReady;
      if (ring !== null) song.back(ring.base + ring.framesPlayed);
      emulator.mute(muted);
      silence = null;
      fill(emulator);
    },

    /** Resume filling: the ring plays again. */
    async wake() {
      fill(await emulatorReady);
    },
  },
  isCrash,
);

function begin(emulator, start) {
  [ring, song, stream] = [null, null, start.stream];
  emulator.override(start.settings);
  emulator.showScope(true);
  const started = new Song(emulator);
  started.start(start.song);
  song = started;
  return go(emulator, start);
}

/** Bring the song to the start of the ring, then fill the ring. */
async function go(emulator, start) {
  stream = start.stream;
  emulator.mute(start.settings.muted);
  const next = new Ring(start.ring);
  await approach(next, start.stream);
  if (stream === start.stream) {
    voices = 3 * emulator.info().chips;
    ring = next;
    silence = start.settings.muted === 0 ? new SilenceDetector(SAMPLE_RATE) : null;
    fill(emulator);
  }
  return emulator.info();
}

async function approach(next, requested) {
  const [current, from, distance] = [song, song.at, next.base - song.at];
  while (current.at < next.base) {
    const deadline = performance.now() + YIELD_MS;
    do current.approach(next.base);
    while (current.at < next.base && performance.now() < deadline);
    next.progress = (current.at - from) / distance;
    await new Promise((done) => setTimeout(done));
    if (stream !== requested) return;
  }
  next.progress = 1;
}

/** Render one chunk, then return to the event loop, so that messages are answered between chunks. */
function fill(emulator) {
  clearTimeout(timer);
  if (ring === null) return;
  const ahead = song.at - ring.base - ring.framesPlayed;
  const full = ahead > AHEAD - MAX_FRAMES;
  if (full && !ring.playing) return;
  if (!full && !renderChunk(emulator)) return;
  timer = setTimeout(fill, full ? FULL_POLL_MS : 0, emulator);
}

/** @returns {boolean} whether the song continues */
function renderChunk(emulator) {
  try {
    const at = song.at - ring.base;
    const frames = song.render();
    ring.write(frames, at);
    detectEnd(frames);
    for (let voice = 0; voice < voices; voice++) ring.writeWave(voice, emulator.wave(voice), at);
    return true;
  } catch (error) {
    ring = song = null;
    if (isCrash(error)) reportFailure(error);
    else notify({ stream, problem: error.message });
    return false;
  }
}

/** Report once where the song fell silent, in seconds from its start. */
function detectEnd(frames) {
  silence?.add(frames);
  const end = silence?.end ?? null;
  if (end === null) return;
  silence = null;
  notify({ stream, end: ring.base / SAMPLE_RATE + end });
}
