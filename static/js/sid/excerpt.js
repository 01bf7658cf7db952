/** Excerpts of tunes as PCM, for audio features. Works on a page and inside a worker (also Pyodide's). */

import { toBytes } from "./bytes.js";
import { SAMPLE_RATE } from "./ring.js";
import { WorkerClient } from "./rpc.js";

const SID_ENGINE = new URL("../../vendor/sid/sid.wasm", import.meta.url).href;

/** Longest excerpt in seconds: 10 minutes of mono floats are about 100 MB. */
const MAX_SECONDS = 600;

export class ExcerptRenderer {
  #worker;

  /** @param {string} wasmUrl */
  constructor(wasmUrl) {
    this.#worker = new WorkerClient(new URL("./excerpt-worker.js", import.meta.url), wasmUrl);
  }

  /**
   * Render the beginning of a song. Calls queue up; each answers on its own.
   *
   * @param {ArrayBuffer|ArrayBufferView} bytes of a .sid file; stays the caller's
   * @param {{seconds: number, song?: number, sampleRate?: number}} options
   *   seconds: (0, 600]; song: 1-based, 0 is the tune's start song; sampleRate: Hz
   * @returns {Promise<Float32Array>} mono, [-1, 1], exactly round(seconds * sampleRate) frames
   */
  async render(bytes, { seconds, song = 0, sampleRate = SAMPLE_RATE }) {
    if (!(seconds > 0 && seconds <= MAX_SECONDS)) {
      throw new Error(
        `An excerpt of ${seconds} s cannot be rendered: ask for more than 0 and at most ${MAX_SECONDS} s.`,
      );
    }
    return this.#worker.call("excerpt", { bytes: toBytes(bytes), seconds, song, sampleRate });
  }

  /** End the worker. A later `render` starts it again. */
  close() {
    this.#worker.close("The excerpt was given up: its renderer was closed.");
  }
}

/**
 * @param {{wasmUrl?: string}} options
 * @returns {ExcerptRenderer}
 */
export function createExcerptRenderer({ wasmUrl = SID_ENGINE } = {}) {
  return new ExcerptRenderer(wasmUrl);
}
