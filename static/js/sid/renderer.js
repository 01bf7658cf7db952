/** The page's handle on the render worker: one ring for each start of a song, the newest one counts. */

import { toBytes } from "./bytes.js";
import { Ring, SAMPLE_RATE } from "./ring.js";
import { WorkerClient } from "./rpc.js";

/** A file that keeps the engine this long is given up. */
const LOAD_TIMEOUT_MS = 15_000;

const SILENCE = { framesPlayed: 0, underruns: 0, levels: { peak: 0, rms: 0 } };

export class Renderer {
  #worker;
  #onRing;
  #onFailed;
  /** @type {Ring|null} */
  #ring = null;
  #stream = 0;
  #earlier = { framesPlayed: 0, underruns: 0 };

  /**
   * @param {string} wasmUrl
   * @param {(ring: Ring) => void} onRing a new song is on its way in this ring
   * @param {(message: string, lost: boolean) => void} onFailed what was started stopped with an error;
   *   lost: the worker died, so no tune is loaded any more
   */
  constructor(wasmUrl, onRing, onFailed) {
    const url = new URL("./render-worker.js", import.meta.url);
    this.#worker = new WorkerClient(url, wasmUrl, (event) => this.#hear(event));
    this.#onRing = onRing;
    this.#onFailed = onFailed;
  }

  /**
   * Load a tune and render the beginning of one of its songs. Supersedes whatever was started before.
   *
   * @param {ArrayBuffer|ArrayBufferView} bytes
   * @param {number} song 1-based; 0 is the tune's start song
   * @returns {Promise<import("./engine.js").TuneInfo>} rejects with an AbortError when superseded
   */
  async load(bytes, song) {
    this.#nextRing();
    return this.#start("load", { bytes: toBytes(bytes), song });
  }

  /** Start a song of the loaded tune from its beginning; otherwise like `load`. */
  async restart(song) {
    this.#nextRing();
    return this.#start("song", { song });
  }

  /** Let the newest ring be heard, or not. */
  setPlaying(on) {
    if (this.#ring === null || this.#ring.playing === on) return;
    this.#ring.playing = on;
    if (on) this.#worker.call("wake", {}).catch(() => {}); // a death is reported once, by #hear
  }

  /** Seconds of the newest ring that were heard. */
  get position() {
    return (this.#ring ?? SILENCE).framesPlayed / SAMPLE_RATE;
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

  #nextRing() {
    this.#retire();
    this.#ring = new Ring();
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

  async #start(command, args) {
    const stream = this.#stream;
    const place = { stream, ring: this.#ring.buffer };
    const outcome = await this.#worker.call(command, { ...args, ...place }, LOAD_TIMEOUT_MS).then(
      (info) => ({ info }),
      (error) => ({ error }),
    );
    if (stream !== this.#stream) throw new DOMException("A newer tune or song was asked for.", "AbortError");
    if (outcome.error !== undefined) throw outcome.error;
    return outcome.info;
  }

  #hear({ stream, failed, died }) {
    if (died !== undefined) this.#onFailed(died, true);
    else if (stream === this.#stream) this.#onFailed(failed, false);
  }
}
