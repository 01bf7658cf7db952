/** All tunes in memory, the site's and the listener's: search and order. Independent of database and page. */

import { fold } from "./fold.js";
import { yearOf } from "./hvsc.js";
import { COLLECTION, FILES, inPlace, SITE } from "./place.js";
import { sortBy } from "./sorting.js";
import { testsOf } from "./tune-filter.js";

/** @typedef {import("./schema.js").AnalysisRow} AnalysisRow */
/** @typedef {import("./schema.js").TuneRow} TuneRow */

/** @typedef {"md5" | "hvscPath" | "locations" | "added"} OwnFields  of the listener's tunes only */

/**
 * @typedef {object} TuneState
 * @property {number} [row]  of the tune's song 1 in the engine
 * @property {number} [fileNumber]  number of its file in the analysis file
 * @property {{lengths: (number | null)[], lengthSource: "measured"}} [measured]  lengths from the analysis
 * @property {string} [url]  of a file of the site
 */

/**
 * A tune of the site or of the listener.
 * @typedef {Omit<TuneRow, OwnFields> & Partial<Pick<TuneRow, OwnFields>> & TuneState
 *   & Omit<AnalysisRow, "sidPath" | "lengths">} Tune
 */

/** @typedef {Tune & {text: string}} IndexedTune  text: what the search looks through */

/** @typedef {import("./place.js").Place} Place */

/**
 * What the list shows: of the tunes of a place that have all words of `text` and pass all filters.
 * @typedef {Place & import("./tune-filter.js").Filters & {text?: string, order?: string}} Query
 */

const FOR_YOU = "for-you";
const LISTED = "catalog";

/** Ends the name of an order that is the other way round. */
const REVERSED = "-reversed";

/** Folders of the site, in their order. */
const SITES = [SITE, COLLECTION];

const VALUES = 4;
const PREFERENCE = 3;

