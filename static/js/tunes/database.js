/** The collection in IndexedDB. Works on a page and in workers. Each call is one transaction. */

import { Connection } from "../../../sidflow_feedback/store/connection.js";
import * as schema from "./schema.js";
import { ANALYSES, CONTENTS, FOLDERS, NOTES, PLAYLISTS, STORES, TUNES } from "./schema.js";

/** @typedef {import("./schema.js").TunesTypes} TunesTypes */
/** @typedef {import("./schema.js").StoreName} StoreName */

export const NAME = "sidflow-tunes";

/** Rows per read, so that a large collection is read in parts. */
const BATCH = 1000;

/**
 * Open the database, and create it if needed. Errors have a message for the listener.
 * @param {string} name
 */
export async function open(name = NAME) {
  const connection = new Connection(name, schema);
  await connection.open();
  return new TunesDatabase(connection);
}

export class TunesDatabase {
  #connection;

  /** @param {Connection<TunesTypes>} connection  open */
  constructor(connection) {
    this.#connection = connection;
  }

  /** Yield all tunes in batches, ordered by `sidPath`. */
  tunes() {
    return this.#batches(TUNES);
  }

  /** Yield all analyses in batches, ordered by `sidPath`. */
  analyses() {
    return this.#batches(ANALYSES);
  }

  /**
   * Store the analysis of a tune. Fields that are missing in `row` keep their stored values.
   * @param {import("./schema.js").AnalysisRow} row
   */
  putAnalysis(row) {
    return this.#run(ANALYSES, "readwrite", async (store) => {
      await store.put({ ...(await store.get(row.sidPath)), ...row });
    });
  }

  /** @param {import("./schema.js").TuneRow[]} tunes  complete rows, which replace those with the same `sidPath` */
  putTunes(tunes) {
    return this.#run(TUNES, "readwrite", (store) => all(tunes, (tune) => store.put(tune)));
  }

  /**
   * Delete tunes and their stored bytes. Analyses stay, because they apply if the file is added again.
   * @param {string[]} sidPaths
   */
  deleteTunes(sidPaths) {
    return this.#connection.run([TUNES, CONTENTS], "readwrite", (transaction) =>
      all(sidPaths, async (sidPath) => {
        await transaction.objectStore(TUNES).delete(sidPath);
        await transaction.objectStore(CONTENTS).delete(sidPath);
      }),
    );
  }

  folders() {
    return this.#run(FOLDERS, "readonly", (store) => store.getAll());
  }

  /** @param {import("./schema.js").Folder} folder */
  putFolder(folder) {
    return this.#run(FOLDERS, "readwrite", (store) => store.put(folder));
  }

  /** @param {string} id */
  deleteFolder(id) {
    return this.#run(FOLDERS, "readwrite", (store) => store.delete(id));
  }

  /**
   * @param {string} sidPath
   * @returns {Promise<ArrayBuffer | undefined>} the stored bytes of a tune
   */
  content(sidPath) {
    return this.#run(CONTENTS, "readonly", (store) => store.get(sidPath));
  }

  /** @param {[string, ArrayBuffer][]} contents  by `sidPath` */
  putContents(contents) {
    return this.#run(CONTENTS, "readwrite", (store) =>
      all(contents, ([key, bytes]) => store.put(bytes, key)),
    );
  }

  /** @param {string} name */
  note(name) {
    return this.#run(NOTES, "readonly", (store) => store.get(name));
  }

  /**
   * @param {string} name
   * @param {Blob} value
   */
  putNote(name, value) {
    return this.#run(NOTES, "readwrite", (store) => store.put(value, name));
  }

  /** @param {string} name */
  deleteNote(name) {
    return this.#run(NOTES, "readwrite", (store) => store.delete(name));
  }

  playlists() {
    return this.#run(PLAYLISTS, "readonly", (store) => store.getAll());
  }

  /** @param {import("./schema.js").PlaylistRow} playlist */
  putPlaylist(playlist) {
    return this.#run(PLAYLISTS, "readwrite", (store) => store.put(playlist));
  }

  /** @param {string} id */
  deletePlaylist(id) {
    return this.#run(PLAYLISTS, "readwrite", (store) => store.delete(id));
  }

  /** Delete everything. */
  wipe() {
    return this.#connection.run(STORES, "readwrite", (transaction) =>
      all(STORES, (name) => transaction.objectStore(name).clear()),
    );
  }

  close() {
    this.#connection.close();
  }

  /**
   * @template {StoreName} Name
   * @template {IDBTransactionMode} Mode
   * @template Result
   * @param {Name} store
   * @param {Mode} mode
   * @param {(store: import("idb").IDBPObjectStore<TunesTypes, Name[], Name, Mode>) => Promise<Result>} work
   */
  #run(store, mode, work) {
    return this.#connection.run([store], mode, (transaction) => work(transaction.objectStore(store)));
  }

  /**
   * @template {typeof TUNES | typeof ANALYSES} Name
   * @param {Name} store
   */
  async *#batches(store) {
    /** @type {string | null} */
    let after = null;
    for (;;) {
      const range = after === null ? null : IDBKeyRange.lowerBound(after, true);
      /** @type {TunesTypes[Name]["value"][]} */
      const rows = await this.#run(store, "readonly", (rows) => rows.getAll(range, BATCH));
      if (rows.length) yield rows;
      if (rows.length < BATCH) return;
      after = rows[rows.length - 1].sidPath;
    }
  }
}

/**
 * @template Item
 * @param {Item[]} items
 * @param {(item: Item) => Promise<unknown>} work
 */
const all = (items, work) => Promise.all(items.map(work));
