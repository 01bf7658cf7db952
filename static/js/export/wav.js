/** Renders a song as a WAV file in a worker of its own. */

import { createSidClient, toBytes } from "../sid/client.js";
import { WASM_URL } from "../sid/emulator.js";

export class WavExport {
  #worker;

  /** @param {(progress: number) => void} onProgress  receives the completed part, [0, 1] */
  constructor(onProgress) {
    this.#worker = createSidClient(new URL("./wav-worker.js", import.meta.url), WASM_URL, {
      onEvent: ({ progress }) => onProgress(progress),
    });
  }

  /**
   * @param {ArrayBuffer} bytes  a .sid file
   * @param {number} song  1-based
   * @param {number} seconds
   * @param {import("../sid/renderer.js").Settings} settings
   * @returns {Promise<Blob>} the file; rejects with what is wrong, or if `cancel` was called
   */
  async render(bytes, song, seconds, settings) {
    try {
      const { header, samples } = await this.#worker.call("render", {
        bytes: toBytes(bytes),
        song,
        seconds,
        settings,
      });
      return new Blob([header, samples], { type: "audio/wav" });
    } finally {
      this.cancel();
    }
  }

  cancel() {
    this.#worker.close("Saving was canceled.");
  }
}
