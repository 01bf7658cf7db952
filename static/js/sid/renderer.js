/** The page's client of the render worker: each start of a song gets a ring of its own, and only the newest plays. */

import { createSidClient, toBytes } from "./client.js";
import { Ring, SAMPLE_RATE } from "./ring.js";

/** Time limit for loading a file and starting a song: far from what a slow machine needs, with the emulator's start. */
const LOAD_TIMEOUT_MS = 60_000;

/**
 * What applies at once, without a restart.
 * @typedef {object} Mix
 * @property {number} muted  as of `Renderer.mute`
 * @property {number} width  as of `Renderer.spread`
 */

/**
 * @typedef {object} Overrides
 * @property {"PAL" | "NTSC" | ""} clock
 * @property {(0 | 6581 | 8580)[]} chips
 * @property {import("./filter-curves.js").SoundWish} sound
 */

/** @typedef {Mix & Overrides} Settings */

/** @typedef {{stream: number, ring: SharedArrayBuffer, settings: Settings}} Target  where a song is rendered */
/** @typedef {{stream: number, end?: number, problem?: string}} RenderEvent  about the song of a stream */

const SILENCE = { base: 0, framesPlayed: 0, underruns: 0, levels: { peak: 0, rms: 0 } };

export class Renderer {
  #worker;
  #onRing;
  #onProblem;
  #onEnd;
  /** @type {Ring | null} */
  #ring = null;
  #stream = 0;
  #retired = { framesPlayed: 0, underruns: 0 };
  /** @type {Settings} */
  #settings = {
    muted: 0,
    width: 0,
    clock: "",
    chips: [],
    sound: { filterCurve: null, digiBoost: false, combined: "average" },
  };

  /**
   * @param {string} wasmUrl
   * @param {(ring: Ring) => void} onRing  a new song will be in this ring
   * @param {(message: string, lost: boolean) => void} onProblem  the song stopped with an error; lost: the worker
   *   failed, so no tune is loaded
   * @param {(seconds: number) => void} onEnd  the song falls silent for good at this position
   */
  constructor(wasmUrl, onRing, onProblem, onEnd) {
    this.#worker = createSidClient(new URL("./render-worker.js", import.meta.url), wasmUrl, {
      onEvent: (event) => this.#receive(event),
      onFailure: (message) => onProblem(message, true),
    });
    this.#onRing = onRing;
    this.#onProblem = onProblem;
    this.#onEnd = onEnd;
  }

  /**
   * Load a tune and start one of its songs. Replaces any earlier request.
   * @param {ArrayBuffer | ArrayBufferView} bytes
   * @param {number} song  1-based; 0: the tune's start song
   * @returns {Promise<import("./emulator.js").TuneInfo>} rejects with an AbortError if a newer request replaces it
   */
  async load(bytes, song) {
    const ring = this.#nextRing(0);
    return this.#start(ring, "load", { bytes: toBytes(bytes), song }, LOAD_TIMEOUT_MS);
  }

  /**
   * Start a song of the loaded tune from its beginning; otherwise like `load`.
   * @param {number} song
   */
  async restart(song) {
    const ring = this.#nextRing(0);
    return this.#start(ring, "song", { song }, LOAD_TIMEOUT_MS);
  }

  /**
   * Go to a position in the current song; otherwise like `load`.
   * @param {number} song  the current song
   * @param {number} seconds
   * @param {boolean} [restart]  start the song again first, so that new overrides apply
   */
  async seek(song, seconds, restart = false) {
    const ring = this.#nextRing(Math.round(seconds * SAMPLE_RATE));
    return this.#start(ring, "seek", { song, restart });
  }

  /** @param {number} muted  bit 3c + v mutes voice v of chip c, also in the frames that were rendered ahead */
  mute(muted) {
    this.#settings.muted = muted;
    this.#mix();
  }

  /** @param {number} width  how far apart several chips are heard, 0 (mono) to 100 */
  spread(width) {
    if (width === this.#settings.width) return;
    this.#settings.width = width;
    this.#mix();
  }

  /**
   * Override the header's clock and chips, and their sound, from the next start on, as `SidEmulator.override` does.
   * @param {Overrides} overrides
   */
  override(overrides) {
    Object.assign(this.#settings, overrides);
  }

  /**
   * Play or pause the newest ring.
   * @param {boolean} on
   */
  setPlaying(on) {
    if (this.#ring === null || this.#ring.playing === on) return;
    this.#ring.playing = on;
    if (on) this.#worker.call("wake", {}).catch(() => {}); // reported by onFailure
  }

  /** @returns {Settings} a copy */
  get settings() {
    return structuredClone(this.#settings);
  }

  /** Playback position in seconds from the start of the song. */
  get position() {
    const { base, framesPlayed } = this.#ring ?? SILENCE;
    return (base + framesPlayed) / SAMPLE_RATE;
  }

  /** Progress of a seek in [0, 1]; 1 if there is none. */
  get progress() {
    return this.#ring?.progress ?? 1;
  }

  /**
   * As `Ring.readWave`.
   * @param {number} voice
   * @param {Int8Array} target
   * @param {number} latency  seconds
   * @returns {boolean} whether anything is loaded
   */
  readWave(voice, target, latency) {
    this.#ring?.readWave(voice, target, Math.round(latency * SAMPLE_RATE));
    return this.#ring !== null;
  }

  /** Frames and underruns of all rings, levels of the newest. */
  stats() {
    const { framesPlayed, underruns, levels } = this.#ring ?? SILENCE;
    return {
      framesPlayed: this.#retired.framesPlayed + framesPlayed,
      underruns: this.#retired.underruns + underruns,
      ...levels,
    };
  }

  /** End the worker; the next `load` starts it again. */
  close() {
    this.#retire();
    this.#worker.close();
  }

  #mix() {
    const { muted, width } = this.#settings;
    // A failure is reported by onFailure.
    if (this.#ring !== null) this.#worker.call("mix", { muted, width }).catch(() => {});
  }

  /** @param {number} base  frame of the song */
  #nextRing(base) {
    this.#retire();
    const ring = new Ring();
    ring.base = base;
    ring.progress = base === 0 ? 1 : 0;
    this.#ring = ring;
    this.#onRing(ring);
    return ring;
  }

  /** Stop the current ring and drop the requests for it. */
  #retire() {
    this.#stream += 1;
    if (this.#ring === null) return;
    this.#ring.playing = false;
    this.#retired.framesPlayed += this.#ring.framesPlayed;
    this.#retired.underruns += this.#ring.underruns;
    this.#ring = null;
  }

  /**
   * @param {Ring} ring
   * @param {"load" | "song" | "seek"} method  of the worker
   * @param {object} args
   * @param {number} [timeoutMs]
   * @returns {Promise<import("./emulator.js").TuneInfo>}
   */
  async #start(ring, method, args, timeoutMs) {
    const stream = this.#stream;
    /** @type {Target} */
    const target = { stream, ring: ring.buffer, settings: this.#settings };
    const outcome = await this.#worker.call(method, { ...args, ...target }, timeoutMs).then(
      (info) => ({ info, error: undefined }),
      (error) => ({ info: undefined, error }),
    );
    if (stream !== this.#stream) throw new DOMException("A newer request replaced this one.", "AbortError");
    if (outcome.error !== undefined) throw outcome.error;
    return outcome.info;
  }

  /** @param {RenderEvent} event */
  #receive({ stream, problem = "", end }) {
    if (stream !== this.#stream) return;
    if (end !== undefined) this.#onEnd(end);
    else this.#onProblem(problem, false);
  }
}
