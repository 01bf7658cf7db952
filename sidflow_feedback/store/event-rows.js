/**
 * The rows of events in a transaction: insertion, selection, and removal, each with the store's counter. Nothing here
 * may wait for anything but requests of the transaction.
 */

import { enterPruned } from "./books.js";
import { count, putCounter, standingCounts, total } from "./counters.js";
import { unwrap } from "./idb/index.js";
import { COUNTERS, EVENT_STORES, having, IMPLICIT, RATINGS, standing } from "./schema.js";

/** @typedef {import("./counters.js").Changes} Changes */
/** @typedef {import("./schema.js").EventRow} EventRow */
/** @typedef {import("./schema.js").EventStore} EventStore */
/** @typedef {import("./schema.js").Transaction<"readwrite">} Transaction */

/** @typedef {Omit<EventRow, "id">} NewRow */
/** @typedef {{stored: string[], duplicates: string[]}} Report  uuids */

/** @type {Record<EventRow["kind"], EventStore>} */
export const STORE_OF_KIND = { rating: RATINGS, implicit: IMPLICIT };

/** Rows removed when the disk is full, before the same write is tried once more. */
const ROOM = 500;

/**
 * Insert rows. One whose uuid is already there is a duplicate, and costs the others nothing.
 * @param {Transaction} transaction
 * @param {NewRow[]} rows
 * @returns {Promise<Report>}
 */
export async function insertAll(transaction, rows) {
  /** @type {string[]} */
  const stored = [];
  /** @type {string[]} */
  const duplicates = [];
  /** @type {Partial<Record<EventStore, Changes>>} */
  const arrivals = {};
  const insertions = rows.map(async (row) => {
    const name = STORE_OF_KIND[row.kind];
    arrivals[name] ??= [];
    const isNew = await insert(unwrap(transaction.objectStore(name)), row);
    (isNew ? stored : duplicates).push(row.uuid);
    if (isNew) arrivals[name].push([standing(row), 1]);
  });
  // Read beside the insertions, not after them: that would be one more round trip to the database.
  const names = /** @type {EventStore[]} */ (Object.keys(arrivals));
  const reading = names.map((name) => transaction.objectStore(COUNTERS).get(name));
  const [counters] = await Promise.all([Promise.all(reading), ...insertions]);
  for (const [i, name] of names.entries()) await putCounter(transaction, counters[i], arrivals[name] ?? []);
  return { stored, duplicates };
}

/**
 * @param {IDBObjectStore} store
 * @param {NewRow} row
 * @returns {Promise<boolean>} whether the row's uuid was new
 */
function insert(store, row) {
  return new Promise((resolve, reject) => {
    const request = store.add(row);
    request.onsuccess = () => resolve(true);
    request.onerror = (failure) => {
      if (request.error?.name !== "ConstraintError") return reject(request.error);
      // Must do both: the default action aborts the transaction, and idb takes what bubbles for its failure.
      failure.preventDefault();
      failure.stopPropagation();
      resolve(false);
    };
  });
}

/**
 * @param {import("./schema.js").Transaction<IDBTransactionMode>} transaction
 * @param {EventStore} name
 * @param {number} limit
 * @param {(row: EventRow) => boolean} isDue
 * @returns {Promise<EventRow[]>} the oldest due rows among those that wait and those with an expired lease
 */
export async function oldest(transaction, name, limit, isDue) {
  /** @type {EventRow[]} */
  const rows = [];
  for (const status of /** @type {const} */ (["processing", "pending"])) {
    const enough = rows.length + limit;
    let cursor = await transaction.objectStore(name).index("syncStatus").openCursor(having(status));
    while (cursor && rows.length < enough) {
      if (isDue(cursor.value)) rows.push(cursor.value);
      cursor = await cursor.continue();
    }
  }
  return rows.sort((a, b) => a.timestamp - b.timestamp).slice(0, limit);
}

/**
 * @param {Transaction} transaction
 * @param {string[]} uuids
 * @param {boolean} counted  false: write nothing, not even a counter, for a full disk
 * @returns {Promise<EventRow[]>} the rows that were there
 */
