/** Starts the engine in this tab when no other tab of this origin runs one. */

import { isKept } from "../engine/boot/snapshot.js";

const LOCK = "sidflow-feedback-engine";

/** Milliseconds between the engine's start and the work on the next one. */
const SETTLE_TIME = 5000;

let hosting = false;

/**
 * Run the engine here as soon as no other tab does.
 * @param {string} source  the engine's entry script
 * @param {string} config  its PyScript configuration
 * @param {() => void} onStart  called in the tab that runs it
 */
export function hostEngine(source, config, onStart) {
  const start = () => {
    hosting = true;
    onStart();
    document.body.append(engineScript(source, config));
    return new Promise(() => {}); // Must never settle: the lock is held for the life of this page.
  };
  // Without locks, or where storage and thus locks are blocked, each tab runs its own engine.
  if (navigator.locks) navigator.locks.request(LOCK, start).catch(start);
  else start();
}

/**
 * @param {string} source
 * @param {string} config
 */
function engineScript(source, config) {
  const script = document.createElement("script");
  script.type = "py";
  script.src = source;
  script.setAttribute("worker", "");
  script.setAttribute("name", "engine");
  script.setAttribute("config", config);
  return script;
}

/** Keep a snapshot that shortens the engine's next start, once this start is over and the page is idle. */
export function keepStart() {
  if (hosting && !navigator.connection?.saveData) setTimeout(() => whenIdle(makeSnapshot), SETTLE_TIME);
}

async function makeSnapshot() {
  if (await isKept()) return;
  const worker = new Worker(new URL("../engine/boot/snapshot-worker.js", import.meta.url), {
    type: "module",
  });
  const end = () => {
    worker.terminate();
    document.documentElement.dataset.start = "kept";
  };
  worker.onmessage = worker.onerror = end; // A failure only makes the next start longer.
}

/** @param {() => void} work */
function whenIdle(work) {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(work);
  else work();
}
