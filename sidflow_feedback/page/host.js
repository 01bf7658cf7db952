// Starts the engine in this tab, when no other tab of this origin runs one.

import { isKept } from "../engine/boot/snapshot.js";

const LOCK = "sidflow-feedback-engine";
const SETTLED = 5000;
let hosting = false;

/**
 * Run the engine here as soon as no other tab does.
 * @param {string} source the engine's entry script
 * @param {string} config its PyScript configuration
 * @param {() => void} onStart called in the tab that is to run it
 */
export function hostEngine(source, config, onStart) {
  const start = () => {
    hosting = true;
    onStart();
    document.body.append(engineScript(source, config));
    return new Promise(() => {}); // Must never settle: the lock is held as long as this page lives.
  };
  // Without locks, or where storage is forbidden and they are too, each tab is on its own.
  if (navigator.locks) navigator.locks.request(LOCK, start).catch(start);
  else start();
}

function engineScript(source, config) {
  const script = document.createElement("script");
  script.type = "py";
  script.src = source;
  script.setAttribute("worker", "");
  script.setAttribute("name", "engine");
  script.setAttribute("config", config);
  return script;
}

/** Keep what makes the next start of the engine shorter; when this one is over and nothing else is to do. */
export function keepStart() {
  if (hosting && !navigator.connection?.saveData) setTimeout(() => whenIdle(makeSnapshot), SETTLED);
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
  worker.onmessage = worker.onerror = end; // Without one, starts are only longer.
}

const whenIdle = (work) => ("requestIdleCallback" in globalThis ? requestIdleCallback(work) : work());
