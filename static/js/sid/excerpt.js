/** Excerpts of tunes as PCM, for audio features. Works on a page and inside a worker (also Pyodide's). */

import { toBytes } from "./bytes.js";
import { SAMPLE_RATE } from "./ring.js";
import { WorkerClient } from "./rpc.js";

const SID_ENGINE = new URL("../../vendor/sid/sid.wasm", import.meta.url).href;

/** Longest excerpt in seconds: 10 minutes of mono floats are about 100 MB. */
const MAX_SECONDS = 600;

/**
 * @typedef {object} Progress
 * @property {boolean} done        the excerpt is as long as was asked for, or the song has ended
 * @property {boolean} heard       whether it has sounded yet
 * @property {number|null} end     seconds until the song fell silent for good; see silence.js
 * @property {string|null} problem what is wrong with the file; then there is nothing to go on with
 * @property {number} busy         milliseconds that the worker has worked for this answer; loading is not counted
 */

export class ExcerptRenderer {
  #worker;
  #last = Promise.resolve();

  /** @param {string} wasmUrl */
  constructor(wasmUrl) {
    this.#worker = new WorkerClient(new URL("./excerpt-worker.js", import.meta.url), wasmUrl);
  }

  /**
   * Begin to render a song from its beginning. What was under way is given up.
   *
   * @param {ArrayBuffer|ArrayBufferView} bytes of a .sid file; stays the caller's
   * @param {{seconds: number, song?: number, sampleRate?: number}} options
   *   seconds: (0, 600]; song: 1-based, 0 is the tune's start song; sampleRate: Hz
   * @returns {Promise<Progress>}
   */
  async begin(bytes, { seconds, song = 0, sampleRate = SAMPLE_RATE }) {
    if (!(seconds > 0 && seconds <= MAX_SECONDS)) {
      throw new Error(
        `An excerpt of ${seconds} s cannot be rendered: ask for more than 0 and at most ${MAX_SECONDS} s.`,
      );
    }
    return this.#worker.call("begin", { bytes: toBytes(bytes), seconds, song, sampleRate });
  }

  /**
   * Render on, until so many milliseconds are over or the excerpt is done.
   *
   * @returns {Promise<Progress>}
   */
  async advance(milliseconds) {
    return this.#worker.call("advance", { milliseconds });
  }

  /** @returns {Promise<Float32Array>} what was rendered: mono, [-1, 1] */
  async take() {
    return this.#worker.call("take", {});
  }

  /**
   * Render an excerpt in one go; otherwise like `begin`. Calls queue up; each answers on its own.
   *
   * @returns {Promise<Float32Array>} mono, [-1, 1]; round(seconds * sampleRate) frames, fewer if the song ends
   */
  render(bytes, options) {
    const rendered = this.#last.then(() => this.#renderAll(bytes, options));
    this.#last = rendered.catch(() => {}); // its caller hears of it
    return rendered;
  }

  /** End the worker. A later call starts it again. */
  close() {
    this.#worker.close("The excerpt was given up: its renderer was closed.");
  }

  async #renderAll(bytes, options) {
    let { problem } = await this.begin(bytes, options);
    if (problem === null) ({ problem } = await this.advance(Infinity));
    if (problem !== null) throw new Error(problem);
    return this.take();
  }
}

/**
 * @param {{wasmUrl?: string}} options
 * @returns {ExcerptRenderer}
 */
export function createExcerptRenderer({ wasmUrl = SID_ENGINE } = {}) {
  return new ExcerptRenderer(wasmUrl);
}
