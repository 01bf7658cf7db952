/**
 * Excerpts of tunes for analysis: PCM, and the register writes. Works on a page and inside a worker, including
 * Pyodide's.
 */

import { createSidClient, toBytes } from "./client.js";
import { WASM_URL } from "./emulator.js";
import { SAMPLE_RATE } from "./ring.js";

/** Length in seconds of the longest excerpt: 10 minutes of mono floats take about 100 MB. */
const MAX_SECONDS = 600;

/**
 * @typedef {object} Progress
 * @property {boolean} done  the excerpt is as long as requested, or the song has ended
 * @property {boolean} hasSound  whether the excerpt has sound yet
 * @property {number | null} end  seconds from the start to where the song falls silent for good
 * @property {string | null} problem  what is wrong with the file; the excerpt has ended then
 * @property {number} busy  milliseconds of the worker's work for this answer, without loading
 */

/**
 * @typedef {object} Content
 * @property {Float32Array} pcm  mono, [-1, 1]
 * @property {Uint8Array} trace  as of `SidEmulator.trace`
 * @property {"PAL" | "NTSC"} clock  of the C64 that made them
 */

export class ExcerptRenderer {
  #worker;
  /** @type {Promise<unknown>} */
  #last = Promise.resolve();

  /** @param {string} wasmUrl */
  constructor(wasmUrl) {
    this.#worker = createSidClient(new URL("./excerpt-worker.js", import.meta.url), wasmUrl);
  }

  /**
   * Start an excerpt from the beginning of a song. An unfinished excerpt is dropped.
   * @param {ArrayBuffer | ArrayBufferView} bytes  a .sid file; not changed
   * @param {object} options
   * @param {number} options.seconds  of sound, (0, 600]
   * @param {number} [options.traceSeconds]  of register writes, if they are to last longer than the sound
   * @param {number} [options.song]  1-based; 0: the tune's start song
   * @param {number} [options.sampleRate]  Hz
   * @returns {Promise<Progress>}
   */
  async begin(bytes, { seconds, traceSeconds = 0, song = 0, sampleRate = SAMPLE_RATE }) {
    if (!(seconds > 0 && seconds <= MAX_SECONDS)) {
      throw new Error(
        `An excerpt can't be ${seconds} s long. Ask for more than 0 and at most ${MAX_SECONDS} s.`,
      );
    }
    return this.#worker.call("begin", { bytes: toBytes(bytes), seconds, traceSeconds, song, sampleRate });
  }

  /**
   * Continue rendering until the time is up or the excerpt is done.
   * @param {number} milliseconds
   * @returns {Promise<Progress>}
   */
  async advance(milliseconds) {
    return this.#worker.call("advance", { milliseconds });
  }

  /** @returns {Promise<Content>} what was rendered */
  async take() {
    return this.#worker.call("take", {});
  }

  /**
   * Render an excerpt in one go; otherwise like `begin`. Calls are queued.
   * @param {ArrayBuffer | ArrayBufferView} bytes
   * @param {{seconds: number, song?: number, sampleRate?: number}} options
   * @returns {Promise<Float32Array>} mono, [-1, 1]; round(seconds * sampleRate) frames, fewer if the song ends
   */
  render(bytes, options) {
    const rendered = this.#last.then(() => this.#renderAll(bytes, options));
    this.#last = rendered.catch(() => {}); // reported to the caller
    return rendered;
  }

  /** End the worker. A later call starts it again. */
  close() {
    this.#worker.close("The excerpt was canceled: its renderer was closed.");
  }

  /**
   * @param {ArrayBuffer | ArrayBufferView} bytes
   * @param {{seconds: number, song?: number, sampleRate?: number}} options
   */
  async #renderAll(bytes, options) {
    let { problem } = await this.begin(bytes, options);
    if (problem === null) ({ problem } = await this.advance(Infinity));
    if (problem !== null) throw new Error(problem);
    return (await this.take()).pcm;
  }
}

/**
 * @param {{wasmUrl?: string}} [options]
 * @returns {ExcerptRenderer}
 */
export function createExcerptRenderer({ wasmUrl = WASM_URL } = {}) {
  return new ExcerptRenderer(wasmUrl);
}
