// The collection in IndexedDB. Works on a page and in workers; each call is one transaction.

import { Connection } from "../../../sidflow_feedback/store/connection.js";
import * as schema from "./schema.js";
import { CONTENTS, FOLDERS, MEASURED, NOTES, STORES, TUNES } from "./schema.js";

export const NAME = "sidflow-tunes";

/** Rows that are read at a time: a whole collection is never in one answer. */
const BATCH = 1000;

/** Open the database, making it as needed. A failure has a reason for the listener in its message. */
export async function open(name = NAME) {
  const connection = new Connection(name, schema);
  await connection.open();
  return new TunesDatabase(connection);
}

export class TunesDatabase {
  #connection;

  /** @param {Connection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /** All tunes, in batches, by `sidPath`. */
  tunes() {
    return this.#batches(TUNES);
  }

  /** All that was measured, in batches, by `sidPath`. */
  measured() {
    return this.#batches(MEASURED);
  }

  /** @returns {Promise<object | undefined>} what was measured of one tune */
  measuredOf(sidPath) {
    return this.#run(MEASURED, "readonly", (store) => store.get(sidPath));
  }

  /**
   * Keep what was measured of a tune; fields that are there already and not given stay.
   * @param {{sidPath: string, features?: (object | null)[], lengths?: (number | null)[]}} row of each song,
   *   the first song first; lengths in seconds, null where not known
   */
  putMeasured(row) {
    return this.#run(MEASURED, "readwrite", async (store) => {
      await store.put({ ...(await store.get(row.sidPath)), ...row });
    });
  }

  /** @param {object[]} tunes whole rows, which replace those with the same `sidPath` */
  putTunes(tunes) {
    return this.#run(TUNES, "readwrite", (store) => all(tunes, (tune) => store.put(tune)));
  }

  /** Take tunes away, with their kept bytes. What was measured stays: it holds whenever the file comes back. */
  deleteTunes(sidPaths) {
    return this.#connection.run([TUNES, CONTENTS], "readwrite", (transaction) =>
      all(sidPaths, async (sidPath) => {
        for (const name of [TUNES, CONTENTS]) await transaction.objectStore(name).delete(sidPath);
      }),
    );
  }

  /** @returns {Promise<object[]>} */
  folders() {
    return this.#run(FOLDERS, "readonly", (store) => store.getAll());
  }

  putFolder(folder) {
    return this.#run(FOLDERS, "readwrite", (store) => store.put(folder));
  }

  deleteFolder(id) {
    return this.#run(FOLDERS, "readwrite", (store) => store.delete(id));
  }

  /** @returns {Promise<ArrayBuffer | undefined>} the bytes of a tune, where they were kept */
  content(sidPath) {
    return this.#run(CONTENTS, "readonly", (store) => store.get(sidPath));
  }

  /** @param {[string, ArrayBuffer][]} contents by `sidPath` */
  putContents(contents) {
    return this.#run(CONTENTS, "readwrite", (store) =>
      all(contents, ([key, bytes]) => store.put(bytes, key)),
    );
  }

  note(name) {
    return this.#run(NOTES, "readonly", (store) => store.get(name));
  }

  putNote(name, value) {
    return this.#run(NOTES, "readwrite", (store) => store.put(value, name));
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

  #run(store, mode, work) {
    return this.#connection.run([store], mode, (transaction) => work(transaction.objectStore(store)));
  }

  async *#batches(store) {
    let after = null;
    for (;;) {
      const range = after === null ? null : IDBKeyRange.lowerBound(after, true);
      const rows = await this.#run(store, "readonly", (rows) => rows.getAll(range, BATCH));
      if (rows.length) yield rows;
      if (rows.length < BATCH) return;
      after = rows.at(-1).sidPath;
    }
  }
}

const all = (items, work) => Promise.all(items.map(work));
