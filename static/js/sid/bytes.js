/**
 * The bytes of a file, from whichever buffer type the caller holds.
 *
 * @param {ArrayBuffer|ArrayBufferView} source stays the caller's
 * @returns {Uint8Array} a copy: small to send, even where `source` is a window on a large heap
 */
export function toBytes(source) {
  if (source instanceof ArrayBuffer) return new Uint8Array(source.slice());
  if (ArrayBuffer.isView(source)) {
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice();
  }
  throw new Error("A tune must be given as an ArrayBuffer or a typed array: convert other objects first.");
}