export class TuneIndex {
  /** @type {Map<string, IndexedTune>} */
  #tunes = new Map();
  /**
   * Folders in the order in which they were added, with their tunes in the order of the list.
   * @type {Map<string, IndexedTune[]>}
   */
  #folders = new Map([
    [FILES, []],
    [SITE, []],
  ]);
  /** @type {Map<number, IndexedTune>} by the engine's row of song 1 */
  #byRow = new Map();
  /** @type {Set<string>} MD5s of the listener's tunes */
  #ownHashes = new Set();
  #scores = new Float32Array();
  #sureness = new Uint8Array();
  /** @type {Map<string, IndexedTune[]>} */
  #orders = new Map();
  #notesOf;

  /**
   * The preferences' names for the orders of the list, and what each sorts by.
   * @type {Record<string, import("./sorting.js").SortKey>}
   */
  #keys = {
    title: (tune) => fold(tune.title),
    author: (tune) => fold(tune.author) || null,
    year: (tune) => yearOf(tune.released) && yearOf(tune.released) + fold(tune.title),
    length: (tune) => this.#lengthOf(tune),
    [FOR_YOU]: (tune) => {
      const prediction = this.prediction(tune);
      return prediction && -prediction[PREFERENCE];
    },
  };
  #lengthOf;

  /**
   * @param {(tune: Tune) => string} notesOf  what the search looks through besides the tune itself
   * @param {(tune: Tune) => number | null} lengthOf  seconds of the start song
   */
  constructor(notesOf = () => "", lengthOf = (tune) => tune.lengths[tune.startSong - 1] ?? null) {
    this.#notesOf = notesOf;
    this.#lengthOf = lengthOf;
  }

  get size() {
    return this.#tunes.size;
  }

  /** @param {string} sidPath */
  get(sidPath) {
    return this.#tunes.get(sidPath);
  }

  values() {
    return this.#tunes.values();
  }

  /** The tunes of the list: each once, even if the listener has a copy of a tune of the site. */
  listed() {
    return this.#ordered(LISTED, false);
  }

  /**
   * @param {Tune} tune
   * @returns {boolean} whether it is the site's, and the listener has a copy, which is listed instead
   */
  hasOwnCopy({ url, md5 }) {
    return url !== undefined && md5 !== undefined && this.#ownHashes.has(md5);
  }

  /**
   * Append a tune to its folder. The index must not contain a tune with the same `sidPath`.
   * @param {Tune} tune
   */
  add(tune) {
    const indexed = Object.assign(tune, { text: this.#textOf(tune) });
    this.#tunes.set(tune.sidPath, indexed);
    if (isOwn(tune) && tune.md5) this.#ownHashes.add(tune.md5);
    this.#folder(indexed).push(indexed);
    this.#orders.clear();
  }

  /**
   * Let the search find tunes by what they are now.
   * @param {Tune[]} tunes
   */
  refreshText(tunes) {
    for (const tune of tunes) Object.assign(tune, { text: this.#textOf(tune) });
  }

  /** @param {Tune[]} tunes */
  remove(tunes) {
    /** @type {Set<Tune>} */
    const removed = new Set(tunes);
    for (const tune of removed) {
      this.#tunes.delete(tune.sidPath);
      if (isOwn(tune)) this.#ownHashes.delete(tune.md5 ?? "");
      if (tune.row !== undefined) this.#byRow.delete(tune.row);
    }
    for (const [id, list] of this.#folders) {
      this.#folders.set(
        id,
        list.filter((tune) => !removed.has(tune)),
      );
    }
    this.#orders.clear();
  }

  /**
   * Sort the folders, single files by newest first, and the tunes of other folders by path.
   * @param {Iterable<string>} folders  ids in their order
   */
  arrange(folders) {
    const own = [...this.#tunes.values()].filter((tune) => tune.locations);
    this.#folders = new Map(
      [FILES, SITE, ...folders].map((id) => [id, (id === SITE && this.#folders.get(SITE)) || []]),
    );
    for (const tune of own) this.#folder(tune).push(tune);
    for (const [id, list] of this.#folders) {
      if (id === FILES) list.sort((one, other) => (other.added ?? 0) - (one.added ?? 0));
      else if (id !== SITE) this.#folders.set(id, sortBy(list, firstPath));
    }
    this.#orders.clear();
  }

  /** @returns {Record<string, number>} number of tunes in each folder */
  counts() {
    return Object.fromEntries([...this.#folders].map(([id, list]) => [id, list.length]));
  }

  /**
   * Set the engine's rows of tunes.
   * @param {IndexedTune[]} tunes
   * @param {number[]} rows  of each tune's song 1
   */
  assignRows(tunes, rows) {
    tunes.forEach((tune, number) => {
      if (this.#tunes.get(tune.sidPath) !== tune) return; // removed meanwhile
      tune.row = rows[number];
      this.#byRow.set(rows[number], tune);
    });
    this.#forgetPredicted();
  }

  /** Delete all rows and predictions, because there is another engine. */
  resetRows() {
    for (const tune of this.#byRow.values()) tune.row = undefined;
    this.#byRow.clear();
    this.setScores(new Float32Array(), new Uint8Array());
  }

  /** @param {number} row  of a tune's song 1 */
  at(row) {
    return this.#byRow.get(row);
  }

  /**
   * Set the model's predictions.
   * @param {Float32Array<ArrayBuffer>} scores  four numbers for each row
   * @param {Uint8Array<ArrayBuffer>} sureness  a byte for each row, with two bits for each number
   */
  setScores(scores, sureness) {
    this.#scores = scores;
    this.#sureness = sureness;
    this.#forgetPredicted();
  }

  /**
   * @param {Tune} tune
   * @param {number} song  from 1
   * @returns {number[] | null} predicted energy, mood, complexity, and preference
   */
  prediction(tune, song = tune.startSong) {
    const at = rowOf(tune, song) * VALUES;
    if (at < 0 || at >= this.#scores.length || Number.isNaN(this.#scores[at])) return null;
    return [...this.#scores.subarray(at, at + VALUES)];
  }

  /**
   * @param {Tune} tune
   * @returns {number[]} how sure each prediction of its start song is, from 0 (can't tell) to 3
   */
  sureness(tune) {
    const levels = this.levels(tune);
    return Array.from({ length: VALUES }, (_, number) => (levels >> (2 * number)) & 3);
  }

  /**
   * @param {Tune} tune
   * @param {number} song  from 1
   * @returns {number} the same in one number, with two bits for each prediction
   */
  levels(tune, song = tune.startSong) {
    return this.#sureness[rowOf(tune, song)] ?? 0;
  }

  /**
   * @param {Query} query
   * @returns {IndexedTune[]}
   */
  view({ text = "", order = LISTED, ...query }) {
    const { folder, path, composer, year, ...filters } = query;
    const place = { folder, path, composer, year };
    const words = fold(text).split(/\s+/).filter(Boolean);
    const isSites = folder === COLLECTION;
    const usual = composer && !filters.only ? "year" : LISTED;
    const all = this.#inOrder(order === LISTED ? usual : order, isSites, filters.only);
    const tests = testsOf(
      filters,
      (tune, dimension) => this.#told(tune, dimension),
      () => this.listed(),
    );
    const isHere = inPlace(place);
    if (isHere) tests.push(isHere);
    if (words.length) tests.push((tune) => words.every((word) => tune.text.includes(word)));
    return tests.length ? all.filter((tune) => tests.every((passes) => passes(tune))) : all;
  }

  /**
   * @param {string} order
   * @param {boolean} isSites
   * @param {string[]} [only]  tunes that have an order of their own
   */
  #inOrder(order, isSites, only) {
    if (!only || order !== LISTED) return this.#ordered(order, isSites);
    return only.flatMap((sidPath) => this.#tunes.get(sidPath) ?? []);
  }

  /**
   * @param {Tune} tune
   * @param {number} dimension
   * @returns {number | null} the prediction for the start song; null if the model can't tell
   */
  #told(tune, dimension) {
    const row = rowOf(tune, tune.startSong);
    const value = this.#scores[row * VALUES + dimension];
    return row < 0 || Number.isNaN(value ?? Number.NaN) || !((this.levels(tune) >> (2 * dimension)) & 3)
      ? null
      : value;
  }

  /**
   * @param {Tune[]} tunes
   * @returns {number | null} the predicted preference in the mean, of those of which the model can tell
   */
  match(tunes) {
    const known = tunes.flatMap((tune) => this.#told(tune, PREFERENCE) ?? []);
    return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
  }

  /**
   * @param {string} order
   * @param {boolean} isSites  whether only the tunes of the site's collection are wanted
   */
  #ordered(order, isSites) {
    const key = isSites ? `${COLLECTION} ${order}` : order;
    const sorted = this.#orders.get(key) ?? this.#sorted(order, isSites);
    this.#orders.set(key, sorted);
    return sorted;
  }

  #forgetPredicted() {
    for (const key of this.#orders.keys()) if (key.includes(FOR_YOU)) this.#orders.delete(key);
  }

  /** Sort by length again: lengths of tunes have become known. */
  forgetLengths() {
    for (const key of this.#orders.keys()) if (key.includes("length")) this.#orders.delete(key);
  }

  /**
   * @param {string} order
   * @param {boolean} isSites
   */
  #sorted(order, isSites) {
    const list = isSites ? (this.#folders.get(COLLECTION) ?? []) : this.#all();
    const reversed = order.endsWith(REVERSED);
    const key = this.#keys[reversed ? order.slice(0, -REVERSED.length) : order];
    return key ? sortBy(list, key, reversed) : list;
  }

  /** @returns {IndexedTune[]} each tune once: first what the listener has added, then what the site has */
  #all() {
    const folders = [...this.#folders].sort(([one], [other]) => SITES.indexOf(one) - SITES.indexOf(other));
    return folders.flatMap(([, tunes]) => tunes).filter((tune) => !this.hasOwnCopy(tune));
  }

  /** @param {Tune} tune */
  #textOf(tune) {
    const { title, author, released, hvscPath } = tune;
    return fold(`${title} ${author} ${released} ${hvscPath || firstPath(tune)} ${this.#notesOf(tune)}`);
  }

  /**
   * @param {Tune} tune
   * @returns {IndexedTune[]} the tunes in its folder
   */
  #folder(tune) {
    const id = tune.locations ? tune.locations[0].folder : SITE;
    const list = this.#folders.get(id) ?? [];
    this.#folders.set(id, list);
    return list;
  }
}

/**
 * @param {Tune} tune
 * @param {number} song  from 1
 * @returns {number} the engine's row of the song; negative if the engine doesn't know the tune
 */
const rowOf = ({ row }, song) => (row === undefined ? -1 : row + song - 1);

/** @param {Tune} tune */
const firstPath = (tune) => tune.locations?.[0].path ?? "";

/**
 * @param {TuneIndex} index
 * @returns {import("./indexing.js").Tune[]} the listener's
 */
export const ownTunes = (index) =>
  /** @type {import("./indexing.js").Tune[]} */ ([...index.values()].filter(isOwn));

/** @param {Tune} tune */
export const isOwn = ({ locations, url }) => locations !== undefined && url === undefined;

/** @param {Tune} tune */
export const isOfCollection = ({ locations, url }) => locations !== undefined && url !== undefined;

/**
 * @param {Tune} tune
 * @returns {boolean} whether nobody knows the lengths of its songs better than the analysis
 */
export const hasMeasuredLengths = ({ locations, lengths }) => locations !== undefined && lengths.length === 0;
