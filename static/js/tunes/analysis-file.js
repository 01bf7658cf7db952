/** Reads analysis files, whose format `docs/analysis-file.md` describes: typed arrays view the file's bytes. */

import {
  ANALYSIS_VERSION,
  EMBEDDING_VERSION,
  EMBEDDING_WIDTH,
  FEATURE_NAMES,
} from "../../../sidflow_feedback/page/messages.js";

const MAGIC = "\x89SIDan\r\n";
const FORMAT_VERSION = 1;
const HEADER_BYTES = 256;
const DIGEST = { start: 32, end: 64 };
const RELEASE = { start: 64, end: 128 };
const SCALE = 128;
const MD5_BYTES = 16;
const FEATURES = FEATURE_NAMES.length;
const UNKNOWN = 65535;
const FIRST_PROBLEM = 0xff00;

/** What to do about a file that another version has made. */
const OTHER_VERSION = "Reload this page. If that doesn't help, get a newer file.";

/** Why a song has no features, by its code. */
const PROBLEMS = [
  "",
  "Its beginning is silent.",
  "The file is broken.",
  "It needs the C64's ROMs.",
  "Its program stops.",
];
const NOT_ANALYZED = 255;
const OTHER_PROBLEM = "Whoever made the analysis file couldn't analyze it.";

export class AnalysisFile {
  #low;
  #step;
  #md5;
  #keys;
  #levels;
  #endings;
  #firsts;
  #embeddings;

  /**
   * @param {DataView} view  of a file that was checked
   * @param {{files: number, songs: number, width: number}} counts
   */
  constructor(view, { files, songs, width }) {
    const { buffer } = view;
    this.hvscRelease = new TextDecoder()
      .decode(new Uint8Array(buffer, RELEASE.start, RELEASE.end - RELEASE.start))
      .replace(/\0+$/, "");
    /** @type {(count: number, at: number) => Float64Array} */
    const floats = (count, at) => new Float64Array(buffer, at, count);
    this.width = width;
    this.songs = songs;
    this.#low = floats(FEATURES, SCALE);
    this.#step = floats(FEATURES, SCALE + 8 * FEATURES);
    let at = HEADER_BYTES;
    this.#md5 = new Uint8Array(buffer, at, MD5_BYTES * files);
    at += this.#md5.byteLength;
    this.#levels = new Uint16Array(buffer, at, FEATURES * songs);
    at += this.#levels.byteLength;
    this.#endings = new Uint16Array(buffer, at, songs);
    at += this.#endings.byteLength;
    const counts = new Uint8Array(buffer, at, files);
    at += files;
    this.#embeddings = new Uint8Array(buffer, at, songs * width);
    this.#firsts = new Uint32Array(files + 1);
    for (let file = 0; file < files; file++) this.#firsts[file + 1] = this.#firsts[file] + counts[file] + 1;
    this.#keys = new Uint32Array(files);
    for (let file = 0; file < files; file++)
      this.#keys[file] = view.getUint32(HEADER_BYTES + MD5_BYTES * file);
  }

