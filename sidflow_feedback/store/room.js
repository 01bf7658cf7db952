/** Room on the disk: what happens when there is none. */

import { freeSpace } from "./event-rows.js";

/** @typedef {import("./schema.js").Transaction<"readwrite">} Transaction */

/** Milliseconds between two removals: browsers free the space with a delay, and that must not cost more rows. */
const PAUSE = 60_000;

/** @typedef {(transaction: Transaction) => Promise<unknown>} Work */

/** Makes room for what is written through it. */
export class Room {
  #run;
  #made = Number.NEGATIVE_INFINITY;
  /** Whether something could be written since. */
  #hasHelped = true;
  /** Rows removed since the last report of removals. */
  #pruned = 0;

  /** @param {(work: Work) => Promise<string>} run  runs a transaction, and returns its result as JSON */
  constructor(run) {
    this.#run = run;
  }

  /**
   * Write. When the disk is full, remove some plays and try once more. If that didn't help, more of it wouldn't: no more
   * are removed until something could be written again.
   * @param {Work} work  whose result is a report
   * @returns {Promise<string>} JSON: the report, with the number of plays that were removed
   */
  async write(work) {
    try {
      return await this.#report(work);
    } catch (error) {
      const mayHelp = this.#hasHelped && performance.now() >= this.#made + PAUSE;
      if (error.name !== "QuotaExceededError" || !mayHelp) throw error;
      const pruned = Number(await this.#run(freeSpace));
      if (pruned === 0) throw error;
      this.#made = performance.now();
      this.#hasHelped = false;
      this.#pruned += pruned;
      return this.#report(work);
    }
  }

  /** @param {Work} work */
  async #report(work) {
    const report = { ...JSON.parse(await this.#run(work)), pruned: this.#pruned };
    this.#pruned = 0;
    this.#hasHelped = true;
    return JSON.stringify(report);
  }
}
