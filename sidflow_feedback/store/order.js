/**
 * The order in which events happened, whatever the clock showed: `order` of their rows, comparable between ratings and
 * implicit events.
 */

import { EVENT_STORES, NOTES } from "./schema.js";

/** @typedef {import("./event-rows.js").NewRow} NewRow */
/** @typedef {import("./schema.js").Transaction<"readwrite">} Transaction */

/** The note with the place of the latest event. */
const ORDER = "order";

/**
 * Milliseconds by which the times of events may differ from the order of their arrival, although the clock is right:
 * ratings and implicit events are written one after the other. In Python, see `store/__init__.py`.
 */
const DISORDER = 5000;

export class Order {
  /** @type {number | undefined} */
  #latest;

  /**
   * Place events that have just happened: at their time, or just after the one before if the clock was set back.
   * @param {Transaction} transaction
   * @param {NewRow[]} rows
   */
  async append(transaction, rows) {
    let latest = await this.#read(transaction);
    for (const row of rows) {
      row.order = row.timestamp < latest - DISORDER ? latest + 1 : row.timestamp;
      latest = Math.max(latest, row.order);
    }
    return this.#keep(transaction, latest);
  }

  /**
   * Place imported events: at their time.
   * @param {Transaction} transaction
   * @param {NewRow[]} rows
   */
  async insert(transaction, rows) {
    let latest = await this.#read(transaction);
    for (const row of rows) {
      row.order = row.timestamp;
      latest = Math.max(latest, row.order);
    }
    return this.#keep(transaction, latest);
  }

  /** @param {Transaction} transaction */
  async #read(transaction) {
    this.#latest ??= /** @type {number | undefined} */ (await transaction.objectStore(NOTES).get(ORDER));
    this.#latest ??= await latestTime(transaction);
    return this.#latest;
  }

  /**
   * @param {Transaction} transaction
   * @param {number} latest
   * @returns {{kept: Promise<unknown>}} not awaited here: that would be one more round trip to the database
   */
  #keep(transaction, latest) {
    this.#latest = latest;
    return { kept: transaction.objectStore(NOTES).put(latest, ORDER) };
  }
}

/**
 * @param {Transaction} transaction
 * @returns {Promise<number>} the latest time of all rows, which an earlier release wrote; 0 if there are none
 */
async function latestTime(transaction) {
  const cursors = EVENT_STORES.map((name) =>
    transaction.objectStore(name).index("timestamp").openKeyCursor(null, "prev"),
  );
  return Math.max(0, ...(await Promise.all(cursors)).map((cursor) => cursor?.key ?? 0));
}
