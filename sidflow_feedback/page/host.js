/**
 * Runs an application's engine in this tab when no other tab of this origin runs it. A start that failed is repeated,
 * and an engine that has died is replaced.
 */

import { nameSpace, Post, Publication } from "./messages.js";

/**
 * What a worker needs to start the engine. `model` and `sync` may be relative to the page.
 * @typedef {object} Setup
 * @property {string} name           of the application
 * @property {string} worker         address of `engine/worker.js`
 * @property {string} interpreter    address of a module whose `loadPyodide` starts Python
 * @property {object} [options]      of `loadPyodide`
 * @property {Uint8Array} [archive]  the library as a zip file, where the interpreter doesn't bring it
 * @property {string} [folder]       where the archive's content belongs
 * @property {string} database       address of `store/indexeddb.js`
 * @property {string} model          address of the global model
 * @property {string | null} [sync]  address that takes shared feedback
 * @property {string | null} [excerpts]  address of a module that renders tunes
 * @property {string} [lock]         a lock that the worker holds for its life
 */

/**
 * What a worker tells the tab that started it.
 * @typedef {{type: "locked" | "progress" | "started"} | {type: "failed", reason: string}} Report
 */

/** Milliseconds between two signs of life while no engine gives its own. */
const BEAT = 1000;

/** Milliseconds without progress after which a start has failed; twice as many after each failure. */
const START_TIME = 120_000;

/** Milliseconds before a start is repeated, doubled after each failure. */
const FIRST_RETRY = 1000;
const MAX_RETRY = 60_000;

/** Milliseconds after which an engine that dies wasn't a failure of its start. */
const HEALTHY = 20_000;

/** Characters of a reason that are shown. */
const MAX_REASON = 300;

/**
 * Run the engine here as soon as no other tab does.
 * @param {Setup} setup
 * @param {import("./channel.js").EngineChannel} channel  of this page, which notices an engine that is dead
 * @param {(hosting: boolean) => void} onChange  called when this tab begins or ceases to run it
 */
export function hostEngine(setup, channel, onChange) {
  const host = new Host({ ...setup, model: absolute(setup.model), sync: absolute(setup.sync) }, onChange);
  channel.watch(() => host.replace());
  host.wait();
}

/**
 * Resolve an embedder's address as the page does; the worker would do it differently.
 * @template {string | null | undefined} Address
 * @param {Address} address
 */
const absolute = (address) =>
  address && URL.canParse(address, document.baseURI) ? new URL(address, document.baseURI).href : address;

class Host {
  #setup;
  #onChange;
  #lock;
  #channel;
  /** Ends the wait for other tabs. */
  #waiting = new AbortController();
  /** The right to run the engine, or the latest one if it is lost. */
  #term = { held: false };
  /** @type {((reason: string) => void) | null} ends the worker */
  #end = null;
  #running = false;
  /** What to tell pages while no engine runs. @type {[type: string, value: unknown]} */
  #status = [Publication.STARTING, null];

  /**
   * @param {Setup} setup
   * @param {(hosting: boolean) => void} onChange
   */
  constructor(setup, onChange) {
    this.#setup = setup;
    this.#onChange = onChange;
    this.#lock = `${nameSpace(setup.name)}-engine`;
    this.#channel = new BroadcastChannel(nameSpace(setup.name));
    this.#channel.onmessage = ({ data }) => {
      if (data.type === Post.HELLO && this.#term.held && !this.#running) this.#publish(...this.#status);
    };
  }

  /** Run the engine when no other tab does. */
  wait() {
    this.#waiting = new AbortController();
    this.#request({ signal: this.#waiting.signal });
  }

  /** Replace the engine, which is dead, by one in this tab. */
  replace() {
    if (this.#term.held) {
      this.#end?.("it didn't respond");
      return;
    }
    this.#waiting.abort();
    this.#request({ steal: true });
  }

  /** @param {LockOptions} options */
  #request(options) {
    const term = { held: false };
    const serve = () => this.#serve(term);
    // Without locks, each tab runs its own engine.
    const request = navigator.locks ? navigator.locks.request(this.#lock, options, serve) : serve();
    request.catch((error) => {
      if (options.signal?.aborted) return; // This tab has stolen the lock instead.
      if (error.name !== "AbortError")
        serve(); // Where storage and thus locks are blocked.
      else this.#leave(term);
    });
  }

  /**
   * Another tab has taken this one for dead, and runs an engine of its own.
   * @param {{held: boolean}} term
   */
  #leave(term) {
    term.held = false;
    console.warn("Another tab has taken over learning, because this one didn't respond.");
    this.#end?.("another tab has taken over");
    this.#onChange(false);
    this.wait();
  }

  /**
   * Run one engine after the other for as long as this tab may.
   * @param {{held: boolean}} term
   */
  async #serve(term) {
    this.#term = term;
    term.held = true;
    this.#onChange(true);
    const beat = () => this.#running || this.#publish(Publication.STARTING, null);
    const timer = setInterval(beat, BEAT);
    beat();
    for (let failures = 0; term.held; ) {
      const { lived, reason } = await this.#run(START_TIME * 2 ** failures).catch(couldNotStart);
      if (!term.held) break;
      failures = lived > HEALTHY ? 0 : failures + 1;
      const pause = failures && Math.min(FIRST_RETRY * 2 ** (failures - 1), MAX_RETRY);
      if (lived) this.#tell(Publication.SILENT, null);
      else
        this.#tell(Publication.OFF, `Learning couldn't start: ${reason}. Trying again in ${pause / 1000} s…`);
      console.warn(`The engine has ended: ${reason}. It is started again in ${pause / 1000} s.`);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    clearInterval(timer);
  }

  /**
   * Start an engine.
   * @param {number} startTime  milliseconds that it may take without progress
   * @returns {Promise<{lived: number, reason: string}>} when it has ended: the milliseconds since it was ready, and why
   */
  #run(startTime) {
    return new Promise((resolve) => {
      const lock = `${this.#lock}-${crypto.randomUUID()}`;
      const worker = new Worker(this.#setup.worker, { type: "module", name: "engine" });
      let begun = 0;
      const end = (/** @type {string} */ reason) => {
        if (this.#end !== end) return; // Its lock is released after its end, when the next engine may run.
        clearTimeout(timer);
        worker.terminate();
        this.#end = null;
        this.#running = false;
        resolve({ lived: begun && performance.now() - begun, reason: reason.slice(0, MAX_REASON) });
      };
      const expire = () => end("it made no progress");
      let timer = setTimeout(expire, startTime);
      this.#end = end;
      worker.onerror = ({ message }) => {
        if (!begun) end(message || "its worker can't be loaded");
      };
      /** @param {{data: Report}} message */
      worker.onmessage = ({ data }) => {
        clearTimeout(timer);
        if (data.type === "failed") return end(data.reason);
        if (data.type === "started") {
          begun = performance.now();
          this.#running = true;
          return;
        }
        timer = setTimeout(expire, startTime);
        // The browser releases the worker's lock when the worker is gone, however it ended.
        if (data.type === "locked") navigator.locks.request(lock, () => end("its worker has ended"));
      };
      worker.postMessage({ ...this.#setup, lock });
    });
  }

  /**
   * @param {string} type
   * @param {unknown} value
   */
  #tell(type, value) {
    this.#status = [type, value];
    this.#publish(type, value);
  }

  /**
   * @param {string} type
   * @param {unknown} value
   */
  #publish(type, value) {
    this.#channel.postMessage({ to: "pages", type, json: JSON.stringify(value) });
  }
}

/** @param {Error} error */
const couldNotStart = ({ message }) => ({ lived: 0, reason: message });
