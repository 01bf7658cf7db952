/** Claims: which events are due for an upload, for how long they are claimed, and how that ends. */

import { count } from "./counters.js";
import { oldest } from "./event-rows.js";
import { EVENT_STORES, having, standing } from "./schema.js";

/** @typedef {import("./schema.js").EventRow} EventRow */
/** @typedef {import("./schema.js").Status} Status */
/** @typedef {import("./schema.js").Transaction<"readwrite">} Transaction */

/** @typedef {{uuid: string, status: Status, error: string | null, nextTry: number}} Outcome */

/**
 * A row of a newer version waits for an engine that can read it.
 * @param {number} now      epoch milliseconds
 * @param {number} lease    milliseconds
 * @param {number} version
 * @param {boolean} own
 * @returns {(row: EventRow) => boolean}
 */
export const isDue = (now, lease, version, own) => (row) =>
  (row.v ?? 1) <= version &&
  row.action !== "play" &&
  (own || !row.sidPath.startsWith(OWN_FILE)) &&
  !(row.syncStatus === "pending" ? isPaused(row, now) : isLeased(row, now, lease));

/** Milliseconds of the longest pause before a next try; in Python, see `store/__init__.py`. */
const MAX_PAUSE = 60_000;

/**
 * A next try further away than the longest pause was planned by a clock that was wrong.
 * @param {EventRow} row
 * @param {number} now
 */
const isPaused = (row, now) => row.nextTry > now && row.nextTry <= now + MAX_PAUSE;

/**
 * So was a lease that begins in the future.
 * @param {EventRow} row
 * @param {number} now
 * @param {number} lease
 */
export const isLeased = (row, now, lease) => row.lastTry <= now && now - row.lastTry < lease;

/** How the ids of a listener's own files begin; in Python, see `vocabulary.py`. */
const OWN_FILE = "sha256:";

/**
 * @param {import("./schema.js").Transaction<IDBTransactionMode>} transaction
 * @param {number} limit
 * @param {(row: EventRow) => boolean} test
 */
export async function due(transaction, limit, test) {
  const rows = [];
  for (const name of EVENT_STORES) rows.push(...(await oldest(transaction, name, limit - rows.length, test)));
  return rows;
}

/**
 * @param {Transaction} transaction
 * @param {number} limit
 * @param {(row: EventRow) => boolean} test
 * @param {string} owner
 * @param {number} now
 */
export async function claim(transaction, limit, test, owner, now) {
  const claimed = [];
  for (const name of EVENT_STORES) {
    const rows = await oldest(transaction, name, limit - claimed.length, test);
    await count(transaction, name, moves(rows, "processing"));
    for (const row of rows) {
      Object.assign(row, { syncStatus: "processing", owner, lastTry: now, attempts: row.attempts + 1 });
      transaction.objectStore(name).put(row);
    }
    claimed.push(...rows);
  }
  return claimed;
}

/**
 * @param {Transaction} transaction
 * @param {number} now
 * @param {number} lease
 * @returns {Promise<number>} how many leases had expired
 */
export async function recover(transaction, now, lease) {
  let recovered = 0;
  for (const name of EVENT_STORES) {
    const claimed = await transaction.objectStore(name).index("syncStatus").getAll(having("processing"));
    const rows = claimed.filter((row) => !isLeased(row, now, lease));
    await count(transaction, name, moves(rows, "pending"));
    for (const row of rows) transaction.objectStore(name).put({ ...row, syncStatus: "pending", owner: null });
    recovered += rows.length;
  }
  return recovered;
}

/**
 * @param {Transaction} transaction
 * @param {string[] | null} uuids  null: all that have failed
 * @returns {Promise<number>} how many are sent again
 */
export async function resend(transaction, uuids) {
  let sent = 0;
  for (const name of EVENT_STORES) {
    const failed = await transaction.objectStore(name).index("syncStatus").getAll(having("failed"));
    const rows = failed.filter((row) => uuids === null || uuids.includes(row.uuid));
    await count(transaction, name, moves(rows, "pending"));
    for (const row of rows) transaction.objectStore(name).put({ ...row, syncStatus: "pending", nextTry: 0 });
    sent += rows.length;
  }
  return sent;
}

/**
 * @param {Transaction} transaction
 * @param {Outcome} outcome
 * @param {string} owner
 * @param {number} now
 */
export async function settleOne(transaction, { uuid, status, error, nextTry }, owner, now) {
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
    await count(transaction, name, moves([row], status));
    return;
  }
  throw new Error(`Event ${uuid} can't become '${status}': ${reason}`);
}

/**
 * @param {EventRow[]} rows  as they were before
 * @param {Status} status    what they become
 * @returns {import("./counters.js").Changes}
 */
const moves = (rows, status) =>
  rows.flatMap((row) => [
    [standing(row), -1],
    [standing({ ...row, syncStatus: status }), 1],
  ]);
