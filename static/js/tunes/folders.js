/** The folders of the list: those that the listener has added, the single files, and the site's collection. */

import { COLLECTION, FILES } from "./place.js";
import { mayRead } from "./reading.js";

/** @typedef {import("./schema.js").Folder} Folder */

/**
 * @typedef {{id: string, name: string, again: boolean, site: boolean, tunes: number}} FolderInfo  again: it can be read
 *   again; site: it is the site's collection
 */

/** @type {Folder} */
export const SINGLE_FILES = { id: FILES, name: "Single files" };

export class Folders {
  #database;
  /** @type {Map<string, Folder>} */
  #folders = new Map([[FILES, SINGLE_FILES]]);

  /** @param {import("./best-effort-database.js").BestEffortDatabase} database */
  constructor(database) {
    this.#database = database;
  }

  /** Read the stored folders. */
  async load() {
    const stored = await this.#database.read((tables) => tables.folders(), []);
    for (const folder of stored) this.#folders.set(folder.id, folder);
  }

  /** @param {string} id */
  get(id) {
    return this.#folders.get(id);
  }

  /** Ids of the folders, in their order. */
  ids() {
    return this.#folders.keys();
  }

  /** @returns {Folder[]} those that the listener can add and remove */
  removable() {
    return [...this.#folders.values()].filter(({ id }) => !isFixed(id));
  }

  /** @returns {Promise<FileSystemDirectoryHandle[]>} those that the browser reads only if the listener allows it again */
  async locked() {
    const handles = this.removable().flatMap(({ handle }) => handle ?? []);
    const open = await Promise.all(handles.map(mayRead));
    return handles.filter((_, number) => !open[number]);
  }

  /**
   * Find the folder if it was added before; else create one, which `save` adds.
   * @param {string} name
   * @param {FileSystemDirectoryHandle | null} handle
   * @returns {Promise<Folder>}
   */
  async find(name, handle) {
    for (const folder of this.removable()) {
      const same = handle && folder.handle ? await folder.handle.isSameEntry(handle) : folder.name === name;
      if (same) return folder;
    }
    return { id: crypto.randomUUID(), name };
  }

  /** @param {string} name  of the site's collection */
  addCollection(name) {
    this.#folders.set(COLLECTION, { id: COLLECTION, name });
  }

  /** @param {Folder} folder */
  async save(folder) {
    this.#folders.set(folder.id, folder);
    await this.#database.write((tables) => tables.putFolder(folder));
  }

  /** @param {string} id */
  async remove(id) {
    if (id !== FILES) this.#folders.delete(id);
    await this.#database.write((tables) => tables.deleteFolder(id));
  }

  /** Forget the listener's folders. */
  clear() {
    for (const { id } of this.removable()) this.#folders.delete(id);
  }

  /**
   * @param {Record<string, number>} counts  of the tunes in each folder
   * @returns {FolderInfo[]}
   */
  describe(counts) {
    const described = [...this.#folders.values()].map(({ id, name, handle }) => ({
      ...{ id, name, again: Boolean(handle), site: id === COLLECTION, tunes: counts[id] ?? 0 },
    }));
    return described.filter(({ id, tunes }) => id !== FILES || tunes);
  }
}

/** @param {string} id  of a folder */
const isFixed = (id) => id === FILES || id === COLLECTION;
