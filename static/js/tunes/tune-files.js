/** The files of the listener's tunes: stored, open since they were chosen, or in a folder that can be read again. */

import { exists, fileAt, mayRead, nameOf } from "./reading.js";
import { ownTunes } from "./tune-index.js";

/** @typedef {import("./schema.js").Folder} Folder */
/** @typedef {import("./tune-index.js").Tune} Tune */

/** @typedef {{bytes?: ArrayBuffer, ask?: FileSystemDirectoryHandle}} Content  ask: the folder that needs permission */

export const FILE_UNREACHABLE =
  "The browser can't reach this file anymore. Add the file or its folder again.";
const FILE_CHANGED = "The file has changed since it was added. Add the file or its folder again.";

export class TuneFiles {
  #database;
  #folders;
  /**
   * Files that this page can read, by `sidPath`.
   * @type {Map<string, import("./reading.js").SourceFile>}
   */
  open = new Map();

  /**
   * @param {import("./best-effort-database.js").BestEffortDatabase} database
   * @param {Pick<import("./folders.js").Folders, "get">} folders
   */
  constructor(database, folders) {
    this.#database = database;
    this.#folders = folders;
  }

  /**
   * Read a tune that must not have changed since it was indexed. Rejects with an Error whose message is for the
   * listener.
   * @param {Tune} tune
   * @returns {Promise<Content>}
   */
  async read(tune) {
    const found = await this.#find(tune);
    if (found.bytes && (await nameOf(found.bytes)) !== tune.sidPath) throw new Error(FILE_CHANGED);
    return found;
  }

  /**
   * @param {Tune} tune
   * @returns {Promise<ArrayBuffer | undefined>} undefined if it can't be reached
   */
  async bytesOf(tune) {
    return this.#find(tune).then(
      ({ bytes }) => bytes,
      () => undefined,
    );
  }

  /**
   * @param {Folder} folder
   * @param {import("./tune-index.js").TuneIndex} index
   * @returns {Promise<boolean>} whether none of its files can be read without asking the listener
   */
  async isLost({ id, handle }, index) {
    if (handle) return !((await mayRead(handle)) && (await exists(handle)));
    const tunes = ownTunes(index).filter(({ locations }) => locations.some(({ folder }) => folder === id));
    if (tunes.some(({ sidPath }) => this.open.has(sidPath))) return false;
    const [first] = tunes;
    return !(first && (await this.#stored(first)));
  }

  /** @param {Tune} tune */
  async #find(tune) {
    const bytes = (await this.#stored(tune)) ?? (await this.#opened(tune));
    return bytes ? { bytes } : this.#inFolders(tune);
  }

  /** @param {Tune} tune */
  #stored({ sidPath }) {
    return this.#database.read((tables) => tables.content(sidPath), undefined);
  }

  /** @param {Tune} tune */
  #opened({ sidPath }) {
    return this.open
      .get(sidPath)
      ?.arrayBuffer()
      .catch(() => undefined); // it has moved or changed
  }

  /**
   * @param {Tune} tune
   * @returns {Promise<Content>}
   */
  async #inFolders({ locations = [] }) {
    /** @type {FileSystemDirectoryHandle | undefined} */
    let ask;
    for (const { folder, path } of locations) {
      const handle = this.#folders.get(folder)?.handle;
      if (!handle) continue;
      if (await mayRead(handle)) {
        const file = await fileAt(handle, path).catch(() => undefined);
        const bytes = await file?.arrayBuffer().catch(() => undefined);
        if (bytes) return { bytes };
      } else ask ??= handle;
    }
    if (ask) return { ask };
    throw new Error(FILE_UNREACHABLE);
  }
}
