// Tells the pages how far the engine's start is: bytes that have arrived, of those that are needed.

import { START } from "./runtime.js";

const CHANNEL = "sidflow-feedback";
const STEP = 0.02;

/**
 * Follow what this worker fetches, from now on.
 * @returns {() => void} ends it
 */
export function followStart() {
  const channel = new BroadcastChannel(CHANNEL);
  const arrived = new Map();
  let sizes = {};
  let told = -STEP;
  const count = (url, bytes) => {
    const name = Object.keys(sizes).find((path) => url.endsWith(`/vendor/${path}`));
    if (!name) return;
    arrived.set(name, Math.max(arrived.get(name) ?? 0, bytes ?? sizes[name]));
    const progress = { fetched: sum(arrived), total: sum(Object.entries(sizes)) };
    const share = progress.fetched / progress.total;
    if (share === told || (share < 1 && share < told + STEP)) return;
    told = share;
    channel.postMessage({ to: "pages", type: "boot-progress", json: JSON.stringify(progress) });
  };
  const observer = new PerformanceObserver((list) => {
    for (const { name } of list.getEntries()) count(name);
  });
  const fetchUncounted = globalThis.fetch;
  readSizes(fetchUncounted).then((found) => {
    sizes = found;
    observer.observe({ type: "resource", buffered: true });
  });
  globalThis.fetch = async (...request) => {
    const answer = await fetchUncounted(...request);
    return mustStay(answer) ? answer : counted(answer, (bytes) => count(answer.url, bytes));
  };
  return () => {
    globalThis.fetch = fetchUncounted;
    observer.disconnect();
    channel.close();
  };
}

async function readSizes(fetch) {
  try {
    return (await (await fetch(START)).json()).bytes;
  } catch {
    return {}; // No bar, then.
  }
}

/** The browser keeps compiled code only of an answer that is left as it came. */
function mustStay(answer) {
  return !answer.body || answer.headers.get("Content-Type") === "application/wasm";
}

function counted(answer, tell) {
  let bytes = 0;
  const counter = new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.length;
      tell(bytes);
      controller.enqueue(chunk);
    },
  });
  return new Response(answer.body.pipeThrough(counter), answer);
}

const sum = (entries) => [...entries].reduce((total, [, bytes]) => total + bytes, 0);
