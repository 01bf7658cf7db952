/** Reads similarity bundles (`sidcorr-lite-1`): codes of songs by path, as `sidflow_feedback/analysis/sidcorr.py` does. */

import { hvscPath } from "./hvsc.js";

const MAGIC = "SIDCORR\0";
const SCHEMA = "sidcorr-lite-1";
const HEADER_BYTES = 32;
const EPOCH_BYTES = 40;
const INDEX_BYTES = 32;
const FOOTER_BYTES = 40;
const MAX_DIMENSIONS = 1024;
const MAX_VALUES = 256;

/** The largest bundle that is unpacked. */
const MAX_BYTES = 256 * 2 ** 20;
const DAMAGED = "It is damaged: its parts contradict each other. Get it again.";

/** @typedef {import("./tune-index.js").Tune} Tune */

/**
 * @typedef {object} Manifest
 * @property {string} [schema_version]
 * @property {string} [similarity_metric]
 * @property {number[]} [vector_weights]
 * @property {{bundle_sha256?: string}} [file_checksums]
 */

export class SimilarityBundle {
  #rows;
  #rowBytes;
  #songBytes;
  #fileBytes;
  #first;
  /** @type {Map<string, number>} files by path */
  #files = new Map();

  /**
   * @param {{space: object, codebook: Float32Array, width: number}} model
   * @param {{paths: string[], rows: Uint8Array, fileBytes: number, songBytes: number}} table
   */
  constructor({ space, codebook, width }, { paths, rows, fileBytes, songBytes }) {
    this.space = { space, codebook };
    this.width = width;
    this.songs = rows.length / (fileBytes + songBytes + 2 + width);
    this.#rows = rows;
    this.#fileBytes = fileBytes;
    this.#songBytes = songBytes;
    this.#rowBytes = fileBytes + songBytes + 2 + width;
    for (const [file, path] of paths.entries()) this.#files.set(hvscPath(`/${path}`), file);
    this.#first = new Int32Array(paths.length).fill(-1);
    for (let row = this.songs - 1; row >= 0; row--) {
      const file = this.#number(row * this.#rowBytes, fileBytes);
      if (file >= paths.length) throw new Error(DAMAGED);
      this.#first[file] = row;
    }
  }

  /**
   * Read a bundle. Rejects with an Error whose message is for the listener.
   * @param {ArrayBuffer} bytes  as they are, or compressed by gzip
   * @param {Manifest} manifest
   */
  static async read(bytes, manifest) {
    const hash = await sha256(bytes);
    const { file_checksums: { bundle_sha256: wanted } = {}, schema_version: schema = SCHEMA } = manifest;
    if (schema !== SCHEMA) throw new Error(`Its manifest is of ${schema}. Get a bundle of ${SCHEMA}.`);
    if (wanted && wanted !== hash)
      throw new Error("It isn't the one that its manifest describes. Get both again.");
    const view = new DataView(await unpacked(bytes));
    try {
      return parse(view, manifest, hash);
    } catch (error) {
      throw error instanceof RangeError ? new Error(DAMAGED) : error;
    }
  }

  /** @param {Tune} tune */
  knows({ hvscPath: path }) {
    return path !== undefined && this.#files.has(path);
  }

  /**
   * @param {Tune} tune
   * @param {number} song  from 0
   * @returns {Uint8Array | null} its code; null if unknown
   */
  code({ hvscPath: path }, song) {
    const file = path ? this.#files.get(path) : undefined;
    if (file === undefined) return null;
    for (let row = this.#first[file]; row >= 0 && row < this.songs; row++) {
      const at = row * this.#rowBytes;
      if (this.#number(at, this.#fileBytes) !== file) return null;
      if (this.#number(at + this.#fileBytes, this.#songBytes) === song + 1) {
        return this.#rows.subarray(at + this.#rowBytes - this.width, at + this.#rowBytes);
      }
    }
    return null;
  }

  /**
   * @param {number} at
   * @param {number} bytes
   */
  #number(at, bytes) {
    let value = 0;
    for (let byte = bytes - 1; byte >= 0; byte--) value = value * 256 + this.#rows[at + byte];
    return value;
  }
}

/**
 * @param {DataView} view
 * @param {Manifest} manifest
 * @param {string} hash
 */
