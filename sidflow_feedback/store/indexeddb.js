// The operations of the feedback database, one whole transaction each. Python decides, this module carries
// out: a transaction ends when control returns to the event loop, so none may wait for Python.
// Everything crosses the border as one JSON text.

import { unwrap } from "../../static/vendor/idb/index.js";
import { Connection } from "./connection.js";
import * as schema from "./schema.js";
import {
  COUNTERS,
  countedAnew,
  EVENT_STORES,
  having,
  IMPLICIT,
  NOTES,
  RATINGS,
  SNAPSHOTS,
  STATUSES,
} from "./schema.js";

const STORE_OF_KIND = { rating: RATINGS, implicit: IMPLICIT };

/** Rows removed when the disk is full, before the same write is tried once more. */
const ROOM = 500;

/** Milliseconds between two removals: browsers free the space with a delay, and that must not cost more rows. */
const ROOM_PAUSE = 60_000;

/** Under this name NOTES has the uuids of events that were forgotten, latest last. */
const FORGOTTEN = "forgotten";

/** What of a row is not the event itself. */
const NEW = { syncStatus: "pending", attempts: 0, lastError: null, lastTry: 0, nextTry: 0, owner: null };

/**
 * Open the database, making or upgrading it as needed.
 * @param {string} name
 */
export async function open(name) {
  const connection = new Connection(name, schema);
  await connection.open();
  return new FeedbackDatabase(connection);
}

class FeedbackDatabase {
  #connection;
  #madeRoom = Number.NEGATIVE_INFINITY;
  /** Rows removed since the last report of it. */
  #pruned = 0;

  constructor(connection) {
    this.#connection = connection;
  }

  /** Write events; a uuid that is there already is reported and costs the others nothing. */
  async add(json) {
    const rows = JSON.parse(json).map((event) => ({ ...event, ...NEW }));
    return this.#makingRoom(() => this.#write((transaction) => insertNew(transaction, rows)));
  }

  /** Write rows as `rows` has given them out, and snapshots where there are none; what is there stays. */
  async merge(json, kept) {
    const { rows, snapshots } = JSON.parse(json);
    for (const row of rows) {
      delete row.id;
      if (row.syncStatus === "processing") row.syncStatus = "pending";
    }
    return this.#makingRoom(() =>
      this.#write(async (transaction) => {
        const report = await insertAll(transaction, rows);
        const learned = await transaction.objectStore(SNAPSHOTS).count();
        for (const snapshot of learned ? [] : snapshots) await keepSnapshot(transaction, snapshot, kept);
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

  /** The newest events of one kind, from behind the row with this timestamp and id, if one is given. */
  async before(kind, limit, timestamp = null, id = null) {
    return this.#read([STORE_OF_KIND[kind]], async (transaction) => {
      const rows = [];
      const range = id === null ? null : IDBKeyRange.upperBound(timestamp);
      let cursor = await transaction.store.index("timestamp").openCursor(range, "prev");
      if (cursor?.key === timestamp && cursor.primaryKey > id)
        cursor = await cursor.continuePrimaryKey(timestamp, id);
      if (cursor?.key === timestamp && cursor.primaryKey === id) cursor = await cursor.continue();
      while (cursor && rows.length < limit) {
        rows.push(cursor.value);
        cursor = rows.length < limit ? await cursor.continue() : null;
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
    return this.#read([...EVENT_STORES, COUNTERS], async (transaction) => {
      const [ratings, implicit] = await Promise.all(EVENT_STORES.map((name) => counter(transaction, name)));
      return { ratings: statuses(ratings), implicit: statuses(implicit) };
    });
  }

