// The operations of the feedback database, one whole transaction each. Python decides, this module carries
// out: a transaction ends when control returns to the event loop, so none may wait for Python.
// Everything crosses the border as one JSON text.

import { unwrap } from "../../vendor/idb/index.js";
import { Connection } from "./connection.js";
import { COUNTERS, EVENT_STORES, having, IMPLICIT, RATINGS, SNAPSHOTS, STATUSES } from "./schema.js";

const STORE_OF_KIND = { rating: RATINGS, implicit: IMPLICIT };

/** Rows removed when the disk is full, before the same write is tried once more. */
const ROOM = 500;

/** What of a row is not the event itself. */
const NEW = { syncStatus: "pending", attempts: 0, lastError: null, lastTry: 0, nextTry: 0, owner: null };

/**
 * Open the database, making or upgrading it as needed.
 * @param {string} name
 */
export async function open(name) {
  const connection = new Connection(name);
  await connection.open();
  return new FeedbackDatabase(connection);
}

class FeedbackDatabase {
  #connection;

  constructor(connection) {
    this.#connection = connection;
  }

  /** Write events; a uuid that is there already is reported and costs the others nothing. */
  async add(json) {
    const rows = JSON.parse(json).map((event) => ({ ...event, ...NEW }));
    return this.#makingRoom(() => this.#write((transaction) => insertAll(transaction, rows)));
  }

  /** Write rows as `rows` has given them out, and snapshots; what is there already stays as it is. */
  async merge(json, kept) {
    const { rows, snapshots } = JSON.parse(json);
    for (const row of rows) {
      delete row.id;
      if (row.syncStatus === "processing") row.syncStatus = "pending";
    }
    return this.#makingRoom(() =>
      this.#write(async (transaction) => {
        const report = await insertAll(transaction, rows);
        for (const snapshot of snapshots) await keepSnapshot(transaction, snapshot, kept);
        return report;
      }),
    );
  }

  /** The newest events of one kind; with a status, only those that have it. */
  async newest(kind, limit, status = null) {
    return this.#read([STORE_OF_KIND[kind]], async (transaction) => {
      const rows = [];
      const index = transaction.store.index(status === null ? "timestamp" : "syncStatus");
      let cursor = await index.openCursor(status === null ? null : having(status), "prev");
      while (cursor && rows.length < limit) {
        rows.push(cursor.value);
        cursor = await cursor.continue();
      }
      return rows;
    });
  }

  /** Rows of one kind in the order in which they came, from behind the row `after`. */
  async rows(kind, after, limit) {
    return this.#read([STORE_OF_KIND[kind]], (transaction) =>
      transaction.store.getAll(IDBKeyRange.lowerBound(after, true), limit),
    );
  }

  async counts() {
    return this.#read([COUNTERS], async ({ store }) => {
      const [ratings, implicit] = await Promise.all(EVENT_STORES.map((name) => store.get(name)));
      return { ratings: statuses(ratings), implicit: statuses(implicit) };
    });
  }

  /** Move due events to `processing`: pending ones whose time has come, and those of an owner that is gone. */
  async claim(limit, owner, now, lease) {
    const due = (row) => (row.syncStatus === "pending" ? row.nextTry <= now : now - row.lastTry >= lease);
    return this.#write(async (transaction) => {
      const claimed = [];
      for (const name of EVENT_STORES) {
        const store = transaction.objectStore(name);
        const rows = await oldest(store, limit - claimed.length, due);
        await count(
          transaction,
          name,
          rows.flatMap((row) => [
            [row.syncStatus, -1],
            ["processing", 1],
          ]),
        );
        for (const row of rows) {
          Object.assign(row, { syncStatus: "processing", owner, lastTry: now, attempts: row.attempts + 1 });
          store.put(row);
        }
        claimed.push(...rows);
      }
      return claimed;
    });
  }

  /** Move claimed events on to what came of them; one that was not claimed fails the whole call. */
  async settle(json, now) {
    await this.#write(async (transaction) => {
      for (const outcome of JSON.parse(json)) await settleOne(transaction, outcome, now);
    });
  }

  /** Give back what an owner that is gone has claimed. */
  async recover(now, lease) {
    return this.#write(async (transaction) => {
      let recovered = 0;
      for (const name of EVENT_STORES) {
        const store = transaction.objectStore(name);
        for (const row of await store.index("syncStatus").getAll(having("processing"))) {
          if (now - row.lastTry < lease) continue;
          store.put({ ...row, syncStatus: "pending", owner: null });
          await count(transaction, name, [
            ["processing", -1],
            ["pending", 1],
          ]);
          recovered += 1;
        }
      }
      return recovered;
    });
  }

  /** Remove synced plays older than `syncedBefore`, then as many of the oldest as there are beyond `cap`. */
  async prune(syncedBefore, cap) {
    return this.#write(async (transaction) => {
      const removed = await remove(transaction, "syncStatus", having("synced", syncedBefore));
      const total = Object.values(statuses(await transaction.objectStore(COUNTERS).get(IMPLICIT)));
      return removed + (await makeRoom(transaction, total.reduce((a, b) => a + b) - cap));
    });
  }

  /** Forget everything. */
  async wipe() {
    await this.#write(async (transaction) => {
      for (const name of [...EVENT_STORES, SNAPSHOTS]) transaction.objectStore(name).clear();
      for (const store of EVENT_STORES) transaction.objectStore(COUNTERS).put({ store, ...zeros() });
    });
  }

  /** Keep a snapshot; of the older ones only the newest `kept - 1` stay. */
  async saveSnapshot(json, kept) {
    await this.#write((transaction) => keepSnapshot(transaction, JSON.parse(json), kept));
  }

  async snapshots() {
    return this.#read([SNAPSHOTS], async ({ store }) =>
      (await store.getAll()).reverse().map((row) => row.snapshot),
    );
  }

  close() {
    this.#connection.close();
  }

  async #read(stores, work) {
    return JSON.stringify(await this.#connection.run(stores, "readonly", work));
  }

  async #write(work) {
    const stores = [...EVENT_STORES, SNAPSHOTS, COUNTERS];
    return JSON.stringify(await this.#connection.run(stores, "readwrite", work));
  }

  /** Try again with less on the disk when it is full. Ratings are never removed. */
  async #makingRoom(write) {
    try {
      return await write();
    } catch (error) {
      if (error.name !== "QuotaExceededError") throw error;
      const pruned = Number(await this.#write((transaction) => makeRoom(transaction, ROOM)));
      if (pruned === 0) throw error;
      return JSON.stringify({ ...JSON.parse(await write()), pruned });
    }
  }
}

