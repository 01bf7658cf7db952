/** Calls from a page (or another worker) to a module worker: the caller's side and the worker's side. */

import { SidError } from "./engine.js";

/** A module worker that starts with the first call, and starts anew with the next call after it died. */
export class WorkerClient {
  #url;
  #wasmUrl;
  #onEvent;
  #worker = null;
  #calls = new Map();
  #lastId = 0;

  /**
   * @param {URL} url of the worker's module
   * @param {string} wasmUrl of sid.wasm; a relative one is relative to the page, in a worker to this module
   * @param {(event: object) => void} [onEvent] hears what the worker reports unasked
   */
  constructor(url, wasmUrl, onEvent = () => {}) {
    this.#url = url;
    this.#wasmUrl = new URL(wasmUrl, globalThis.document?.baseURI ?? import.meta.url).href;
    this.#onEvent = onEvent;
  }

  /**
   * @param {string} command
   * @param {object} args plain values and typed arrays
   * @param {number} [timeoutMs] end a worker that has not answered by then
   * @returns {Promise<any>} the worker's answer; rejects with an Error that carries its message
   */
  call(command, args, timeoutMs = Infinity) {
    this.#worker ??= this.#start();
    const id = ++this.#lastId;
    const answer = new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
    this.#worker.postMessage({ id, command, args });
    if (timeoutMs === Infinity) return answer;
    const timer = setTimeout(() => this.#died(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
    return answer.finally(() => clearTimeout(timer));
  }

  /** End the worker; calls under way reject. */
  close(reason = "The worker was closed.") {
    this.#worker?.terminate();
    this.#worker = null;
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const { reject } of calls) reject(new Error(reason));
  }

  #start() {
    const worker = new Worker(this.#url, { type: "module", name: this.#wasmUrl });
    worker.onmessage = ({ data }) => this.#receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#died(event.message ?? "its script could not be loaded");
    };
    return worker;
  }

  #receive({ id, result, error, event, fatal }) {
    if (fatal !== undefined) return this.#died(fatal);
    if (event !== undefined) return this.#onEvent(event);
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (error === undefined) call.resolve(result);
    else call.reject(new Error(error));
  }

  #died(why) {
    const message = `The SID player's worker stopped (${why}). Load a tune to start it again.`;
    this.close(message);
    this.#onEvent({ died: message });
  }
}

/** The address of sid.wasm that the WorkerClient gave this worker. */
export const wasmUrl = globalThis.name;

/**
 * Answer a WorkerClient's calls. A SidError is an answer; anything else is fatal, since a crashed
 * WASM instance cannot be trusted again.
 *
 * @param {Record<string, (args: object) => any>} commands
 */
export function serve(commands) {
  globalThis.onmessage = async ({ data: { id, command, args } }) => {
    try {
      const result = await commands[command](args);
      postMessage({ id, result }, result instanceof Float32Array ? [result.buffer] : []);
    } catch (error) {
      if (error instanceof SidError) postMessage({ id, error: error.message });
      else reportFatal(error);
    }
  };
}

/** @param {object} event plain values for the WorkerClient's onEvent */
export function report(event) {
  postMessage({ event });
}

/** @param {unknown} error after which this worker must be replaced */
export function reportFatal(error) {
  postMessage({ fatal: error instanceof Error ? error.message : String(error) });
}
