/**
 * Taste learning for a page whose own code is JavaScript.
 *
 * The rules of what is recorded, and when a play is a skip, are the library's Python: it runs here in MicroPython.
 */

import { loadMicroPython } from "./micropython.js";
import * as modules from "./modules.js";

/** @typedef {"play" | "play_complete" | "skip_early" | "skip" | "skip_late" | "replay" | "like" | "dislike"} Action */

/**
 * 1 to 5 for energy, mood, complexity, and preference; at least one of them.
 * @typedef {{e?: number, m?: number, c?: number, p?: number}} Ratings
 */

/** @typedef {{e: number, m: number, c: number, p: number}} Prediction  each from 1 to 5 */

/** @typedef {Record<string, number>} Features  the 8 numbers that describe a sound; `features` makes them */

/**
 * What the listener hears.
 * @typedef {object} Track
 * @property {string} itemId
 * @property {number} [song]             from 1, where an item has several
 * @property {Features | null} [features]
 * @property {number | null} [length]    in seconds
 * @property {string | null} [lengthSource]  "default" if the length is only assumed
 * @property {boolean} [private]         whether nothing may be recorded of it
 */

/** @typedef {{time: number, samples: number, duration: number, error: number, meanError: number}} RunFigures */

/**
 * tells: the dimensions whose predictions are better than chance, as in "ep".
 * @typedef {RunFigures & {learner: string, tells: string, skipped: number}} Run
 */

/**
 * What is known of the engine and of the stored events; null for what isn't known yet.
 * @typedef {object} Status
 * @property {"starting" | "ready" | "off"} engine
 * @property {string | null} problem  what keeps it from working as it should
 * @property {string | null} model    version of the model that predicts
 * @property {number} waiting         events that are not in the database yet
 * @property {{ratings: Record<string, number>, implicit: Record<string, number>} | null} counts  by sync status
 * @property {{phase: string, message: string | null, lastRun: Run | null, cpuShare: number} | null} training
 * @property {{enabled: boolean, lastError: string | null, sent: number, nextTime: number | null} | null} sync
 */

/** @typedef {{state: Status, model: string, run: Run, problem: string}} Events */

/**
 * @typedef {object} Options
 * @property {string} name     your application's name: lowercase letters, digits, and hyphens
 * @property {string} [model]  address of a global model's manifest, instead of the one that the library brings
 * @property {string} [sync]   address of the endpoint that takes shared feedback
 */

/**
 * The Python object behind a `Feedback`.
 * @typedef {object} Bridge
 * @property {(number: number, method: string, json: string, binary: unknown) => void} call
 * @property {(json: string) => string} record
 * @property {(json: string) => string} undo
 * @property {(on: boolean) => void} set_incognito
 * @property {(method: string, json: string) => void} watch
 */

/** @type {Promise<import("./micropython.js").MicroPython> | undefined} */
let python;

/**
 * Start taste learning. Events can be recorded as soon as this returns; the engine starts meanwhile.
 * @param {Options} options
 * @returns {Promise<Feedback>}
 */
export async function startFeedback(options) {
  python ??= loadMicroPython();
  const { Bridge } = (await python).pyimport("sidflow_feedback.page.bridge");
  try {
    const feedback = new Feedback(Bridge, options);
    await feedback.start();
    return feedback;
  } catch (error) {
    const [line] = error.message.trim().split("\n").slice(-1); // The rest is Python's traceback.
    throw new Error(line.replace(/^\w+: /, ""));
  }
}

/** Learns what a listener likes. `startFeedback` makes one. */
export class Feedback {
  /** @type {Bridge} */
  #bridge;
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
  #calls = new Map();
  #number = 0;
  /** @type {Map<string, Set<(value: any) => void>>} */
  #listeners = new Map();
  /** @type {Partial<Events>} */
  #latest = {};
  #incognito = false;