const zeros = () => Object.fromEntries(STATUSES.map((status) => [status, 0]));

const statuses = (counter) => Object.fromEntries(STATUSES.map((status) => [status, counter[status]]));

/** Count rows that come to a status (1) or leave it (-1). */
async function count(transaction, store, changes) {
  if (changes.length === 0) return;
  const counters = transaction.objectStore(COUNTERS);
  const counter = await counters.get(store);
  for (const [status, change] of changes) counter[status] += change;
  await counters.put(counter);
}

async function insertAll(transaction, rows) {
  const stored = [];
  const duplicates = [];
  const arrivals = { [RATINGS]: [], [IMPLICIT]: [] };
  const insertions = rows.map(async (row) => {
    const name = STORE_OF_KIND[row.kind];
    const isNew = await insert(unwrap(transaction.objectStore(name)), row);
    (isNew ? stored : duplicates).push(row.uuid);
    if (isNew) arrivals[name].push([row.syncStatus, 1]);
  });
  await Promise.all(insertions);
  for (const name of EVENT_STORES) await count(transaction, name, arrivals[name]);
  return { stored, duplicates, pruned: 0 };
}

/** Add one row; resolves to whether its uuid was new. */
function insert(store, row) {
  return new Promise((resolve, reject) => {
    const request = store.add(row);
    request.onsuccess = () => resolve(true);
    request.onerror = (failure) => {
      if (request.error.name !== "ConstraintError") return reject(request.error);
      // Must do both: the default action aborts the transaction, and idb takes what bubbles for its failure.
      failure.preventDefault();
      failure.stopPropagation();
      resolve(false);
    };
  });
}

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
    await store.put({ ...row, syncStatus: status, lastError: error, lastTry: now, nextTry, owner: null });
    await count(transaction, name, [
      ["processing", -1],
      [status, 1],
    ]);
    return;
  }
  throw new Error(`Event ${uuid} can't become '${status}': it is not being processed. Claim it first.`);
}

/** Remove so many plays: synced ones first, then the oldest, opinions last. */
async function makeRoom(transaction, excess) {
  const isPlay = (row) => row.action !== "like" && row.action !== "dislike";
  let removed = 0;
  removed += await remove(transaction, "syncStatus", having("synced"), excess);
  removed += await remove(transaction, "timestamp", null, excess - removed, isPlay);
  removed += await remove(transaction, "timestamp", null, excess - removed);
  return removed;
}

async function remove(transaction, index, range, limit = Number.POSITIVE_INFINITY, test = () => true) {
  const changes = [];
  let cursor = limit > 0 ? await transaction.objectStore(IMPLICIT).index(index).openCursor(range) : null;
  while (cursor && changes.length < limit) {
    if (test(cursor.value) && cursor.value.syncStatus !== "processing") {
      changes.push([cursor.value.syncStatus, -1]);
      await cursor.delete();
    }
    cursor = await cursor.continue();
  }
  await count(transaction, IMPLICIT, changes);
  return changes.length;
}

async function keepSnapshot(transaction, snapshot, kept) {
  const store = transaction.objectStore(SNAPSHOTS);
  const rows = await store.getAll();
  if (rows.some((row) => row.snapshot.checksum !== undefined && row.snapshot.checksum === snapshot.checksum))
    return;
  await store.add({ snapshot });
  for (const { id } of rows.slice(0, Math.max(0, rows.length + 1 - kept))) await store.delete(id);
}