  /** Pending events whose time has come, and those of an owner that is gone. */
  async due(limit, now, lease) {
    return this.#read(EVENT_STORES, async (transaction) => {
      const rows = [];
      for (const name of EVENT_STORES)
        rows.push(...(await oldest(transaction.objectStore(name), limit - rows.length, isDue(now, lease))));
      return rows;
    });
  }

  /** Move due events to `processing`; where `only` has uuids, no others. */
  async claim(limit, owner, now, lease, only = "null") {
    const chosen = JSON.parse(only);
    const due = isDue(now, lease);
    const wanted = chosen ? (row) => chosen.includes(row.uuid) && due(row) : due;
    return this.#write(async (transaction) => {
      const claimed = [];
      for (const name of EVENT_STORES) {
        const store = transaction.objectStore(name);
        const rows = await oldest(store, limit - claimed.length, wanted);
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

  /** Record the outcomes of claimed events. One event that `owner` doesn't hold fails the whole call. */
  async settle(json, owner, now) {
    await this.#write(async (transaction) => {
      for (const outcome of JSON.parse(json)) await settleOne(transaction, outcome, owner, now);
    });
  }

  /** Give back what an owner that is gone has claimed; count anew where a full disk has cost a counter. */
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
        await mendCounter(transaction, name);
      }
      return recovered;
    });
  }

  /** Remove synced plays older than `syncedBefore`, then as many of the oldest as there are beyond `cap`. */
  async prune(syncedBefore, cap) {
    return this.#write(async (transaction) => {
      const removed = await remove(transaction, "syncStatus", having("synced", syncedBefore));
      const total = Object.values(statuses(await counter(transaction, IMPLICIT)));
      return removed + (await makeRoom(transaction, total.reduce((a, b) => a + b) - cap));
    });
  }

  /** Delete these events, also such as are yet to come; answers with the rows that were there. */
  async forget(uuids, kept) {
    const gone = JSON.parse(uuids);
    return this.#forgetting((transaction, remembers) => forget(transaction, gone, remembers && kept));
  }

  /** Delete all events of a tune in the same way. */
  async forgetTune(sidPath, kept) {
    return this.#forgetting(async (transaction, remembers) => {
      const rows = await Promise.all(
        EVENT_STORES.map((name) => transaction.objectStore(name).index("sidPath").getAll(sidPath)),
      );
      const gone = rows.flat().map((row) => row.uuid);
      return forget(transaction, gone, remembers && kept);
    });
  }

  /** Forget everything. */
  async wipe() {
    await this.#write(async (transaction) => {
      // Must write nothing: a full disk would refuse that.
      for (const name of [...EVENT_STORES, SNAPSHOTS, COUNTERS, NOTES]) transaction.objectStore(name).clear();
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

  async note(name) {
    return this.#read([NOTES], async ({ store }) => (await store.get(name)) ?? null);
  }

  async keepNote(name, json) {
    await this.#write((transaction) => transaction.objectStore(NOTES).put(JSON.parse(json), name));
  }

  close() {
    this.#connection.close();
  }

  async #read(stores, work) {
    return JSON.stringify(await this.#connection.run(stores, "readonly", work));
  }

  async #write(work) {
    const stores = [...EVENT_STORES, SNAPSHOTS, COUNTERS, NOTES];
    return JSON.stringify(await this.#connection.run(stores, "readwrite", work));
  }

  /** Deleting must work on a full disk, too: then nothing is written, neither counters nor what is forgotten. */
  async #forgetting(work) {
    try {
      return await this.#write((transaction) => work(transaction, true));
    } catch (error) {
      if (error.name !== "QuotaExceededError") throw error;
      return this.#write((transaction) => work(transaction, false));
    }
  }

  /** Try again with less on the disk when it is full. Ratings are never removed. */
  async #makingRoom(write) {
    try {
      return await this.#reporting(write);
    } catch (error) {
      if (error.name !== "QuotaExceededError" || performance.now() < this.#madeRoom + ROOM_PAUSE) throw error;
      const pruned = Number(await this.#write(freeSome));
      if (pruned === 0) throw error;
      this.#madeRoom = performance.now();
      this.#pruned += pruned;
      return this.#reporting(write);
    }
  }

  async #reporting(write) {
    const report = { ...JSON.parse(await write()), pruned: this.#pruned };
    this.#pruned = 0;
    return JSON.stringify(report);
  }
}

const isDue = (now, lease) => (row) =>
  row.syncStatus === "pending" ? row.nextTry <= now : now - row.lastTry >= lease;

const statuses = (counter) => Object.fromEntries(STATUSES.map((status) => [status, counter[status]]));

/** The numbers of a store, also where its counter had to go to make room. */
async function counter(transaction, store) {
  return (await transaction.objectStore(COUNTERS).get(store)) ?? countedAnew(transaction, store);
}

/** Count rows that come to a status (1) or leave it (-1). */
async function count(transaction, store, changes) {
  if (changes.length === 0) return;
  await keepCount(transaction, await transaction.objectStore(COUNTERS).get(store), changes);
}

/** Write a counter that was just read; one that had to go to make room is made anew by `recover`. */
async function keepCount(transaction, counter, changes) {
  if (!counter || changes.length === 0) return;
  for (const [status, change] of changes) counter[status] += change;
  await transaction.objectStore(COUNTERS).put(counter);
}

