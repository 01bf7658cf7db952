/** Worker that renders the playing song into its ring, ahead of the audio worklet. */

import { notify, reportFailure, serve } from "../worker-client.js";
import { isCrash, MAX_FRAMES, SidEmulator } from "./emulator.js";
import { soundFor } from "./filter-curves.js";
import { AHEAD, Ring, SAMPLE_RATE } from "./ring.js";
import { SilenceDetector } from "./silence.js";
import { Song } from "./song.js";
import { storedRoms } from "./stored-roms.js";

/** @typedef {import("./renderer.js").Target} Target */
/** @typedef {Target & {song: number}} Start  song: 1-based; 0: the tune's start song */

const FULL_POLL_MS = 200;

/** How often a seek checks for messages, since a newer one replaces it. */
const YIELD_MS = 30;

const emulatorReady = SidEmulator.fetch(self.name);
emulatorReady.catch(() => {}); // reported to the caller of `load`

/** @type {Song | null} null: no song was started */
let song = null;
/** @type {Ring | null} the ring that is being filled */
let ring = null;
let stream = 0;
/** @type {SilenceDetector | null} null: it has found the end of the song, or a voice is muted */
let silence = null;
let voices = 0;
/**
 * The newest that the page wants: it can change on the way to the start of a song.
 * @type {import("./renderer.js").Mix}
 */
let wanted = { muted: 0, width: 0 };
/** @type {import("./emulator.js").SoundOptions | null} in use */
let sound = null;
const meanFrames = new Float32Array(MAX_FRAMES);
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

serve(
  {
    /** @param {Start & {bytes: Uint8Array}} request */
    async load({ bytes, ...start }) {
      wanted = start.settings;
      const emulator = await emulatorReady;
      [ring, song, stream] = [null, null, start.stream];
      const roms = await storedRoms();
      if (stream !== start.stream) return emulator.info(); // a newer request has replaced this one
      emulator.useRoms(roms);
      emulator.load(bytes);
      return begin(emulator, start);
    },

    /** @param {Start} start */
    async song(start) {
      wanted = start.settings;
      return begin(await emulatorReady, start);
    },

    /**
     * Go to a position in the current song; with `restart`, start it again so that new settings apply.
     * @param {Start & {restart: boolean}} request
     */
    async seek({ restart, ...start }) {
      wanted = start.settings;
      const emulator = await emulatorReady;
      if (restart || song === null) return begin(emulator, start);
      ring = null;
      if (song.at > new Ring(start.ring).base) song.back(new Ring(start.ring).base);
      return go(emulator, song, start);
    },

    /**
     * Mute or unmute voices, or spread chips, also in the frames that were rendered ahead.
     * @param {import("./renderer.js").Mix} mix
     */
    async mix(mix) {
      wanted = mix;
      const emulator = await emulatorReady;
      if (ring !== null) song?.back(ring.base + ring.framesPlayed);
      applyMix(emulator);
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

/**
 * @param {SidEmulator} emulator
 * @param {Start} start
 */
function begin(emulator, start) {
  [ring, song, stream] = [null, null, start.stream];
  sound = soundFor(start.settings.sound, emulator.info().author);
  emulator.override({ ...start.settings, sound });
  emulator.showScope(true);
  const started = new Song(emulator);
  started.start(start.song);
  song = started;
  return go(emulator, started, start);
}

/**
 * Bring a song to the start of the ring, then fill the ring.
 * @param {SidEmulator} emulator
 * @param {Song} current
 * @param {Target} target
 */
async function go(emulator, current, target) {
  stream = target.stream;
  applyMix(emulator);
  const next = new Ring(target.ring);
  await approach(current, next, target.stream);
  if (stream === target.stream) {
    voices = 3 * emulator.info().chips;
    ring = next;
    silence = wanted.muted === 0 ? new SilenceDetector(SAMPLE_RATE) : null;
    fill(emulator);
  }
  return { ...emulator.info(), sound };
}

/** @param {SidEmulator} emulator */
function applyMix(emulator) {
  emulator.mute(wanted.muted);
  emulator.spread(wanted.width);
}

/**
 * @param {Song} current
 * @param {Ring} next
 * @param {number} requested  the stream; another one replaces it
 */
async function approach(current, next, requested) {
  const [from, distance] = [current.at, next.base - current.at];
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

/**
 * Render one chunk, then return to the event loop, so that messages are answered between chunks.
 * @param {SidEmulator} emulator
 */
function fill(emulator) {
  clearTimeout(timer);
  if (ring === null || song === null) return;
  const ahead = song.at - ring.base - ring.framesPlayed;
  const full = ahead > AHEAD - MAX_FRAMES;
  if (full && !ring.playing) return;
  if (!full && !renderChunk(emulator, song, ring)) return;
  timer = setTimeout(fill, full ? FULL_POLL_MS : 0, emulator);
}

/**
 * @param {SidEmulator} emulator
 * @param {Song} current
 * @param {Ring} target
 * @returns {boolean} whether the song continues
 */
function renderChunk(emulator, current, target) {
  try {
    const at = current.at - target.base;
    const { left, right } = current.render();
    detectEnd(right === null ? left : meanOf(left, right), target.base);
    target.write(left, at, right);
    for (let voice = 0; voice < voices; voice++) target.writeWave(voice, emulator.wave(voice), at);
    return true;
  } catch (error) {
    ring = song = null;
    if (isCrash(error)) reportFailure(error);
    else notify({ stream, problem: error.message });
    return false;
  }
}

/**
 * @param {Float32Array} left
 * @param {Float32Array} right
 * @returns {Float32Array} a view that the next call overwrites
 */
function meanOf(left, right) {
  const mean = meanFrames.subarray(0, left.length);
  for (let i = 0; i < mean.length; i++) mean[i] = (left[i] + right[i]) / 2;
  return mean;
}

/**
 * Report once where the song fell silent, in seconds from its start.
 * @param {Float32Array} frames
 * @param {number} base  the ring's
 */
function detectEnd(frames, base) {
  silence?.add(frames);
  const end = silence?.end ?? null;
  if (end === null) return;
  silence = null;
  notify({ stream, end: base / SAMPLE_RATE + end });
}