  /**
   * @param {(...values: unknown[]) => Bridge} makeBridge
   * @param {Options} options
   */
  constructor(makeBridge, options) {
    this.#bridge = makeBridge(
      modules,
      JSON.stringify(options),
      (/** @type {keyof Events} */ kind, /** @type {string} */ json) => this.#emit(kind, JSON.parse(json)),
      (
        /** @type {number} */ number,
        /** @type {string | Blob | null} */ answer,
        /** @type {string?} */ error,
      ) => this.#settle(number, answer, error),
    );
  }

  /** @returns {Promise<string>} why there can be no engine; empty when there can */
  start() {
    return this.#call("start");
  }

  /** What is known of the engine and of the stored events. */
  get status() {
    return /** @type {Status} */ (this.#latest.state);
  }

  /** While this is true, nothing is recorded. */
  get incognito() {
    return this.#incognito;
  }

  set incognito(on) {
    this.#incognito = on;
    this.#bridge.set_incognito(on);
  }

  /**
   * Call a listener for each event of a kind; for "state" and "model" also now, if they are known.
   *
   * "state": the status has changed. "model": predictions come from another model. "run": a training run is over.
   * "problem": something wasn't recorded.
   * @template {keyof Events} Kind
   * @param {Kind} kind
   * @param {(value: Events[Kind]) => void} listener
   * @returns {() => void} stops it
   */
  on(kind, listener) {
    const listeners = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, listeners.add(listener));
    const latest = this.#latest[kind];
    if (latest !== undefined && (kind === "state" || kind === "model")) listener(latest);
    return () => listeners.delete(listener);
  }

  /**
   * Record an action or a rating. When this returns, a crash of the page can't lose it.
   * @param {Action | Ratings} what
   * @param {Track} track
   * @param {{position?: number, listenedSeconds?: number}} [context]  in seconds
   * @returns {string | null} the event's uuid; null if it wasn't recorded
   */
  record(what, track, context = {}) {
    return JSON.parse(this.#bridge.record(JSON.stringify({ what, track, ...context })));
  }

  /**
   * Take an event back, wherever it is, and forget what was learned from it.
   * @param {string | null} [uuid]  the last rating on this page, unless given
   * @returns {string | null} the event that is gone; null if there was none
   */
  undo(uuid = null) {
    return JSON.parse(this.#bridge.undo(JSON.stringify(uuid)));
  }

  /**
   * Tell what a player does, and have the actions recorded that it means.
   *
   * - `started(track, position)`: a track begins.
   * - `moved(position, now)`: the track is audible; call it a few times each second.
   * - `paused()`, `ended()`, `left()`, `failed()`: the track is paused, at its end, abandoned, or can't go on.
   * - `judge("like" | "dislike")`: the listener's judgment of it.
   * - `rated(uuid)`: the listener's rating of it was recorded, with this UUID.
   */
  telemetry = {
    /** @type {(track: Track, position?: number | null) => void} */
    started: (track, position = null) => this.#watch("started", track, position),
    /** @type {(position: number | null, now?: number) => void} */
    moved: (position, now = performance.now() / 1000) => this.#watch("moved", position, now),
    paused: () => this.#watch("paused"),
    ended: () => this.#watch("ended"),
    left: () => this.#watch("left"),
    failed: () => this.#watch("failed"),
    /** @type {(judgment: "like" | "dislike") => void} */
    judge: (judgment) => this.#watch("judge", judgment),
    /** @type {(uuid: string) => void} */
    rated: (uuid) => this.#watch("rated", uuid),
  };

  /**
   * Change preferences, such as `{ training: true }`. They last as long as the page.
   * @param {Record<string, boolean | number | string>} preferences
   * @returns {Promise<void>}
   */
  configure(preferences) {
    return this.#call("configure", [preferences]);
  }

  /**
   * @param {Float32Array} samples  the first 20 s or so, mono, in [-1, 1]
   * @param {number} rate           samples per second
   * @param {number} seconds        length of the whole item
   * @returns {Promise<Features>}
   */
  features(samples, rate, seconds) {
    return this.#call("features", [rate, seconds], samples);
  }

  /**
   * @param {(Features | null)[]} songs
   * @returns {Promise<(Prediction | null)[]>} null where features are missing
   */
  predict(songs) {
    return this.#call("predict", [songs]);
  }

  /**
   * Order tracks as the listener should hear them: what they may like most comes first, with surprises among it.
   * @param {Track[]} tracks  each with another id
   * @param {{exploration?: number, offset?: number}} [options]  surprises among 100 tracks, 0 to 50; and the number of
   *   tracks that were taken before
   * @returns {Promise<{track: Track, surprise: boolean}[]>}
   */
  async rank(tracks, { exploration = 3, offset = 0 } = {}) {
    const ranked = await this.#call("rank", [tracks, exploration, offset]);
    return ranked.map((/** @type {[number, boolean]} */ [position, surprise]) => ({
      track: tracks[position],
      surprise,
    }));
  }

  /** @returns {Promise<string>} all stored events and models as JSON, for the listener to keep */
  async exportArchive() {
    return (await this.exportFile()).text();
  }

  /** @returns {Promise<Blob>} the same, of which the page need not read anything */
  exportFile() {
    return this.#call("export_file");
  }

  /**
   * @param {string | Blob} archive
   * @returns {Promise<string>} how many events were new, in words
   */
  importArchive(archive) {
    return this.#call("import_archive", [], new Blob([archive]));
  }

  /**
   * Delete everything that is stored under this name.
   * @returns {Promise<void>}
   */
  wipe() {
    return this.#call("wipe");
  }

  /**
   * Send another request to the engine, one of `Request` in `sidflow_feedback/vocabulary.py`.
   * @param {string} request
   * @param {unknown} [value]
   * @returns {Promise<any>}
   */
  ask(request, value = null) {
    return this.#call("ask", [request, value]);
  }

  /**
   * @param {string} method
   * @param {unknown[]} values
   * @param {unknown} binary
   * @returns {Promise<any>}
   */
  #call(method, values = [], binary = null) {
    const number = ++this.#number;
    return new Promise((resolve, reject) => {
      this.#calls.set(number, { resolve, reject });
      this.#bridge.call(number, method, JSON.stringify(values), binary);
    });
  }

  /**
   * @param {number} number
   * @param {string | Blob | null} answer  JSON, or a file
   * @param {string?} error
   */
  #settle(number, answer, error) {
    const call = this.#calls.get(number);
    this.#calls.delete(number);
    if (error === null) call?.resolve(answer instanceof Blob ? answer : JSON.parse(answer ?? "null"));
    else call?.reject(new Error(error));
  }

  /**
   * @param {keyof Events} kind
   * @param {any} value
   */
  #emit(kind, value) {
    this.#latest[kind] = value;
    for (const listener of this.#listeners.get(kind) ?? []) {
      try {
        listener(value);
      } catch (error) {
        reportError(error); // The other listeners must hear of it nevertheless.
      }
    }
  }

  /**
   * @param {string} method
   * @param {...unknown} values
   */
  #watch(method, ...values) {
    this.#bridge.watch(method, JSON.stringify(values));
  }
}
