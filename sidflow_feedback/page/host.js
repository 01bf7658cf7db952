/** Runs an application's engine in this tab when no other tab of this origin runs it. */

import { nameSpace, Publication } from "./messages.js";

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
 */

/**
 * Run the engine here as soon as no other tab does.
 * @param {Setup} setup
 * @param {() => void} onStart  called in the tab that runs it
 */
export function hostEngine(setup, onStart) {
  const start = () => {
    onStart();
    startWorker({ ...setup, model: absolute(setup.model), sync: absolute(setup.sync) });
    return new Promise(() => {}); // Must never settle: the lock is held for the life of this page.
  };
  // Without locks, or where storage and thus locks are blocked, each tab runs its own engine.
  if (navigator.locks) navigator.locks.request(`${nameSpace(setup.name)}-engine`, start).catch(start);
  else start();
}

/**
 * Resolve an embedder's address as the page does; the worker would do it differently.
 * @template {string | null | undefined} Address
 * @param {Address} address
 */
const absolute = (address) =>
  address && URL.canParse(address, document.baseURI) ? new URL(address, document.baseURI).href : address;

/** @param {Setup} setup */
function startWorker(setup) {
  const worker = new Worker(setup.worker, { type: "module", name: "engine" });
  worker.onerror = ({ message }) => reportOff(setup.name, message || "its worker can't start");
  worker.postMessage(setup);
}

/**
 * Publish that there is no engine.
 * @param {string} name
 * @param {string} problem
 */
function reportOff(name, problem) {
  const channel = new BroadcastChannel(nameSpace(name));
  channel.postMessage({ to: "pages", type: Publication.OFF, json: JSON.stringify(problem) });
  channel.close();
}