  /**
   * Read a file. Rejects with an Error whose message is for the listener.
   * @param {ArrayBuffer} bytes
   */
  static async read(bytes) {
    const view = new DataView(bytes);
    if (bytes.byteLength < HEADER_BYTES || text(bytes, MAGIC.length) !== MAGIC) {
      throw new Error("It is no analysis file, or only the beginning of one. Get it again.");
    }
    const [format, analysis, embedding, width, features] = [8, 10, 12, 14, 16].map((at) =>
      view.getUint16(at, true),
    );
    const [files, songs] = [view.getUint32(20, true), view.getUint32(24, true)];
    if (format !== FORMAT_VERSION || features !== FEATURES) {
      throw new Error(
        `It has format version ${format}, but this page reads version ${FORMAT_VERSION}. ${OTHER_VERSION}`,
      );
    }
    const size = HEADER_BYTES + files * (MD5_BYTES + 1) + songs * (2 * FEATURES + 2 + width);
    if (bytes.byteLength !== size)
      throw new Error("It is damaged: its size isn't what it says. Get it again.");
    if (!(await isIntact(bytes))) throw new Error("It is damaged: its checksum is wrong. Get it again.");
    requireVersion("analysis", analysis, ANALYSIS_VERSION);
    if (width > 0) requireVersion("embeddings", embedding, EMBEDDING_VERSION);
    if (width > 0 && width !== EMBEDDING_WIDTH) {
      throw new Error(
        `Its embeddings have ${width} bytes, but this page needs ${EMBEDDING_WIDTH}. ${OTHER_VERSION}`,
      );
    }
    const file = new AnalysisFile(view, { files, songs, width });
    if (!file.#isConsistent())
      throw new Error("It contradicts itself: whatever made it is broken. Get another one.");
    return file;
  }

  /** Number of files. */
  get size() {
    return this.#keys.length;
  }

  /**
   * @param {string} md5  of a file, in hexadecimal digits
   * @returns {number} the file's number; -1 if it isn't in here
   */
  find(md5) {
    const key = Number.parseInt(md5.slice(0, 8), 16);
    let [low, high] = [0, this.#keys.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#keys[middle] < key) low = middle + 1;
      else high = middle;
    }
    for (; this.#keys[low] === key; low++) if (this.#isOf(low, md5)) return low;
    return -1;
  }

  /** @param {number} file */
  songsOf(file) {
    return this.#firsts[file + 1] - this.#firsts[file];
  }

  /**
   * @param {number} file
   * @returns {boolean} whether the features of any of its songs are known
   */
  knows(file) {
    for (let song = this.#firsts[file]; song < this.#firsts[file + 1]; song++) {
      if (this.#levels[song] !== UNKNOWN) return true;
    }
    return false;
  }

  /**
   * @param {number} file
   * @param {number} song  from 0
   * @returns {boolean} whether its features are known
   */
  hasFeatures(file, song) {
    return song < this.songsOf(file) && this.#levels[this.#firsts[file] + song] !== UNKNOWN;
  }

  /**
   * @param {number} file
   * @param {number} song  from 0
   * @returns {Record<string, number> | null} its features; null if unknown
   */
  features(file, song) {
    if (!this.hasFeatures(file, song)) return null;
    const values = new Float32Array(FEATURES);
    this.copyFeatures(file, song, values, 0);
    return Object.fromEntries(FEATURE_NAMES.map((name, number) => [name, values[number]]));
  }

  /**
   * Write a song's features; NaN if they are unknown.
   * @param {number} file
   * @param {number} song  from 0, one of the file's
   * @param {Float32Array} target
   * @param {number} at
   */
  copyFeatures(file, song, target, at) {
    const number = this.#firsts[file] + song;
    for (let feature = 0; feature < FEATURES; feature++) {
      const level = this.#levels[feature * this.songs + number];
      target[at + feature] =
        level === UNKNOWN ? Number.NaN : this.#low[feature] + level * this.#step[feature];
    }
  }

  /**
   * @param {number} file
   * @param {number} song  from 0
   * @returns {number | null} seconds until it falls silent
   */
  length(file, song) {
    if (song >= this.songsOf(file)) return null;
    const ending = this.#endings[this.#firsts[file] + song];
    return ending > 0 && ending < FIRST_PROBLEM ? ending / 10 : null;
  }

  /**
   * @param {number} file
   * @param {number} song  from 0
   * @returns {string | null} why it has no features; null if it has, or if nobody has tried
   */
  problem(file, song) {
    if (song >= this.songsOf(file)) return null;
    const code = this.#endings[this.#firsts[file] + song] - FIRST_PROBLEM;
    return code < 0 || code === NOT_ANALYZED ? null : PROBLEMS[code] || OTHER_PROBLEM;
  }

  /**
   * @param {number} file
   * @param {number} song  from 0
   * @returns {Uint8Array | null} null if unknown
   */
  embedding(file, song) {
    if (song >= this.songsOf(file) || !this.width) return null;
    const at = (this.#firsts[file] + song) * this.width;
    const found = this.#embeddings.subarray(at, at + this.width);
    return found.some((value) => value > 0) ? found : null;
  }

  /**
   * @param {number} file
   * @param {string} md5
   */
  #isOf(file, md5) {
    for (let byte = 0; byte < MD5_BYTES; byte++) {
      const digits = md5.slice(2 * byte, 2 * byte + 2);
      if (this.#md5[MD5_BYTES * file + byte] !== Number.parseInt(digits, 16)) return false;
    }
    return true;
  }

  #isConsistent() {
    if (this.#firsts[this.size] !== this.songs) return false;
    if (![...this.#low, ...this.#step].every(Number.isFinite)) return false;
    return this.#keys.every((key, file) => file === 0 || this.#keys[file - 1] <= key);
  }
}

/**
 * @param {ArrayBuffer} bytes
 * @param {number} length
 */
const text = (bytes, length) => String.fromCharCode(...new Uint8Array(bytes, 0, length));

/** @param {ArrayBuffer} bytes */
async function isIntact(bytes) {
  const all = new Uint8Array(bytes);
  const hashed = new Uint8Array(all.length - (DIGEST.end - DIGEST.start));
  hashed.set(all.subarray(0, DIGEST.start));
  hashed.set(all.subarray(DIGEST.end), DIGEST.start);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", hashed));
  return digest.every((value, number) => value === all[DIGEST.start + number]);
}

/**
 * @param {string} what
 * @param {number} found
 * @param {number} needed
 */
function requireVersion(what, found, needed) {
  if (found === needed) return;
  throw new Error(
    `It has version ${found} of the ${what}, but this page needs version ${needed}. ${OTHER_VERSION}`,
  );
}
