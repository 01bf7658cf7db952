/** What the worker reports to the page unasked, not too often. */

import { notify } from "../worker-client.js";

/** @typedef {"changed" | "progress" | "problem" | "analyzed" | "analyzing" | "fresh" | "playlists"} ReportKind */

/** Shortest time between two reports of the same kind, so that the page stays responsive. */
export const REPORT_INTERVAL_MS = 300;

export class Reports {
  /**
   * Time of the last report, by kind.
   * @type {Map<ReportKind, number>}
   */
  #last = new Map();

  /**
   * Reports that wait for their interval, by kind.
   * @type {Map<ReportKind, {timer: ReturnType<typeof setTimeout>, value: object}>}
   */
  #pending = new Map();

  /**
   * @param {ReportKind} kind
   * @param {object} value
   */
  send(kind, value = {}) {
    this.cancel(kind);
    this.#last.set(kind, performance.now());
    notify({ kind, value });
  }

  /**
   * Report at most once per interval; of the reports that come too soon, only the last is sent.
   * @param {ReportKind} kind
   * @param {object} value
   * @param {number} interval  in milliseconds
   */
  sendThrottled(kind, value = {}, interval = REPORT_INTERVAL_MS) {
    const delay = interval - performance.now() + (this.#last.get(kind) ?? -interval);
    const timer =
      this.#pending.get(kind)?.timer ??
      setTimeout(() => this.send(kind, this.#pending.get(kind)?.value), delay);
    this.#pending.set(kind, { timer, value });
  }

  /** @param {ReportKind} kind  of which nothing is reported that waits */
  cancel(kind) {
    clearTimeout(this.#pending.get(kind)?.timer);
    this.#pending.delete(kind);
  }
}