async function mendCounter(transaction, store) {
  const counters = transaction.objectStore(COUNTERS);
  if (!(await counters.getKey(store))) await counters.put(await countedAnew(transaction, store));
}

/** Insert events as they come from the outbox: one that was forgotten stays so, however late it comes. */
async function insertNew(transaction, rows) {
  // Read beside the insertions, not before them: that would be one more way to the database and back.
  const [report, forgotten] = await Promise.all([
    insertAll(transaction, rows),
    transaction.objectStore(NOTES).get(FORGOTTEN),
  ]);
  const late = report.stored.filter((uuid) => forgotten?.includes(uuid));
  if (late.length === 0) return report;
  await deleteEvents(transaction, late);
  const stored = report.stored.filter((uuid) => !late.includes(uuid));
  return { stored, duplicates: [...report.duplicates, ...late] };
}

/** Delete events, and the snapshots that may have learned from them; remember the last `kept` uuids, if any. */
async function forget(transaction, uuids, kept) {
  const rows = await deleteEvents(transaction, uuids, Boolean(kept));
  const taught = rows.filter((row) => row.action !== "play").map((row) => row.timestamp);
  if (taught.length > 0) await deleteSnapshots(transaction, Math.min(...taught));
  if (kept) {
    const notes = transaction.objectStore(NOTES);
    const before = (await notes.get(FORGOTTEN)) ?? [];
    await notes.put([...before, ...uuids].slice(-kept), FORGOTTEN);
  }
  return rows;
}

async function deleteEvents(transaction, uuids, counted = true) {
  const gone = [];
  for (const name of EVENT_STORES) {
    const store = transaction.objectStore(name);
    const found = await Promise.all([...new Set(uuids)].map((uuid) => store.index("uuid").get(uuid)));
    const rows = found.filter(Boolean);
    for (const row of rows) await store.delete(row.id);
    const changes = rows.map((row) => [row.syncStatus, -1]);
    if (counted) await count(transaction, name, changes);
    else await transaction.objectStore(COUNTERS).delete(name); // `recover` makes it anew.
    gone.push(...rows);
  }
  return gone;
}

/** Delete the snapshots that have read what happened at this time. */
async function deleteSnapshots(transaction, time) {
  const store = transaction.objectStore(SNAPSHOTS);
  for (let cursor = await store.openCursor(); cursor; cursor = await cursor.continue())
    if (!(cursor.value.snapshot.read < time)) await cursor.delete();
}

async function insertAll(transaction, rows) {
  const stored = [];
  const duplicates = [];
  const arrivals = {};
  const insertions = rows.map(async (row) => {
    const name = STORE_OF_KIND[row.kind];
    arrivals[name] ??= [];
    const isNew = await insert(unwrap(transaction.objectStore(name)), row);
    (isNew ? stored : duplicates).push(row.uuid);
    if (isNew) arrivals[name].push([row.syncStatus, 1]);
  });
  // Read beside the insertions, not after them: that would be one more way to the database and back.
  const reading = Object.keys(arrivals).map((name) => transaction.objectStore(COUNTERS).get(name));
  const [counters] = await Promise.all([Promise.all(reading), ...insertions]);
  for (const counter of counters) await keepCount(transaction, counter, arrivals[counter?.store]);
  return { stored, duplicates };
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

async function settleOne(transaction, { uuid, status, error, nextTry }, owner, now) {
  let reason = "it is not being processed. Claim it first.";
  for (const name of EVENT_STORES) {
    const store = transaction.objectStore(name);
    const row = await store.index("uuid").get(uuid);
    if (row?.syncStatus !== "processing") continue;
    if (row.owner !== owner) {
      reason = "another engine has claimed it since. Leave it to that engine.";
      continue;
    }
    await store.put({ ...row, syncStatus: status, lastError: error, lastTry: now, nextTry, owner: null });
    await count(transaction, name, [
      ["processing", -1],
      [status, 1],
    ]);
    return;
  }
  throw new Error(`Event ${uuid} can't become '${status}': ${reason}`);
}

/** Make room on a full disk. Must write nothing, not even a counter: that would be refused. */
async function freeSome(transaction) {
  await transaction.objectStore(COUNTERS).delete(IMPLICIT);
  return makeRoom(transaction, ROOM);
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
  await store.add({ snapshot });
  for (const key of (await store.getAllKeys()).slice(0, -kept)) await store.delete(key);
}
