/** Runs the engine in this tab when no other tab of this origin runs one. */

import { CHANNEL, Publication } from "./messages.js";

const LOCK = "sidflow-feedback-engine";

/**
 * What the worker needs to start the engine.
 * @typedef {object} Setup
 * @property {string} indexURL       where the page's Pyodide is
 * @property {string} [lockFileURL]  its lock, where that is somewhere else
 * @property {Uint8Array} archive    the package as a zip file
 * @property {string} folder         where the page has it installed
 * @property {string} database       address of `store/indexeddb.js`
 * @property {string} model          address of the first global model
 */

let hosting = false;

/** @returns {boolean} whether this tab runs the engine */
export const isHosting = () => hosting;

/**
 * Run the engine here as soon as no other tab does.
 * @param {() => void} startEngine  from `engineScript` or `engineWorker`
 * @param {() => void} onStart  called in the tab that runs it
 */
export function hostEngine(startEngine, onStart) {
  const start = () => {
    hosting = true;
    onStart();
    startEngine();
    return new Promise(() => {}); // Must never settle: the lock is held for the life of this page.
  };
  // Without locks, or where storage and thus locks are blocked, each tab runs its own engine.
  if (navigator.locks) navigator.locks.request(LOCK, start).catch(start);
  else start();
}

/**
 * An engine in a PyScript worker, from files that this site serves.
 * @param {string} source  the engine's entry script
 * @param {string} config  its PyScript configuration
 */
export const engineScript = (source, config) => () => {
  const script = document.createElement("script");
  script.type = "py";
  script.src = source;
  script.setAttribute("worker", "");
  script.setAttribute("name", "engine");
  script.setAttribute("config", config);
  document.body.append(script);
};

/**
 * An engine in a Pyodide worker, from the package that is installed on this page.
 * @param {string} script  address of `engine/worker.js`
 * @param {Setup} setup
 */
export const engineWorker = (script, setup) => () => {
  const worker = new Worker(script, { type: "module", name: "engine" });
  worker.onerror = ({ message }) => reportOff(message || "its worker can't start");
  worker.postMessage(setup);
};

/**
 * Publish that there is no engine.
 * @param {string} problem
 */
export function reportOff(problem) {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage({ to: "pages", type: Publication.OFF, json: JSON.stringify(problem) });
  channel.close();
}
