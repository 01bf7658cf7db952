// The feedback database, one whole transaction for each call. Python decides, this module carries out:
// IndexedDB closes a transaction when control returns to the event loop, so no transaction may wait for Python.
// Everything crosses the border as one JSON text.

import { openDB, unwrap } from "../../vendor/idb/index.js";

const EVENT_STORES = ["ratings", "implicit-events"];
const SNAPSHOTS = "model-snapshots";
const STATUSES = ["pending", "processing", "synced", "failed"];
const STORE_OF_KIND = { rating: "ratings", implicit: "implicit-events" };

/**
 * Open the database, making it where it does not exist.
 * @param {string} name
 */
export async function open(name) {
  const database = await openDB(name, 1, { upgrade: createSchema });
  return new FeedbackDatabase(database);
}

function createSchema(database) {
  for (const name of EVENT_STORES) {
    const store = database.createObjectStore(name, { keyPath: "id", autoIncrement: true });
    store.createIndex("uuid", "uuid", { unique: true });
    for (const field of ["sidPath", "timestamp"]) store.createIndex(field, field);
    store.createIndex("syncStatus", ["syncStatus", "timestamp"]);
  }
  database.createObjectStore(SNAPSHOTS, { keyPath: "id", autoIncrement: true });
}

class FeedbackDatabase {
  constructor(database) {
    this.database = database;
  }

  /** Write events; a uuid that is there already is reported and costs the others nothing. */
  async add(json) {
    const stored = [];
    const duplicates = [];
    const transaction = this.database.transaction(EVENT_STORES, "readwrite");
    for (const event of JSON.parse(json)) {
      const row = { ...event, syncStatus: "pending", attempts: 0, lastError: null, lastTry: 0, nextTry: 0 };
      const request = unwrap(transaction).objectStore(STORE_OF_KIND[event.kind]).add(row);
      request.onsuccess = () => stored.push(event.uuid);
      request.onerror = (failure) => {
        if (request.error.name !== "ConstraintError") return;
        // Must do both: the default action aborts the transaction, and idb takes what bubbles for its failure.
        failure.preventDefault();
        failure.stopPropagation();
        duplicates.push(event.uuid);
      };
    }
    await transaction.done;
    return JSON.stringify({ stored, duplicates });
  }

  /** The newest events of one kind. */
  async newest(kind, limit) {
    const rows = [];
    const index = this.database.transaction(STORE_OF_KIND[kind]).store.index("timestamp");
    let cursor = await index.openCursor(null, "prev");
    while (cursor && rows.length < limit) {
      rows.push(cursor.value);
      cursor = await cursor.continue();
    }
    return JSON.stringify(rows);
  }

  async counts() {
    const transaction = this.database.transaction(EVENT_STORES);
    const count = (name, status) => transaction.objectStore(name).index("syncStatus").count(having(status));
    const byStatus = async (name) => {
      const numbers = await Promise.all(STATUSES.map((status) => count(name, status)));
      return Object.fromEntries(STATUSES.map((status, i) => [status, numbers[i]]));
    };
    const [ratings, implicit] = await Promise.all(EVENT_STORES.map(byStatus));
    return JSON.stringify({ ratings, implicit });
  }

  /** Move due events to `processing`: pending ones whose time has come, and those of an owner that is gone. */
  async claim(limit, owner, now, lease) {
    const claimed = [];
    const transaction = this.database.transaction(EVENT_STORES, "readwrite");
    const due = (row) => (row.syncStatus === "pending" ? row.nextTry <= now : now - row.lastTry >= lease);
    for (const name of EVENT_STORES) {
      const rows = await oldest(transaction.objectStore(name), limit - claimed.length, due);
      for (const row of rows) {
        Object.assign(row, { syncStatus: "processing", owner, lastTry: now, attempts: row.attempts + 1 });
        transaction.objectStore(name).put(row);
      }
      claimed.push(...rows);
    }
    await transaction.done;
    return JSON.stringify(claimed);
  }

  /** Move claimed events on to what came of them; one that was not claimed fails the whole call. */
  async settle(json, now) {
    const transaction = this.database.transaction(EVENT_STORES, "readwrite");
    try {
      for (const outcome of JSON.parse(json)) await settleOne(transaction, outcome, now);
    } catch (error) {
      transaction.abort();
      await transaction.done.catch(() => {});
      throw error;
    }
    await transaction.done;
  }

  /** Keep a snapshot; of the older ones only the newest `kept - 1` stay. */
  async saveSnapshot(json, kept) {
    const transaction = this.database.transaction(SNAPSHOTS, "readwrite");
    await transaction.store.add({ snapshot: JSON.parse(json) });
    const keys = await transaction.store.getAllKeys();
    for (const key of keys.slice(0, -kept)) transaction.store.delete(key);
    await transaction.done;
  }

  async snapshots() {
    const rows = await this.database.getAll(SNAPSHOTS);
    return JSON.stringify(rows.reverse().map((row) => row.snapshot));
  }

  close() {
    this.database.close();
  }
}

const having = (status) => IDBKeyRange.bound([status], [status, []]);

/** The oldest rows that are due, of those abandoned while they were processed and those that wait. */
async function oldest(store, limit, due) {
  const rows = [];
  for (const status of ["processing", "pending"]) {
    const enough = rows.length + limit;
    let cursor = await store.index("syncStatus").openCursor(having(status));
    while (cursor && rows.length < enough) {
      if (due(cursor.value)) rows.push(cursor.value);
      cursor = await cursor.continue();
    }
  }
  return rows.sort((a, b) => a.timestamp - b.timestamp).slice(0, limit);
}

async function settleOne(transaction, { uuid, status, error, nextTry }, now) {
  for (const name of EVENT_STORES) {
    const store = transaction.objectStore(name);
    const row = await store.index("uuid").get(uuid);
    if (row?.syncStatus !== "processing") continue;
    await store.put({ ...row, syncStatus: status, lastError: error, lastTry: now, nextTry });
    return;
  }
  throw new Error(`Event ${uuid} can't become '${status}': it is not being processed. Claim it first.`);
}
