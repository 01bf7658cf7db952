/** Reports the progress of the engine's start: how many bytes have arrived, out of how many. */

import { START } from "./runtime.js";

/** The smallest change of the share that is reported. */
const STEP = 0.02;

/** @typedef {{fetched: number, total: number}} Progress  in bytes */

/**
 * Count what this worker fetches from now on.
 * @param {(progress: Progress) => void} report
 * @returns {() => void} stops it
 */
export function reportProgress(report) {
  /** @type {Map<string, number>} */
  const arrived = new Map();
  /** @type {Record<string, number>} */
  let sizes = {};
  let lastReported = -STEP;
  /** @type {(url: string, bytes?: number) => void} */
  const count = (url, bytes) => {
    const name = Object.keys(sizes).find((path) => url.endsWith(`/vendor/${path}`));
    if (!name) return;
    arrived.set(name, Math.max(arrived.get(name) ?? 0, bytes ?? sizes[name]));
    const progress = { fetched: sum(arrived.values()), total: sum(Object.values(sizes)) };
    const share = progress.fetched / progress.total;
    if (share === lastReported || (share < 1 && share < lastReported + STEP)) return;
    lastReported = share;
    report(progress);
  };
  const observer = new PerformanceObserver((list) => {
    for (const { name } of list.getEntries()) count(name);
  });
  const plainFetch = globalThis.fetch;
  readSizes(plainFetch).then((found) => {
    sizes = found;
    observer.observe({ type: "resource", buffered: true });
  });
  globalThis.fetch = async (...request) => {
    const response = await plainFetch(...request);
    return mustStay(response) ? response : counted(response, (bytes) => count(response.url, bytes));
  };
  return () => {
    globalThis.fetch = plainFetch;
    observer.disconnect();
  };
}

/**
 * @param {typeof globalThis.fetch} fetch
 * @returns {Promise<Record<string, number>>} bytes of each file that the start fetches
 */
async function readSizes(fetch) {
  try {
    return (await (await fetch(START)).json()).bytes;
  } catch {
    return {}; // Then no progress is shown.
  }
}

/**
 * The browser caches compiled code only for an untouched response.
 * @param {Response} response
 */
function mustStay(response) {
  return !response.body || response.headers.get("Content-Type") === "application/wasm";
}

/**
 * @param {Response} response
 * @param {(bytes: number) => void} onBytes  called with all bytes so far
 */
function counted(response, onBytes) {
  let bytes = 0;
  /** @type {TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>} */
  const counter = new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.length;
      onBytes(bytes);
      controller.enqueue(chunk);
    },
  });
  return new Response(response.body?.pipeThrough(counter), response);
}

/** @param {Iterable<number>} numbers */
const sum = (numbers) => [...numbers].reduce((total, number) => total + number, 0);