export async function deleteEvents(transaction, uuids, counted = true) {
  const deleted = [];
  for (const name of EVENT_STORES) {
    const store = transaction.objectStore(name);
    const found = await Promise.all([...new Set(uuids)].map((uuid) => store.index("uuid").get(uuid)));
    const rows = found.filter((row) => row !== undefined);
    for (const row of rows) await store.delete(row.id);
    if (counted) await count(transaction, name, departures(rows));
    else await transaction.objectStore(COUNTERS).delete(name); // `restoreBooks` brings it back.
    deleted.push(...rows);
  }
  return deleted;
}

/**
 * @param {Transaction} transaction
 * @param {string[]} uuids
 * @returns {Promise<string[]>} those of which there is no row
 */
export async function absentEvents(transaction, uuids) {
  const keys = await Promise.all(
    uuids.map((uuid) =>
      Promise.all(EVENT_STORES.map((name) => transaction.objectStore(name).index("uuid").getKey(uuid))),
    ),
  );
  return uuids.filter((_, i) => keys[i].every((key) => key === undefined));
}

/**
 * @param {import("./schema.js").Transaction<IDBTransactionMode>} transaction
 * @returns {Promise<import("./schema.js").Positions>} the id of the row of each kind that was stored last
 */
export async function lastPositions(transaction) {
  const [rating, implicit] = await Promise.all(
    EVENT_STORES.map((name) => transaction.objectStore(name).openKeyCursor(null, "prev")),
  );
  return { rating: rating?.primaryKey ?? 0, implicit: implicit?.primaryKey ?? 0 };
}

/**
 * Remove synced plays up to a row, then the oldest until at most `cap` are left.
 * @param {Transaction} transaction
 * @param {number} aged  id of the row
 * @param {number} cap
 * @returns {Promise<number>} how many were removed
 */
export async function prune(transaction, aged, cap) {
  const old = aged > 0 ? await remove(transaction, Infinity, isSyncedPlay, aged) : 0;
  const left = total(await standingCounts(transaction, IMPLICIT));
  const plays = await removePlays(transaction, left - cap);
  const removed = old + plays + (await remove(transaction, left - cap - plays, () => true));
  await enterPruned(transaction, removed);
  return removed;
}

/**
 * Make room on a full disk, at the cost of plays only. Must write nothing, not even a counter: that would fail.
 * @param {Transaction} transaction
 */
export async function freeSpace(transaction) {
  await transaction.objectStore(COUNTERS).delete(IMPLICIT);
  return removePlays(transaction, ROOM);
}

/** @param {EventRow} row */
const isPlay = (row) => row.action !== "like" && row.action !== "dislike";

/** @param {EventRow} row */
const isSyncedPlay = (row) => row.syncStatus === "synced" && isPlay(row);

/**
 * Remove plays: synced ones first, then the oldest. Likes and dislikes stay.
 * @param {Transaction} transaction
 * @param {number} excess  how many to remove
 */
async function removePlays(transaction, excess) {
  const removed = await remove(transaction, excess, isSyncedPlay);
  return removed + (await remove(transaction, excess - removed, isPlay));
}

/**
 * Remove rows in the order in which they were stored: the clock doesn't tell which is the oldest.
 * @param {Transaction} transaction
 * @param {number} limit
 * @param {(row: EventRow) => boolean} test
 * @param {number} [last]  id of the last row to look at
 */
async function remove(transaction, limit, test, last = Number.POSITIVE_INFINITY) {
  /** @type {EventRow[]} */
  const removed = [];
  const range = IDBKeyRange.upperBound(last);
  let cursor = limit > 0 ? await transaction.objectStore(IMPLICIT).openCursor(range) : null;
  while (cursor && removed.length < limit) {
    if (test(cursor.value) && cursor.value.syncStatus !== "processing") {
      removed.push(cursor.value);
      await cursor.delete();
    }
    cursor = await cursor.continue();
  }
  await count(transaction, IMPLICIT, departures(removed));
  return removed.length;
}

/**
 * @param {EventRow[]} rows  that leave the store
 * @returns {Changes}
 */
const departures = (rows) => rows.map((row) => [standing(row), -1]);
