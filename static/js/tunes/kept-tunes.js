/** The tunes of the site that the service worker has kept: without a network, no others can be read. */

import { encodeBase64 } from "./base64.js";
import { isOwn } from "./tune-index.js";

/** Begins the names of the service worker's caches. */
const CACHES = "sidflow-";

export class KeptTunes {
  /**
   * The addresses of all that is kept, as tunes have them: those below the site's catalog are relative to it.
   * @type {Set<string> | null} null: there is a network
   */
  #addresses = null;

  /** How often the network has gone or come back: what was read before counts no more. */
  #changes = 0;

  /**
   * Read what is kept.
   * @param {string} catalog  address of the site's catalog
   */
  async read(catalog) {
    this.#changes += 1;
    const changes = this.#changes;
    const folder = new URL(".", catalog).href;
    /** @type {Set<string>} */
    const found = new Set();
    const names = (await globalThis.caches?.keys()) ?? []; // there are none in an insecure context
    for (const name of names.filter((name) => name.startsWith(CACHES))) {
      for (const { url } of await (await caches.open(name)).keys()) {
        found.add(url.startsWith(folder) ? url.slice(folder.length) : url);
      }
    }
    if (changes === this.#changes) this.#addresses = found;
  }

  /** Forget what is kept: there is a network. */
  clear() {
    this.#changes += 1;
    this.#addresses = null;
  }

  /**
   * @param {number} from
   * @param {number} count
   * @returns {string[]} the addresses at these positions
   */
  slice(from, count) {
    return [...(this.#addresses ?? [])].slice(from, from + count);
  }

  /**
   * @param {import("./tune-index.js").Tune} tune
   * @returns {boolean} whether it can be read
   */
  has(tune) {
    return this.#addresses === null || isOwn(tune) || this.#addresses.has(tune.url ?? "");
  }

  /**
   * @param {import("./tune-index.js").IndexedTune[]} tunes
   * @returns {string | null} of those that can be read, the engine's rows as bits in base64; null: there is a network
   */
  rows(tunes) {
    if (this.#addresses === null) return null;
    const rows = tunes.flatMap((tune) => (tune.row !== undefined && this.has(tune) ? tune.row : []));
    const bits = new Uint8Array(Math.ceil((rows.reduce((one, other) => Math.max(one, other), 0) + 1) / 8));
    for (const row of rows) bits[row >> 3] |= 1 << (row & 7);
    return encodeBase64(bits);
  }
}
