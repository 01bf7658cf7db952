/** The audit: what the counters and the books say, beside what is there. */

import { readBooks } from "./books.js";
import { standingCounts } from "./counters.js";
import { COUNTERS, EVENT_STORES, NOTES, STANDINGS, standing } from "./schema.js";

/** @typedef {import("./schema.js").EventStore} EventStore */
/** @typedef {import("./schema.js").Standing} Standing */
/** @typedef {import("./schema.js").StoreName} StoreName */
/** @typedef {import("./schema.js").Transaction<"readonly">} Transaction */

/**
 * What must be read to count.
 * @type {StoreName[]}
 */
export const COUNTED = [...EVENT_STORES, COUNTERS, NOTES];

/** Rows that are read at a time. */
const BATCH = 1000;

/**
 * @param {Transaction} transaction
 * @returns what the counters and the books say
 */
export async function keptCounts(transaction) {
  const [ratings, implicit] = await Promise.all(
    EVENT_STORES.map((name) => standingCounts(transaction, name)),
  );
  return { ratings, implicit, books: await readBooks(transaction) };
}

/**
 * @param {Transaction} transaction
 * @returns the rows, counted one by one
 */
export async function foundCounts(transaction) {
  const [ratings, implicit] = await Promise.all(EVENT_STORES.map((name) => recount(transaction, name)));
  return { ratings, implicit };
}

/**
 * @param {Transaction} transaction
 * @param {EventStore} name
 */
async function recount(transaction, name) {
  const counts = /** @type {Record<Standing, number>} */ (
    Object.fromEntries(STANDINGS.map((one) => [one, 0]))
  );
  let last = 0;
  for (;;) {
    const rows = await transaction.objectStore(name).getAll(IDBKeyRange.lowerBound(last, true), BATCH);
    for (const row of rows) counts[standing(row)] += 1;
    if (rows.length < BATCH) return counts;
    last = rows[rows.length - 1].id;
  }
}