function parse(view, manifest, hash) {
  const { buffer } = view;
  const magic = String.fromCharCode(...new Uint8Array(buffer, 0, MAGIC.length));
  const [version, size, width] = [8, 10, 12].map((at) => view.getUint16(at, true));
  if (magic !== MAGIC || version !== 1 || size !== HEADER_BYTES) {
    throw new Error(`It is no bundle of ${SCHEMA}. Get one, or choose another file.`);
  }
  const [fileBytes, songBytes] = [view.getUint8(14), view.getUint8(15)];
  const [parts, values] = [view.getUint16(16, true), view.getUint16(18, true)];
  const fits = width >= 1 && width <= MAX_DIMENSIONS && values >= 1 && values <= MAX_VALUES;
  if (parts !== width || !fits || ![2, 3].includes(fileBytes) || ![1, 2].includes(songBytes)) {
    throw new Error(
      `It has ${width} dimensions in ${parts} parts with ${values} values, which isn't supported. Get another one.`,
    );
  }
  const codebook = new Float32Array(buffer.slice(HEADER_BYTES + 4, HEADER_BYTES + 4 + 4 * width * values));
  if (codebook.length !== width * values || !codebook.every(Number.isFinite)) throw new Error(DAMAGED);
  const space = { name: `sidcorr:${hash}`, shape: [width, values, 1], weights: weightsOf(manifest, width) };
  return new SimilarityBundle(
    { space, codebook, width },
    { ...tableOf(view, fileBytes + songBytes + 2 + width), fileBytes, songBytes },
  );
}

/**
 * @param {DataView} view
 * @param {number} rowBytes
 */
function tableOf(view, rowBytes) {
  const { buffer, byteLength } = view;
  const footer = byteLength - FOOTER_BYTES;
  const [index, indexBytes] = [footer, footer + 8].map((at) => Number(view.getBigUint64(at, true)));
  const [epochs, files, tracks] = [16, 20, 24].map((at) => view.getUint32(footer + at, true));
  if (epochs !== 1)
    throw new Error(`It has ${epochs} parts, but this page reads one. Get a bundle with one part.`);
  if (indexBytes !== INDEX_BYTES || index + INDEX_BYTES !== footer) throw new Error(DAMAGED);
  const epoch = Number(view.getBigUint64(index, true));
  const counts = [0, 4, 8, 12].map((at) => view.getUint32(epoch + at, true));
  const [names, rows] = [epoch + EPOCH_BYTES, epoch + EPOCH_BYTES + counts[2]];
  const isWhole = counts[0] === tracks && counts[1] === files && counts[3] === tracks * rowBytes;
  if (!isWhole || rows + counts[3] !== index) throw new Error(DAMAGED);
  const paths = pathsIn(view, names, rows);
  if (paths.length !== files) throw new Error(DAMAGED);
  return { paths, rows: new Uint8Array(buffer, rows, counts[3]) };
}

/**
 * @param {DataView} view
 * @param {number} from
 * @param {number} to
 */
function pathsIn(view, from, to) {
  const decoder = new TextDecoder();
  const paths = [];
  for (let at = from; at < to; ) {
    const length = view.getUint16(at, true);
    if (at + 2 + length > to) throw new Error(DAMAGED);
    paths.push(decoder.decode(new Uint8Array(view.buffer, at + 2, length)));
    at += 2 + length;
  }
  return paths;
}

/**
 * @param {Manifest} manifest
 * @param {number} width
 * @returns {number[]} of each dimension, equal ones if the manifest has none
 */
function weightsOf({ similarity_metric: metric, vector_weights: weights }, width) {
  if (metric !== "weighted-cosine" || !weights) return Array(width).fill(1);
  const valid = Array.isArray(weights) && weights.length === width;
  if (!valid || !weights.every((weight) => Number.isFinite(weight) && weight >= 0)) {
    throw new Error(
      `The weights in its manifest must be ${width} numbers from 0 on. Get the manifest again.`,
    );
  }
  return weights;
}

/** @param {ArrayBuffer} bytes */
async function unpacked(bytes) {
  const [first, second] = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  if (first !== 0x1f || second !== 0x8b) return bytes;
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const parts = [];
  let size = 0;
  for (;;) {
    const { value, done } = await reader.read().catch(() => {
      throw new Error("It is damaged: it can't be unpacked. Get it again.");
    });
    if (done) return new Blob(parts).arrayBuffer();
    size += value.length;
    if (size > MAX_BYTES) {
      await reader.cancel();
      throw new Error(
        `It is too large to be unpacked: at most ${MAX_BYTES / 2 ** 20} MB can be. Get another one.`,
      );
    }
    parts.push(value);
  }
}

/** @param {ArrayBuffer} bytes */
async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
