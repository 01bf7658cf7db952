/** All tunes in memory, the site's and the listener's: search and order. Independent of database and page. */

/** The preferences' names for the orders of the list, and the field that each sorts by. */
const ORDERS = { "for-you": "preference", title: "title", author: "author" };

/** Id of the folder for files that were added one by one. */
export const FILES = "files";

/** Id of the folder for the site's tunes. */
export const SITE = "site";

const VALUES = 4;
const PREFERENCE = 3;

export class TuneIndex {
  #tunes = new Map();
  /** Folders in the order in which they were added, with their tunes in the order of the list. */
  #folders = new Map([
    [FILES, []],
    [SITE, []],
  ]);
  #scores = new Float32Array();
  #orders = new Map();

  get size() {
    return this.#tunes.size;
  }

  get(sidPath) {
    return this.#tunes.get(sidPath);
  }

  values() {
    return this.#tunes.values();
  }

  /** Append a tune to its folder. The index must not contain a tune with the same `sidPath`. */
  add(tune) {
    this.#tunes.set(tune.sidPath, tune);
    tune.text = fold(`${tune.title} ${tune.author} ${tune.released}`);
    this.#folder(tune).push(tune);
    this.#orders.clear();
  }

  remove(tunes) {
    const removed = new Set(tunes);
    for (const tune of removed) this.#tunes.delete(tune.sidPath);
    for (const [id, list] of this.#folders) {
      this.#folders.set(
        id,
        list.filter((tune) => !removed.has(tune)),
      );
    }
    this.#orders.clear();
  }

  /** Sort folders in the order given, single files by newest first, and the tunes of other folders by path. */
  arrange(folders) {
    const own = [...this.#tunes.values()].filter((tune) => tune.places);
    this.#folders = new Map(
      [FILES, SITE, ...folders].map((id) => [id, id === SITE ? this.#folders.get(SITE) : []]),
    );
    for (const tune of own) this.#folder(tune).push(tune);
    for (const [id, list] of this.#folders) {
      if (id === FILES) list.sort((one, other) => other.added - one.added);
      else if (id !== SITE) list.sort((one, other) => compare(one.places[0].path, other.places[0].path));
    }
    this.#orders.clear();
  }

  /** Number of tunes in each folder. */
  counts() {
    return Object.fromEntries([...this.#folders].map(([id, list]) => [id, list.length]));
  }

  /** Set the engine's rows of these tunes; `reset` deletes all others, which are another engine's. */
  assignRows(sidPaths, rows, reset) {
    if (reset) for (const tune of this.#tunes.values()) tune.row = undefined;
    sidPaths.forEach((sidPath, number) => {
      const tune = this.#tunes.get(sidPath);
      if (tune) tune.row = rows[number];
    });
    this.#orders.delete("for-you");
  }

  /** Set the model's predictions: four numbers for each row. */
  setScores(scores) {
    this.#scores = scores;
    this.#orders.delete("for-you");
  }

  /** @returns {number[] | null} predicted energy, mood, complexity and preference of a tune's first song */
  prediction(tune) {
    const at = (tune.row ?? -1) * VALUES;
    if (at < 0 || at >= this.#scores.length || Number.isNaN(this.#scores[at])) return null;
    return [...this.#scores.subarray(at, at + VALUES)];
  }

  /**
   * @param {{text?: string, order?: string, folder?: string}} query  text: words that must all occur
   * @returns {object[]} tunes
   */
  view({ text = "", order = "catalog", folder = "" }) {
    const words = fold(text).split(/\s+/).filter(Boolean);
    const all = this.#ordered(order);
    if (!words.length && !folder) return all;
    return all.filter(
      (tune) => (!folder || isIn(tune, folder)) && words.every((word) => tune.text.includes(word)),
    );
  }

  #ordered(order) {
    if (!this.#orders.has(order)) this.#orders.set(order, this.#sorted(ORDERS[order]));
    return this.#orders.get(order);
  }

  #sorted(by) {
    const list = [...this.#folders.values()].flat();
    if (by === "preference") return sortBy(list, (tune) => -(this.prediction(tune)?.[PREFERENCE] ?? 0));
    return by ? sortBy(list, (tune) => fold(tune[by])) : list;
  }

  #folder(tune) {
    const id = tune.places ? tune.places[0].folder : SITE;
    if (!this.#folders.has(id)) this.#folders.set(id, []);
    return this.#folders.get(id);
  }
}

function isIn(tune, folder) {
  return tune.places ? tune.places.some((place) => place.folder === folder) : folder === SITE;
}

/** Computes each key once. `Intl.Collator` would take a second for 60,000 tunes. */
function sortBy(list, key) {
  const keyed = list.map((tune) => [key(tune), tune]);
  keyed.sort(([one], [other]) => compare(one, other));
  return keyed.map(([, tune]) => tune);
}

const compare = (one, other) => (one < other ? -1 : one > other ? 1 : 0);

/** Remove case and accents, so that "hulsbeck" finds "Hülsbeck". */
const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
