/** A zip with tunes: its files are unpacked one by one, when they are read. Loaded with the first zip. */

import { unzipRaw } from "../../vendor/unzipit/unzipit.module.js";
import { documentKind, isTune } from "./reading.js";
import { joinEntries } from "./two-files.js";

/** @typedef {import("./reading.js").Entry} Entry */
/** @typedef {import("./reading.js").SourceFile} SourceFile */
/** @typedef {import("../../vendor/unzipit/unzipit.module.js").ZipEntry} ZipEntry */

/** Bytes that are read from the zip at a time: its files are small and follow each other. */
const WINDOW = 2 ** 20;

/** Windows that are kept, because several files are read at the same time. */
const WINDOWS = 2;

/** The largest part of a zip that is read at once, such as its table of contents. */
const MAX_READ = 64 * 2 ** 20;

/** Files of a zip; the HVSC has 60,000. */
const MAX_FILES = 200_000;

/** What a zip may hold without question, and how much larger than the zip the files may be beyond that. */
const MAX_SIZE = { bytes: 2 ** 27, ratio: 50 };

const UNPACK = "Unpack it, and add the folder instead.";

export class Archive {
  /**
   * @param {string} name  without the suffix
   * @param {ArchivedFile[]} files  tunes and documents, in the order of the zip
   */
  constructor(name, files) {
    this.name = name;
    this.files = files;
  }

  /**
   * @param {File} file  a zip
   * @returns {Promise<Archive>}
   * @throws {Error} it is damaged or may do harm; the message is for the listener
   */
  static async open(file) {
    const { entries } = await unzipRaw(new WindowReader(file)).catch((error) => {
      throw new Error(`${file.name} can't be read as a zip (${error.message}). Get it again, or unpack it.`);
    });
    check(file, entries);
    const files = entries.filter(({ name }) => isTune(name) || documentKind(name));
    if (!files.length && entries.some(({ name }) => isZip(name))) {
      throw new Error(`${file.name} holds no tunes, but another zip. ${UNPACK}`);
    }
    return new Archive(
      file.name.replace(/\.zip$/i, ""),
      files.map((entry) => new ArchivedFile(entry)),
    );
  }

  /** @returns {AsyncGenerator<Entry>} */
  async *entries() {
    yield* joinEntries(this.files.map((file) => ({ path: file.path, open: async () => file })));
  }
}

/**
 * Refuse a zip that may do harm.
 * @param {File} file
 * @param {ZipEntry[]} entries
 */
function check(file, entries) {
  const outside = entries.find(({ name }) => leadsOut(name));
  if (outside) {
    throw new Error(
      `${file.name} is not safe: the path of its file ${outside.name} leads out of the zip. Nothing was added.`,
    );
  }
  if (entries.length > MAX_FILES) {
    throw new Error(`${file.name} has ${entries.length} files; at most ${MAX_FILES} can be read. ${UNPACK}`);
  }
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  if (bytes > MAX_SIZE.bytes && bytes > MAX_SIZE.ratio * file.size) {
    const times = Math.round(bytes / file.size);
    throw new Error(
      `${file.name} is not safe: unpacked, it would be ${times} times as large. Nothing was added.`,
    );
  }
}

/** @param {string} path */
const leadsOut = (path) => /^[/\\]|^[a-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)|\0/i.test(path);

/** @param {string} path */
const isZip = (path) => /\.zip$/i.test(path);

/** A file in the zip, unpacked whenever it is read. */
class ArchivedFile {
  #entry;

  /** @param {ZipEntry} entry */
  constructor(entry) {
    this.#entry = entry;
    this.path = entry.name;
    this.size = entry.size;
    this.lastModified = entry.lastModDate.getTime();
  }

  /** @returns {Promise<ArrayBuffer>} rejects if there are other bytes than the zip has declared */
  arrayBuffer() {
    if (this.#entry.encrypted) return Promise.reject(new Error(`The file needs a password. ${UNPACK}`));
    return this.#entry.arrayBuffer().catch((error) => {
      throw new Error(`The file in the zip is damaged (${error.message}).`);
    });
  }
}

/** Reads a file in large windows. */
class WindowReader {
  #file;
  /** @type {{start: number, bytes: Promise<Uint8Array<ArrayBuffer>>}[]} */
  #windows = [];

  /** @param {File} file */
  constructor(file) {
    this.#file = file;
  }

  async getLength() {
    return this.#file.size;
  }

  /**
   * @param {number} offset
   * @param {number} length
   */
  async read(offset, length) {
    if (length > MAX_READ) throw new Error(`it has a part of ${length} bytes`);
    if (length > WINDOW) return this.#slice(offset, length);
    const { start, bytes } = this.#windowOf(offset, length);
    return (await bytes).subarray(offset - start, offset - start + length);
  }

  /**
   * @param {number} offset
   * @param {number} length
   */
  #windowOf(offset, length) {
    const known = this.#windows.find(({ start }) => offset >= start && offset + length <= start + WINDOW);
    if (known) return known;
    const added = { start: offset, bytes: this.#slice(offset, WINDOW) };
    this.#windows = [added, ...this.#windows].slice(0, WINDOWS);
    return added;
  }

  /**
   * @param {number} offset
   * @param {number} length
   */
  async #slice(offset, length) {
    return new Uint8Array(await this.#file.slice(offset, offset + length).arrayBuffer());
  }
}
