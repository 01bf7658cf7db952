/** The listener's playlists and favorites. All tabs have the same ones. */

/** @typedef {import("./schema.js").PlaylistRow} Playlist */

/** Id of the list of favorites, which always exists. */
export const FAVORITES = "favorites";

/** BroadcastChannel of the workers of all tabs: playlists have changed. */
const CHANNEL = "sidflow-playlists";
const [CHANGED, WIPED] = ["changed", "wiped"];

export class Playlists {
  #database;
  #onChange;
  /** @type {Map<string, Playlist>} */
  #lists = new Map();
  #otherTabs = new BroadcastChannel(CHANNEL);

  /**
   * @param {import("./best-effort-database.js").BestEffortDatabase} database
   * @param {(isWiped: boolean) => void} onChange  called after a change in this tab or another one; isWiped: the
   *   listener has deleted everything
   */
  constructor(database, onChange) {
    this.#database = database;
    this.#onChange = onChange;
    this.#otherTabs.onmessage = ({ data }) => this.load(data === WIPED);
    this.loaded = this.load();
  }

  /** Read the stored playlists. */
  async load(isWiped = false) {
    const stored = await this.#database.read((tables) => tables.playlists(), null);
    if (stored) this.#lists = new Map(stored.map((list) => [list.id, list]));
    this.#onChange(isWiped);
  }

  /** @returns {Playlist[]} favorites first, then the others by name */
  all() {
    const others = [...this.#lists.values()].filter(({ id }) => id !== FAVORITES);
    others.sort((one, other) => one.name.localeCompare(other.name));
    return [this.#favorites, ...others];
  }

  /**
   * @param {string} id
   * @returns {string[]} `sidPath`s in the list's order; none if there is no such list
   */
  tunesOf(id) {
    return this.#lists.get(id)?.tunes ?? [];
  }

  /** @param {string} sidPath */
  isFavorite(sidPath) {
    return this.#favorites.tunes.includes(sidPath);
  }

  /**
   * @param {string} name
   * @param {string[]} tunes  `sidPath`s
   * @returns {Promise<string>} the name that it got: another one if a list has that name
   */
  create(name, tunes) {
    return this.restore({ id: crypto.randomUUID(), name, tunes: [...new Set(tunes)] });
  }

  /**
   * Store a new playlist, or one that was deleted.
   * @param {Playlist} list
   * @returns {Promise<string>} the name that it got
   */
  async restore(list) {
    await this.loaded;
    const name = this.#freeName(list);
    await this.#put({ ...list, name });
    return name;
  }

  /**
   * @param {string} id
   * @returns {Promise<Playlist | null>} what was deleted, for `restore`
   */
  async delete(id) {
    await this.loaded;
    const list = this.#lists.get(id) ?? null;
    this.#lists.delete(id);
    await this.#database.write((tables) => tables.deletePlaylist(id));
    this.#changed();
    return list;
  }

  /**
   * @param {string} id
   * @param {string} name
   * @returns {Promise<string>} the name that it got; "" if there is no such list
   */
  async rename(id, name) {
    await this.loaded;
    const list = this.#lists.get(id);
    return list ? this.restore({ ...list, name }) : "";
  }

  /**
   * Append tunes, but for those that are in the list.
   * @param {string} id
   * @param {string[]} tunes
   * @returns {Promise<number | null>} how many were appended; null if there is no such list
   */
  async add(id, tunes) {
    await this.loaded; // Otherwise they would replace the stored ones.
    const list = id === FAVORITES ? this.#favorites : this.#lists.get(id);
    if (!list) return null;
    const all = [...new Set([...list.tunes, ...tunes])];
    await this.#put({ ...list, tunes: all });
    return all.length - list.tunes.length;
  }

  /**
   * @param {string} id
   * @param {string} sidPath
   */
  async remove(id, sidPath) {
    await this.loaded;
    const list = this.#lists.get(id);
    if (list) await this.#put({ ...list, tunes: list.tunes.filter((tune) => tune !== sidPath) });
  }

  /**
   * Move a tune past another one.
   * @param {string} id
   * @param {string} sidPath
   * @param {string} other
   */
  async move(id, sidPath, other) {
    await this.loaded;
    const list = this.#lists.get(id);
    const to = list?.tunes.indexOf(other) ?? -1;
    if (!list || to < 0) return;
    const tunes = list.tunes.filter((tune) => tune !== sidPath);
    tunes.splice(to, 0, sidPath);
    await this.#put({ ...list, tunes });
  }

  /** Forget all; the database is emptied elsewhere. */
  clear() {
    this.#lists.clear();
    this.#changed(WIPED);
  }

  /** @returns {Playlist} */
  get #favorites() {
    return this.#lists.get(FAVORITES) ?? { id: FAVORITES, name: "Favorites", tunes: [] };
  }

  /** @param {Playlist} list */
  async #put(list) {
    this.#lists.set(list.id, list);
    await this.#database.write((tables) => tables.putPlaylist(list));
    this.#changed();
  }

  #changed(what = CHANGED) {
    this.#otherTabs.postMessage(what);
    this.#onChange(what === WIPED);
  }

  /**
   * @param {Playlist} list
   * @returns {string} its name, with a number if another list has it
   */
  #freeName(list) {
    const others = this.all().filter(({ id }) => id !== list.id);
    const names = new Set(others.map(({ name }) => name));
    let { name } = list;
    for (let number = 2; names.has(name); number++) name = `${list.name} (${number})`;
    return name;
  }
}
