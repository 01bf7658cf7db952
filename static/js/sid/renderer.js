/** The page's handle on the render worker: one ring for each start of a song, the newest one counts. */

import { toBytes } from "./bytes.js";
import { Ring, SAMPLE_RATE } from "./ring.js";
import { WorkerClient } from "./rpc.js";

/** A file that keeps the engine this long is given up. */
const LOAD_TIMEOUT_MS = 15_000;

const SILENCE = { base: 0, framesPlayed: 0, underruns: 0, levels: { peak: 0, rms: 0 } };

export class Renderer {
  #worker;
  #onRing;
  #onFailed;
  #onEnd;
  /** @type {Ring|null} */
  #ring = null;
  #stream = 0;
  #earlier = { framesPlayed: 0, underruns: 0 };
  #settings = { muted: 0, clock: undefined, chips: [] };

  /**
   * @param {string} wasmUrl
   * @param {(ring: Ring) => void} onRing a new song is on its way in this ring
   * @param {(message: string, lost: boolean) => void} onFailed what was started stopped with an error;
   *   lost: the worker died, so no tune is loaded any more
   * @param {(seconds: number) => void} onEnd the song falls silent for good here, as what is rendered ahead tells
   */
  constructor(wasmUrl, onRing, onFailed, onEnd) {
    const url = new URL("./render-worker.js", import.meta.url);
    this.#worker = new WorkerClient(url, wasmUrl, (event) => this.#hear(event));
    this.#onRing = onRing;
    this.#onFailed = onFailed;
    this.#onEnd = onEnd;
  }

  /**
   * Load a tune and render the beginning of one of its songs. Supersedes whatever was started before.
   *
   * @param {ArrayBuffer|ArrayBufferView} bytes
   * @param {number} song 1-based; 0 is the tune's start song
   * @returns {Promise<import("./engine.js").TuneInfo>} rejects with an AbortError when superseded
   */
  async load(bytes, song) {
    this.#nextRing(0);
    return this.#start("load", { bytes: toBytes(bytes), song }, LOAD_TIMEOUT_MS);
  }

  /** Start a song of the loaded tune from its beginning; otherwise like `load`. */
  async restart(song) {
    this.#nextRing(0);
    return this.#start("song", { song }, LOAD_TIMEOUT_MS);
  }

  /**
   * Go to a place in the song that was started last; otherwise like `load`.
   *
   * @param {number} song that one
   * @param {number} seconds
   * @param {boolean} [anew] start it again on the way, so that new overrides hold
   */
  async seek(song, seconds, anew = false) {
    this.#nextRing(Math.round(seconds * SAMPLE_RATE));
    return this.#start("seek", { song, anew });
  }

  /** @param {number} muted bit 3c + v silences voice v of chip c, also in what was rendered already */
  mute(muted) {
    this.#settings.muted = muted;
    if (this.#ring !== null) this.#worker.call("mute", { muted }).catch(() => {}); // a death is reported by #hear
  }

  /** Override the header's clock and chips as `SidEngine.override` does, from the next start on. */
  override(clock, chips) {
    Object.assign(this.#settings, { clock, chips });
  }

  /** Let the newest ring be heard, or not. */
  setPlaying(on) {
    if (this.#ring === null || this.#ring.playing === on) return;
    this.#ring.playing = on;
    if (on) this.#worker.call("wake", {}).catch(() => {}); // a death is reported once, by #hear
  }

  /** Seconds from the beginning of the song to what is heard. */
  get position() {
    const { base, framesPlayed } = this.#ring ?? SILENCE;
    return (base + framesPlayed) / SAMPLE_RATE;
  }

  /** How much is done of a seek, in [0, 1]; 1 when none is under way. */
  get progress() {
    return this.#ring?.progress ?? 1;
  }

  /** As `Ring.readWave`; false when there is nothing to show. */
  readWave(voice, target, latency) {
    this.#ring?.readWave(voice, target, Math.round(latency * SAMPLE_RATE));
    return this.#ring !== null;
  }

  /** Frames and underruns over all rings, levels of the newest. */
  stats() {
    const { framesPlayed, underruns, levels } = this.#ring ?? SILENCE;
    return {
      framesPlayed: this.#earlier.framesPlayed + framesPlayed,
      underruns: this.#earlier.underruns + underruns,
      ...levels,
    };
  }

  /** End the worker; the next `load` starts it again. */
  close() {
    this.#retire();
    this.#worker.close();
  }

  #nextRing(base) {
    this.#retire();
    this.#ring = new Ring();
    this.#ring.base = base;
    this.#ring.progress = base === 0 ? 1 : 0;
    this.#onRing(this.#ring);
  }

  /** Silence the ring of now and give up what is under way for it. */
  #retire() {
    this.#stream += 1;
    if (this.#ring === null) return;
    this.#ring.playing = false;
    this.#earlier.framesPlayed += this.#ring.framesPlayed;
    this.#earlier.underruns += this.#ring.underruns;
    this.#ring = null;
  }

  async #start(command, args, timeoutMs) {
    const stream = this.#stream;
    const place = { stream, ring: this.#ring.buffer, settings: this.#settings };
    const outcome = await this.#worker.call(command, { ...args, ...place }, timeoutMs).then(
      (info) => ({ info }),
      (error) => ({ error }),
    );
    if (stream !== this.#stream) throw new DOMException("A newer tune or song was asked for.", "AbortError");
    if (outcome.error !== undefined) throw outcome.error;
    return outcome.info;
  }

  #hear({ stream, failed, died, end }) {
    if (died !== undefined) this.#onFailed(died, true);
    else if (stream !== this.#stream) return;
    else if (end !== undefined) this.#onEnd(end);
    else this.#onFailed(failed, false);
  }
}
