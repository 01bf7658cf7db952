/**
 * Calls to a module worker by Comlink, with what Comlink leaves out: a worker that starts with its first call, time
 * limits, failures that end the worker, and events. Works on a page and inside a worker.
 *
 * Events and failures are plain messages beside Comlink's, which ignores messages without an id.
 */

import { expose, wrap } from "../vendor/comlink/comlink.mjs";

export { transfer } from "../vendor/comlink/comlink.mjs";

/**
 * @typedef {object} WorkerOptions
 * @property {(reason: string) => string} describeFailure  message for the listener when the worker has failed
 * @property {string} [name]  the worker's `globalThis.name`
 * @property {(event: any) => void} [onEvent]  receives what the worker passes to `notify`
 * @property {(message: string) => void} [onFailure]  receives the message when the worker has failed
 */

/** A module worker that starts with the first call. After a failure, the next call starts a new one. */
export class WorkerClient {
  #url;
  #options;
  /** @type {Worker | null} */
  #worker = null;
  /** @type {any} */
  #remote = null;
  /** @type {Set<(error: Error) => void>} */
  #pending = new Set();

  /**
   * @param {URL} url  the worker's module
   * @param {WorkerOptions} options
   */
  constructor(url, options) {
    this.#url = url;
    this.#options = options;
  }

  /**
   * Call a method of the worker.
   * @param {string} method
   * @param {object} args  values that can be cloned
   * @param {number} [timeoutMs]  end a worker that hasn't answered by then
   * @returns {Promise<any>} rejects with a plain Error: name and message of the worker's, or those of the failure
   */
  call(method, args, timeoutMs = Infinity) {
    this.start();
    const answer = this.#remote[method](args);
    return new Promise((resolve, reject) => {
      const onTimeout = () => this.#fail(`no answer within ${timeoutMs / 1000} s`);
      const timer = timeoutMs < Infinity ? setTimeout(onTimeout, timeoutMs) : undefined;
      const settle = () => {
        clearTimeout(timer);
        this.#pending.delete(rejectPending);
      };
      /** @param {Error} error */
      const rejectPending = (error) => {
        settle();
        reject(Object.assign(new Error(error.message), { name: error.name }));
      };
      this.#pending.add(rejectPending);
      answer.finally(settle).then(resolve, rejectPending);
    });
  }

  /**
   * End the worker and reject the calls that it hasn't answered.
   * @param {string} [reason]  message of the rejections
   */
  close(reason = "The worker was closed.") {
    this.#worker?.terminate();
    this.#worker = this.#remote = null;
    for (const reject of [...this.#pending]) reject(new Error(reason));
  }

  /** Start the worker ahead of its first call. */
  start() {
    if (this.#worker !== null) return;
    const worker = new Worker(this.#url, { type: "module", name: this.#options.name });
    worker.addEventListener("message", ({ data }) => {
      if (worker !== this.#worker) return;
      if ("failure" in data) this.#fail(data.failure);
      else if ("event" in data) this.#options.onEvent?.(data.event);
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      if (worker === this.#worker) this.#fail(event.message ?? "its script can't be loaded");
    });
    this.#worker = worker;
    this.#remote = wrap(worker);
  }

  /** @param {string} reason */
  #fail(reason) {
    const message = this.#options.describeFailure(reason);
    this.close(message);
    this.#options.onFailure?.(message);
  }
}

/**
 * Answer a WorkerClient's calls. To be called in the worker.
 * @param {Record<string, (args: any) => any>} methods  what they throw is the answer to the call
 * @param {(error: unknown) => boolean} [isFatal]  whether an error ends the worker instead
 */
export function serve(methods, isFatal = () => false) {
  const guarded = Object.entries(methods).map(([name, method]) => [
    name,
    async (/** @type {any} */ args) => {
      try {
        return await method(args);
      } catch (error) {
        if (isFatal(error)) reportFailure(error);
        throw error;
      }
    },
  ]);
  expose(Object.fromEntries(guarded));
}

/** @param {object} event  values that can be cloned, for the WorkerClient's `onEvent` */
export function notify(event) {
  postMessage({ event });
}

/** @param {unknown} error  after which this worker must be replaced */
export function reportFailure(error) {
  postMessage({ failure: error instanceof Error ? error.message : String(error) });
}
