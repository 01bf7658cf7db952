/**
 * The counters of the rows of each store, changed in the transactions that change the rows. Nothing here may wait for
 * anything but requests of the transaction.
 */

import { COUNTERS, countRows, EVENT_STORES, STANDINGS } from "./schema.js";

/** @typedef {import("./schema.js").Counter} Counter */
/** @typedef {import("./schema.js").EventStore} EventStore */
/** @typedef {import("./schema.js").Standing} Standing */
/** @typedef {import("./schema.js").Transaction<"readwrite">} Transaction */
/** @typedef {import("./schema.js").Transaction<IDBTransactionMode>} AnyTransaction */

/** @typedef {[Standing, number][]} Changes  rows that come to a standing (positive) or leave it (negative) */

/**
 * @param {AnyTransaction} transaction
 * @param {EventStore} name
 * @returns {Promise<Record<Standing, number>>} the rows of each standing, even where a full disk has cost the counter
 */
export async function standingCounts(transaction, name) {
  const kept = await transaction.objectStore(COUNTERS).get(name);
  const { store: _, ...counts } = kept ?? (await countRows(name, transaction.objectStore(name)));
  return counts;
}

/** @param {Record<Standing, number>} counts */
export const total = (counts) => STANDINGS.reduce((sum, standing) => sum + counts[standing], 0);

/**
 * @param {AnyTransaction} transaction
 * @returns {Promise<number>} the rows of both stores
 */
export async function storedCount(transaction) {
  const counts = await Promise.all(EVENT_STORES.map((name) => standingCounts(transaction, name)));
  return counts.map(total).reduce((sum, rows) => sum + rows, 0);
}

/**
 * Update the counter of a store.
 * @param {Transaction} transaction
 * @param {EventStore} name
 * @param {Changes} changes
 */
export async function count(transaction, name, changes) {
  if (changes.length === 0) return;
  await putCounter(transaction, await transaction.objectStore(COUNTERS).get(name), changes);
}

/**
 * Write a counter that was just read. One that a full disk has cost is restored by `restoreCounters`.
 * @param {Transaction} transaction
 * @param {Counter | undefined} counter
 * @param {Changes} changes
 */
export async function putCounter(transaction, counter, changes) {
  if (!counter || changes.length === 0) return;
  for (const [standing, change] of changes) counter[standing] += change;
  await transaction.objectStore(COUNTERS).put(counter);
}

/**
 * @param {AnyTransaction} transaction
 * @returns {Promise<EventStore[]>} the stores whose counter a full disk or a deletion of everything has cost
 */
export async function missingCounters(transaction) {
  const kept = await transaction.objectStore(COUNTERS).getAllKeys();
  return EVENT_STORES.filter((name) => !kept.includes(name));
}

/**
 * @param {Transaction} transaction
 * @param {EventStore[]} missing  the stores that have no counter
 */
export async function restoreCounters(transaction, missing) {
  for (const name of missing)
    await transaction.objectStore(COUNTERS).put(await countRows(name, transaction.objectStore(name)));
}
