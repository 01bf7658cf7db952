/** The collection of this site: its catalog, which `app/server/collection/catalog.py` writes, and its other files. */

import { hvscPath } from "./hvsc.js";
import { COLLECTION } from "./place.js";

/** @typedef {import("./tune-index.js").Tune} Tune */

/**
 * What the server says about its collection, `CollectionInfo` in `app/server/schema.py`. Addresses are relative.
 * @typedef {object} CollectionInfo
 * @property {string | null} name
 * @property {string | null} catalog
 * @property {string | null} md5
 * @property {string | null} analyses
 * @property {string | null} stil
 */

/**
 * @typedef {object} Catalog
 * @property {number} version
 * @property {string} name
 * @property {string[]} folders
 * @property {number[]} counts  of each folder's tunes
 * @property {string[]} files  names
 * @property {string[]} titles  "": as the file's name says
 * @property {string[]} authors
 * @property {number[]} author  number in `authors`
 * @property {string[]} releases
 * @property {number[]} release  number in `releases`
 * @property {number[]} songs
 * @property {number[]} starts
 * @property {number[]} timed  how many of `lengths` a tune has
 * @property {number[]} lengths  in milliseconds
 */

const VERSION = 1;
const MD5_BYTES = 16;
const GONE = 404;

/** The collection has changed since the server was asked what it has. */
export class OutdatedError extends Error {}

export class SiteCollection {
  #info;
  #root;
  /** @type {string[]} of the tunes, in the catalog's order */
  #paths = [];

  /**
   * @param {CollectionInfo} info
   * @param {string} root  to which its addresses are relative
   */
  constructor(info, root) {
    this.#info = info;
    this.#root = root;
  }

  /**
   * @param {string} root  address of the page
   * @returns {Promise<SiteCollection | null>} null if this site has none
   */
  static async find(root) {
    const info = await (await fetchFile(new URL("api/collection", root), "no-cache")).json();
    return info.catalog ? new SiteCollection(info, root) : null;
  }

  get name() {
    return this.#info.name ?? "";
  }

  /** @returns {Promise<Tune[]>} its tunes, without MD5, which `identify` reads */
  async tunes() {
    const catalog = await (await this.#fetch(this.#info.catalog))?.json();
    if (catalog?.version !== VERSION)
      throw new Error("The site's catalog is of another version. Reload the page.");
    const tunes = tunesOf(catalog, new URL("collection/tunes/", this.#root).href);
    this.#paths = tunes.map(({ sidPath }) => sidPath);
    return tunes;
  }

  /**
   * Read the MD5 of each tune.
   * @param {import("./tune-index.js").TuneIndex} index
   */
  async identify(index) {
    const bytes = new Uint8Array((await (await this.#fetch(this.#info.md5))?.arrayBuffer()) ?? []);
    this.#paths.forEach((path, number) => {
      const tune = index.get(path);
      if (tune) tune.md5 = toHex(bytes.subarray(number * MD5_BYTES, (number + 1) * MD5_BYTES));
    });
  }

  /** @returns {Promise<ArrayBuffer | undefined>} the analysis file */
  async analyses() {
    return (await this.#fetch(this.#info.analyses))?.arrayBuffer();
  }

  /** @returns {Promise<ArrayBuffer | undefined>} STIL.txt */
  async stil() {
    return (await this.#fetch(this.#info.stil))?.arrayBuffer();
  }

  /**
   * @param {string | null} address
   * @throws {OutdatedError}
   */
  async #fetch(address) {
    return address === null ? null : fetchFile(new URL(address, this.#root));
  }
}

/**
 * @param {URL} url
 * @param {RequestCache} [cache]
 */
async function fetchFile(url, cache) {
  const response = await fetch(url, { cache }).catch((cause) => {
    throw new Error("The site's collection can't be loaded: the server can't be reached.", { cause });
  });
  if (response.ok) return response;
  const CollectionError = response.status === GONE ? OutdatedError : Error;
  throw new CollectionError(`The site's collection can't be loaded: the server answered ${response.status}.`);
}

/**
 * @param {Catalog} catalog
 * @param {string} root  address of the tunes
 * @returns {Tune[]}
 */
function tunesOf(catalog, root) {
  /** @type {Tune[]} */
  const tunes = [];
  let length = 0;
  catalog.folders.forEach((folder, number) => {
    const start = folder && `${folder}/`;
    const url = root + start.split("/").map(encodeURIComponent).join("/");
    const inHvsc = hvscPath(`${catalog.name}/${start}`);
    for (let left = catalog.counts[number]; left > 0; left--) {
      const at = tunes.length;
      const file = catalog.files[at];
      const path = start + file;
      const end = length + catalog.timed[at];
      tunes.push({
        ...{ sidPath: path, url: url + encodeURIComponent(file), md5: "", hvscPath: inHvsc && inHvsc + file },
        title: catalog.titles[at] || titleOf(file),
        author: catalog.authors[catalog.author[at]],
        released: catalog.releases[catalog.release[at]],
        ...{ songs: catalog.songs[at], startSong: catalog.starts[at] },
        lengths: catalog.lengths.slice(length, end).map((milliseconds) => milliseconds / 1000),
        locations: [{ folder: COLLECTION, path, size: 0, modified: 0 }],
      });
      length = end;
    }
  });
  return tunes;
}

/** @param {string} file */
const titleOf = (file) => file.slice(0, file.lastIndexOf(".")).replaceAll("_", " ");

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** @param {Uint8Array} bytes */
function toHex(bytes) {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}
