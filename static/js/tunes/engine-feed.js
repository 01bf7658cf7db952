/** What the engine is to know of the tunes: those that it doesn't know yet, as columns of typed arrays. */

import { EMBEDDING_WIDTH, FEATURE_NAMES } from "../../../sidflow_feedback/page/messages.js";
import { composersOf } from "./hvsc.js";

/** @typedef {import("./tune-index.js").IndexedTune} Tune */

/**
 * See `CollectionPart` in `sidflow_feedback/types.py`.
 * @typedef {object} Columns
 * @property {Uint8Array} itemIds
 * @property {Uint16Array} songs
 * @property {Uint16Array} startSongs
 * @property {Uint32Array} composers
 * @property {Float32Array} features
 * @property {Uint8Array} codes
 * @property {Uint8Array} hasCode
 */

/** @typedef {{round: number, columns: Columns}} Batch  round: of `EngineFeed.assign` */

/**
 * What codes mean, for `Request.SIMILARITY`; nulls: they are trace embeddings.
 * @typedef {{space: object | null, codebook: Float32Array | null}} Space
 */

/**
 * Where the codes of songs come from.
 * @typedef {object} CodeSource
 * @property {Space} space
 * @property {number} width  bytes of a code
 * @property {(tune: Tune, song: number) => Uint8Array | null} code  of a song, from 0; null if unknown
 */

export class EngineFeed {
  #analyses;
  /** @type {CodeSource} */
  #source;
  /** @type {Set<Tune>} */
  #unsent = new Set();
  /** @type {Tune[]} */
  #underway = [];
  #round = 0;
  /**
   * What `#composerOf` has found, by author.
   * @type {Map<string, number>}
   */
  #composers = new Map();

  /**
   * Codes that are embeddings, of this browser or of an analysis file: the source to begin with.
   * @type {CodeSource}
   */
  embeddings;

  /** @param {import("./analyses.js").Analyses} analyses */
  constructor(analyses) {
    this.#analyses = analyses;
    this.#source = this.embeddings = {
      space: { space: null, codebook: null },
      width: EMBEDDING_WIDTH,
      code: (tune, song) => analyses.embedding(tune, song),
    };
  }

  /** What the codes mean. */
  get space() {
    return this.#source.space;
  }

  /**
   * Send a tune again, or for the first time, if anything is known of its sound.
   * @param {Tune} tune
   * @returns {boolean} whether anything is
   */
  add(tune) {
    const known = this.#analyses.hasFeatures(tune) || this.#hasCode(tune);
    if (known) this.#unsent.add(tune);
    return known;
  }

  /** @param {Iterable<Tune>} tunes  that the engine needn't know */
  remove(tunes) {
    for (const tune of tunes) this.#unsent.delete(tune);
  }

  /**
   * Send all tunes: there is another engine, or another source of codes.
   * @param {Iterable<Tune>} tunes
   * @param {CodeSource} [source]
   */
  restart(tunes, source = this.#source) {
    this.#source = source;
    this.#unsent.clear();
    this.#underway = [];
    this.#round += 1;
    for (const tune of tunes) this.add(tune);
  }

  /**
   * Take tunes to send; null if there are none.
   * @param {number} limit
   * @returns {Batch | null}
   */
  take(limit) {
    for (const tune of this.#underway) this.#unsent.add(tune); // the engine refused them
    const tunes = [];
    for (const tune of this.#unsent) {
      if (tunes.length === limit) break;
      tunes.push(tune);
    }
    this.#underway = [];
    if (!tunes.length) return null;
    for (const tune of tunes) this.#unsent.delete(tune);
    this.#underway = tunes;
    return { round: this.#round, columns: this.#columns(tunes) };
  }

  /**
   * @param {number} round  of the batch that the engine has answered
   * @returns {Tune[]} its tunes; none if they are to be sent again
   */
  answered(round) {
    const tunes = round === this.#round ? this.#underway : [];
    this.#underway = [];
    return tunes;
  }

  /**
   * @param {Tune[]} tunes
   * @returns {Columns}
   */
  #columns(tunes) {
    const { width } = this.#source;
    const total = tunes.reduce((sum, { songs }) => sum + songs, 0);
    const features = new Float32Array(total * FEATURE_NAMES.length);
    const codes = new Uint8Array(total * width);
    const hasCode = new Uint8Array(total);
    let row = 0;
    for (const tune of tunes) {
      this.#analyses.copyFeatures(tune, features, row * FEATURE_NAMES.length);
      for (let song = 0; song < tune.songs; song++, row++) {
        const code = this.#source.code(tune, song);
        if (!code) continue;
        codes.set(code, row * width);
        hasCode[row] = 1;
      }
    }
    return {
      itemIds: new TextEncoder().encode(tunes.map(({ sidPath }) => sidPath).join("\n")),
      songs: Uint16Array.from(tunes, ({ songs }) => songs),
      startSongs: Uint16Array.from(tunes, ({ startSong }) => startSong),
      composers: Uint32Array.from(tunes, (tune) => this.#composerOf(tune)),
      ...{ features, codes, hasCode },
    };
  }

  /**
   * @param {Tune} tune
   * @returns {number} a hash of its composer; 0 if unknown, or for the site's tunes
   */
  #composerOf({ author, locations }) {
    if (!locations) return 0;
    const hash = this.#composers.get(author) ?? hashOf(composersOf(author)[0]?.key ?? "");
    this.#composers.set(author, hash);
    return hash;
  }

  /** @param {Tune} tune */
  #hasCode(tune) {
    for (let song = 0; song < tune.songs; song++) if (this.#source.code(tune, song)) return true;
    return false;
  }
}

/**
 * @param {string} key
 * @returns {number} its FNV-1a hash; 0 if it is empty
 */
function hashOf(key) {
  if (!key) return 0;
  let hash = 0x811c9dc5;
  for (const letter of key) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  return hash >>> 0;
}
