/**
 * The memory snapshot of a Python interpreter that has just started, kept for the next start. A snapshot fits one
 * browser only: the features of WebAssembly differ between browsers.
 */

import { START } from "./runtime.js";

const CACHE = "sidflow-snapshot";
/** Header of a snapshot that is kept as it is; a compressed one has gzip's checksum. */
const CHECKSUM = "X-SHA-256";
/** Bytes that must be free for a snapshot to be kept as it is: reading it is faster, and it takes four times the room. */
const PLENTY = 2e9;
/** Milliseconds in which the browser's cache must answer. */
const PATIENCE = 3000;

/**
 * @returns {Promise<(() => Promise<Uint8Array>) | null>} reads the snapshot; null when there is none, or when the
 *   browser's cache doesn't answer: once a process of the browser was killed, it may never do
 */
export async function findSnapshot() {
  try {
    /** @type {Promise<undefined>} */
    const timeout = new Promise((resolve) => setTimeout(resolve, PATIENCE));
    const kept = await Promise.race([keptSnapshot(), timeout]);
    return kept ? () => readMemory(kept) : null;
  } catch {
    return null;
  }
}

/**
 * @param {Response} kept
 * @returns {Promise<Uint8Array>} rejects when the snapshot is damaged
 */
async function readMemory(kept) {
  const checksum = kept.headers.get(CHECKSUM);
  if (checksum === null) {
    return readAll(/** @type {ReadableStream} */ (kept.body).pipeThrough(new DecompressionStream("gzip")));
  }
  const memory = new Uint8Array(await kept.arrayBuffer());
  if ((await checksumOf(memory)) !== checksum) throw new Error("the kept memory has changed");
  return memory;
}

const keptSnapshot = async () => (await caches.open(CACHE)).match(await snapshotUrl());

/** @returns {Promise<boolean>} whether the next start would find a snapshot; true where none can be kept */
export async function isKept() {
  try {
    return (await keptSnapshot()) !== undefined;
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
  const kept = (await freeBytes()) < PLENTY ? await compressed(memory) : await asItIs(memory);
  await removeSnapshots();
  await (await caches.open(CACHE)).put(await snapshotUrl(), kept);
}

/** @returns {Promise<number>} */
async function freeBytes() {
  const { quota = 0, usage = 0 } = await navigator.storage.estimate();
  return quota - usage;
}

/** @param {Uint8Array<ArrayBuffer>} memory */
async function compressed(memory) {
  return new Response(await readAll(new Blob([memory]).stream().pipeThrough(new CompressionStream("gzip"))));
}

/** @param {Uint8Array<ArrayBuffer>} memory */
async function asItIs(memory) {
  return new Response(memory, { headers: { [CHECKSUM]: await checksumOf(memory) } });
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

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<string>} SHA-256
 */
async function checksumOf(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).join(" ");
}
