/** Claims: which events are due for an upload, for how long they are claimed, and how that ends. */

import { count } from "./counters.js";
import { EVENT_STORES, standing } from "./schema.js";

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
    await count(transaction, name, [
      ["processing", -1],
      [standing({ ...row, syncStatus: status }), 1],
    ]);
    return;
  }
  throw new Error(`Event ${uuid} can't become '${status}': ${reason}`);
}
