/** Files that the listener has chosen: they are indexed while they arrive from the page. */

import { joinEntries } from "./two-files.js";

/** @typedef {import("./reading.js").Entry} Entry */
/** @typedef {{path: string, file: File}} ChosenFile  path: below the folder */

/** Files that may be one of the two of a tune, which can arrive apart. */
const IN_TWO = /\.(mus|str)$/i;

export class Choice {
  /** @type {Entry[]} */
  #arrived = [];
  /** @type {Entry[]} */
  #inTwo = [];
  #wake = () => {};
  received = 0;

  /** @param {number} total  number of the files */
  constructor(total) {
    this.total = total;
    this.ended = total === 0;
  }

  /** @param {ChosenFile[]} files */
  add(files) {
    for (const { path, file } of files) {
      const entries = IN_TWO.test(path) ? this.#inTwo : this.#arrived;
      entries.push({ path, open: async () => file });
    }
    this.received += files.length;
    if (this.received >= this.total) this.ended = true;
    this.#wake();
  }

  /** Wait for no more files. */
  end() {
    this.ended = true;
    this.#wake();
  }

  /** @returns {AsyncGenerator<Entry>} */
  async *entries() {
    for (;;) {
      const entries = this.#arrived;
      this.#arrived = [];
      yield* entries;
      if (this.#arrived.length) continue;
      if (this.ended) break;
      await new Promise((resolve) => {
        this.#wake = () => resolve(undefined);
      });
    }
    yield* joinEntries(this.#inTwo);
  }
}
