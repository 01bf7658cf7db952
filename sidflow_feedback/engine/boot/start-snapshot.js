/** Keeps a snapshot that shortens the engine's next start. */

import { isKept } from "./snapshot.js";

/** Milliseconds between the engine's start and the work on the next one. */
const SETTLE_TIME = 5000;

/** Make the snapshot, once this start is over and the page is idle: in the tab that runs the engine. */
export function keepStart() {
  if (!navigator.connection?.saveData) setTimeout(() => whenIdle(makeSnapshot), SETTLE_TIME);
}

async function makeSnapshot() {
  if (await isKept()) return;
  const worker = new Worker(new URL("./snapshot-worker.js", import.meta.url), {
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
