/** What the list shows of the tunes, in which order, and what follows a tune there. */

import { yearOf } from "./hvsc.js";
import { FILES } from "./place.js";
import { pathsOf, playlistOf } from "./playlist.js";

/** @typedef {import("./row.js").ListedTune} ListedTune */
/** @typedef {import("./tune-index.js").IndexedTune} IndexedTune */
/** @typedef {import("./tune-index.js").Tune} Tune */

/** What a tune must not be to follow another one: `sidPath`s, and ids of folders. */
/** @typedef {{unplayable: string[], lost: string[]}} Exclusions */

export class ListView {
  #index;
  #analyses;
  #playlists;
  #kept;
  /** @type {IndexedTune[]} */
  #tunes = [];

  /** Whether the tunes are those of a composer. */
  #isComposer = false;

  /** @type {IndexedTune[] | null} tunes that play in this order, whatever the list shows now */
  #program = null;

  /** @type {[number, number]} first visible position, and the one after the last */
  #visible = [0, 0];

  /**
   * @param {import("./tune-index.js").TuneIndex} index
   * @param {import("./analyses.js").Analyses} analyses
   * @param {import("./playlists.js").Playlists} playlists
   * @param {Pick<import("./kept-tunes.js").KeptTunes, "has">} kept
   */
  constructor(index, analyses, playlists, kept) {
    this.#kept = kept;
    this.#playlists = playlists;
    this.#index = index;
    this.#analyses = analyses;
  }

  /**
   * Set the tunes that the list shows, and their order.
   * @param {import("./tune-index.js").Query & {playlist?: string}} query
   * @returns {{count: number, all: number}}
   */
  show({ playlist, ...query }) {
    const only = playlist ? this.#playlists.tunesOf(playlist) : undefined;
    this.#tunes = this.#index.view({ ...query, only });
    this.#isComposer = Boolean(query.composer);
    return { count: this.#tunes.length, all: this.#index.listed().length };
  }

  /**
   * @param {number} from
   * @param {number} to
   * @returns {ListedTune[]} the tunes at these positions, which are visible now
   */
  slice(from, to) {
    this.#visible = [from, to];
    return this.#tunes.slice(from, to).map((tune) => this.#row(tune));
  }

  /** The visible tunes. */
  get visible() {
    return this.#tunes.slice(...this.#visible);
  }

  /** Yield the tunes below the visible ones, then all in the list's order. */
  *beyond() {
    yield* this.#tunes.slice(this.#visible[1]);
    yield* this.#index.listed();
  }

  /** @param {number} position */
  at(position) {
    return this.#tunes[position];
  }

  /** @param {string} sidPath */
  position(sidPath) {
    return this.#tunes.findIndex((tune) => tune.sidPath === sidPath);
  }

  /**
   * @param {string[] | null} sidPaths
   * @returns {string} a playlist of these tunes, or of what the list shows
   */
  playlist(sidPaths) {
    const tunes = sidPaths?.map((sidPath) => this.#index.get(sidPath)).filter((tune) => tune !== undefined);
    return playlistOf(tunes ?? this.#tunes, (tune) => this.#analyses.startLengthOf(tune));
  }

  /** @returns {string} the paths of what the list shows, a line for each */
  paths() {
    return pathsOf(this.#tunes);
  }

  /**
   * Let the tunes of the list follow each other, whatever it shows later.
   * @returns {IndexedTune | undefined} the first one
   */
  startProgram() {
    this.#program = this.#tunes;
    return this.#tunes[0];
  }

  endProgram() {
    this.#program = null;
  }

  /**
   * Return the tunes that follow one in the program or the list, which wrap around. Tunes and folders that can't be
   * played are left out, and without a network, what isn't kept. If nothing is left, all tunes count.
   * @param {string} sidPath
   * @param {number} count
   * @param {Exclusions} exclusions
   * @returns {IndexedTune[]}
   */
  following(sidPath, count, { unplayable, lost }) {
    const [bad, gone] = [new Set(unplayable), new Set(lost)];
    /** @param {Tune} tune */
    const plays = (tune) =>
      tune.sidPath !== sidPath && !bad.has(tune.sidPath) && !isIn(tune, gone) && this.#kept.has(tune);
    for (const list of [this.#program ?? this.#tunes, this.#index.view({})]) {
      const start = list.findIndex((tune) => tune.sidPath === sidPath) + 1;
      const found = firstOf(list, start, plays, count);
      if (found.length) return found;
    }
    return [];
  }

  /**
   * @param {Tune} tune
   * @returns {ListedTune}
   */
  #row(tune) {
    const { sidPath, title } = tune;
    return {
      sidPath,
      title,
      author: this.#isComposer ? tune.released : tune.author,
      year: yearOf(tune.released),
      length: this.#analyses.startLengthOf(tune),
      prediction: this.#index.prediction(tune),
      sureness: this.#index.sureness(tune),
      sound: this.#analyses.soundOf(tune),
      inFolder: tune.locations?.some(({ folder }) => folder !== FILES) ?? false,
      favorite: this.#playlists.isFavorite(sidPath),
    };
  }
}

/**
 * @param {Tune} tune
 * @param {Set<string>} gone  folders
 * @returns {boolean} whether the tune is in these folders only
 */
const isIn = ({ locations }, gone) => locations?.every(({ folder }) => gone.has(folder)) ?? false;

/**
 * @template Item
 * @param {Item[]} list
 * @param {number} start
 * @param {(item: Item) => boolean} wanted
 * @param {number} count
 * @returns {Item[]} at most so many wanted items from `start` on, around to the one before it
 */
function firstOf(list, start, wanted, count) {
  /** @type {Item[]} */
  const found = [];
  for (let number = 0; number < list.length && found.length < count; number++) {
    const item = list[(start + number) % list.length];
    if (wanted(item)) found.push(item);
  }
  return found;
}
