// The memory of a Python interpreter that has just started, kept for the next start. It is this browser's own: what
// WebAssembly can do differs from browser to browser.

import { START } from "./runtime.js";

const CACHE = "sidflow-snapshot";

/** @returns {Promise<Uint8Array|null>} null where there is none, or it is damaged */
export async function read() {
  try {
    const kept = await (await caches.open(CACHE)).match(await address());
    // The checksum of gzip is that of the memory, too.
    return kept ? await bytes(kept.body.pipeThrough(new DecompressionStream("gzip"))) : null;
  } catch {
    return null;
  }
}

/** @returns {Promise<boolean>} whether the next start would find one; also where none can be kept */
export async function isKept() {
  try {
    return (await (await caches.open(CACHE)).match(await address())) !== undefined;
  } catch {
    return true;
  }
}

/** Keep a snapshot in the place of all others. */
export async function keep(snapshot) {
  const compressed = new Blob([snapshot]).stream().pipeThrough(new CompressionStream("gzip"));
  const body = await bytes(compressed);
  await forget();
  await (await caches.open(CACHE)).put(await address(), new Response(body));
}

export async function forget() {
  await caches.delete(CACHE);
}

/** An address that is another for each version of Pyodide and of the browser. */
async function address() {
  const { runtime } = await (await fetch(START)).json();
  return new URL(`?${new URLSearchParams({ runtime, agent: navigator.userAgent })}`, location.origin).href;
}

async function bytes(stream) {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
