/** Analyzes the start songs of all tunes that aren't analyzed yet, on all cores, until the listener stops it. */

import { WorkerClient } from "../worker-client.js";

/** @typedef {import("./song-analysis.js").SongAnalysis} SongAnalysis */
/** @typedef {import("./tune-index.js").IndexedTune} IndexedTune */

/**
 * @typedef {object} Source
 * @property {(limit: number, except: Set<IndexedTune>) => IndexedTune[]} next  tunes to analyze, but for some
 * @property {(tune: IndexedTune) => Promise<ArrayBuffer>} read
 * @property {(tune: IndexedTune) => (number | null)[]} lengths  seconds of its songs, null where unknown
 * @property {(tune: IndexedTune, found: SongAnalysis) => Promise<unknown>} save
 */

/**
 * @typedef {object} FullAnalysisState
 * @property {boolean} running
 * @property {number} analyzed  songs since it was started
 * @property {number} perSecond  songs
 * @property {number} skipped  tunes that couldn't be read or analyzed now
 * @property {string} problem  why it stopped, or why the last tune was skipped; empty if there was none
 */

/** Each worker's Python takes about 100 MB. */
const MAX_WORKERS = 8;

/** Tunes that are looked for at a time. */
const BATCH = 100;

/** A worker that hasn't answered by then hangs. The slowest songs take a second on a fast machine. */
const PATIENCE_MS = 180_000;

/** If so many analyses fail one after the other, in each worker, it isn't because of the tunes. */
const MAX_FAILURES = 5;

const describeFailure = (/** @type {string} */ reason) =>
  `The worker that analyzes tunes stopped (${reason}).`;

export class FullAnalysis {
  #source;
  #report;
  /** @type {WorkerClient[]} */
  #workers = [];
  /** @type {IndexedTune[]} */
  #upcoming = [];
  /** @type {Set<IndexedTune>} */
  #tried = new Set();
  #failures = 0;
  #analyzed = 0;
  #since = 0;
  #skipped = 0;
  #problem = "";
  #defaultLength = 0;

  /**
   * @param {Source} source
   * @param {() => void} report  called when the state has changed
   */
  constructor(source, report) {
    this.#source = source;
    this.#report = report;
  }

  /** @returns {FullAnalysisState} */
  get state() {
    const seconds = (performance.now() - this.#since) / 1000;
    return {
      running: this.#workers.length > 0,
      analyzed: this.#analyzed,
      perSecond: this.#analyzed > 1 ? (this.#analyzed - 1) / seconds : 0, // The first one waits for Python.
      skipped: this.#skipped,
      problem: this.#problem,
    };
  }

  /**
   * Analyze until `stop`, or until everything is analyzed.
   * @param {number} defaultLength  in seconds, of songs whose length is unknown
   */
  async run(defaultLength) {
    if (this.#workers.length) return;
    this.#tried.clear();
    this.#failures = this.#analyzed = this.#skipped = 0;
    this.#problem = "";
    this.#defaultLength = defaultLength;
    const url = new URL("./analysis-worker.js", import.meta.url);
    const count = Math.min(MAX_WORKERS, navigator.hardwareConcurrency);
    const workers = Array.from({ length: count }, () => new WorkerClient(url, { describeFailure }));
    this.#workers = workers;
    this.#report();
    await Promise.all(workers.map((worker) => this.#employ(worker)));
    if (workers === this.#workers) this.stop();
  }

  /** Stop at once. What was analyzed is saved. */
  stop() {
    const workers = this.#workers;
    this.#workers = [];
    this.#upcoming = [];
    for (const worker of workers) worker.close();
    this.#report();
  }

  /** @param {WorkerClient} worker */
  async #employ(worker) {
    while (this.#workers.includes(worker) && this.#failures < MAX_FAILURES * this.#workers.length) {
      const tune = this.#take();
      if (!tune) return;
      await this.#source.read(tune).then(
        (bytes) => this.#analyze(worker, tune, bytes),
        ({ message }) => this.#skip(worker, message),
      );
      if (this.#workers.includes(worker)) this.#report();
    }
  }

  #take() {
    if (!this.#upcoming.length) this.#upcoming = this.#source.next(BATCH, this.#tried);
    const tune = this.#upcoming.shift();
    if (tune) this.#tried.add(tune);
    return tune;
  }

  /**
   * @param {WorkerClient} worker
   * @param {IndexedTune} tune
   * @param {ArrayBuffer} bytes
   */
  async #analyze(worker, tune, bytes) {
    if (!this.#workers.includes(worker)) return; // The call would start a worker that nobody ends.
    const { lengths, save } = this.#source;
    const song = tune.startSong;
    const question = { bytes, song, duration: lengths(tune)[song - 1] || this.#defaultLength };
    try {
      await save(tune, await worker.call("analyze", question, PATIENCE_MS));
      this.#failures = 0;
      this.#analyzed += 1;
      if (this.#analyzed === 1) this.#since = performance.now();
    } catch ({ message }) {
      if (this.#workers.includes(worker)) this.#failures += 1;
      this.#skip(worker, message);
    }
  }

  /**
   * @param {WorkerClient} worker
   * @param {string} problem
   */
  #skip(worker, problem) {
    if (!this.#workers.includes(worker)) return; // The listener has stopped it.
    this.#skipped += 1;
    this.#problem = problem;
  }
}
