/**
 * The memory snapshot of a Python interpreter that has just started, kept for the next start. A snapshot fits one
 * browser only: the features of WebAssembly differ between browsers.
 */

import { START } from "./runtime.js";

const CACHE = "sidflow-snapshot";

/** @returns {Promise<Uint8Array | null>} null when there is none, or it is damaged */
export async function readSnapshot() {
  try {
    const kept = await (await caches.open(CACHE)).match(await snapshotUrl());
    // The checksum of gzip covers the memory, too.
    return kept?.body ? await readAll(kept.body.pipeThrough(new DecompressionStream("gzip"))) : null;
  } catch {
    return null;
  }
}

/** @returns {Promise<boolean>} whether the next start would find a snapshot; true where none can be kept */
export async function isKept() {
  try {
    return (await (await caches.open(CACHE)).match(await snapshotUrl())) !== undefined;
  } catch {
    return true;
  }
}

/**
 * Keep a snapshot, and remove all others.
 * @param {Uint8Array} snapshot
 */
export async function keepSnapshot(snapshot) {
  const memory = /** @type {Uint8Array<ArrayBuffer>} */ (snapshot);
  const compressed = new Blob([memory]).stream().pipeThrough(new CompressionStream("gzip"));
  const body = await readAll(compressed);
  await removeSnapshots();
  await (await caches.open(CACHE)).put(await snapshotUrl(), new Response(body));
}

export async function removeSnapshots() {
  await caches.delete(CACHE);
}

/** @returns {Promise<string>} a URL that differs between versions of Pyodide and of the browser */
async function snapshotUrl() {
  const { runtime } = await (await fetch(START)).json();
  return new URL(`?${new URLSearchParams({ runtime, agent: navigator.userAgent })}`, location.origin).href;
}

/** @param {ReadableStream} stream */
async function readAll(stream) {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
