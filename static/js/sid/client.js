/** The client of a SID worker, and what its callers share. */

import { WorkerClient } from "../worker-client.js";

/**
 * @param {URL} url  the worker's module
 * @param {string} wasmUrl  address of sid.wasm, relative to the page, or in a worker to this module
 * @param {{onEvent?: (event: any) => void, onFailure?: (message: string) => void}} [callbacks]  as of WorkerOptions
 * @returns {WorkerClient}
 */
export function createSidClient(url, wasmUrl, callbacks = {}) {
  return new WorkerClient(url, {
    ...callbacks,
    name: new URL(wasmUrl, globalThis.document?.baseURI ?? import.meta.url).href,
    describeFailure: (reason) =>
      `The SID player's worker stopped (${reason}). Load a tune to start it again.`,
  });
}

/**
 * Copy the bytes of a file from any buffer type.
 * @param {ArrayBuffer | ArrayBufferView} source  not changed
 * @returns {Uint8Array} small to send, even if `source` is a view on a large heap
 */
export function toBytes(source) {
  if (source instanceof ArrayBuffer) return new Uint8Array(source.slice());
  if (ArrayBuffer.isView(source)) {
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice();
  }
  throw new Error("A tune must be an ArrayBuffer or a typed array. Convert other objects first.");
}
