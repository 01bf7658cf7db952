/**
 * The operations of the feedback database, one whole transaction each.
 *
 * Python decides, and this module carries out: a transaction ends when control returns to the event loop, so none may
 * wait for Python. Arguments and results cross the border as one JSON text.
 */

import { COUNTED, foundCounts, keptCounts } from "./audit.js";
import { enterForgotten, enterInserted, enterRefused, readLedger, restoreBooks } from "./books.js";
import { claim, due, isDue, recover, resend, settleOne } from "./claims.js";
import { Connection } from "./connection.js";
import { absentEvents, deleteEvents, insertAll, lastPositions, prune, STORE_OF_KIND } from "./event-rows.js";
import { Order } from "./order.js";
import { Room } from "./room.js";
import * as schema from "./schema.js";
import { EVENT_STORES, having, NOTES, SNAPSHOTS, STORES } from "./schema.js";
import { addSnapshot, deleteSnapshots } from "./snapshots.js";
import { beginTerm, requireTerm, TERM } from "./term.js";

/** @typedef {import("./event-rows.js").NewRow} NewRow */
/** @typedef {import("./event-rows.js").Report} Report */
/** @typedef {import("./schema.js").EventRow} EventRow */
/** @typedef {import("./schema.js").FeedbackTypes} FeedbackTypes */
/** @typedef {import("./schema.js").Status} Status */
/** @typedef {import("./schema.js").StoreName} StoreName */
/** @typedef {import("./schema.js").Transaction<"readwrite">} Transaction */

/** @typedef {EventRow["kind"]} Kind */
/** @typedef {import("./schema.js").Positions} Positions */
/** @typedef {import("./claims.js").Outcome} Outcome */
/** @typedef {import("./snapshots.js").Snapshot} Snapshot */

/** Fields of a new row that don't come from the event. */
const NEW = /** @type {const} */ ({
  syncStatus: "pending",
  attempts: 0,
  lastError: null,
  lastTry: 0,
  nextTry: 0,
  owner: null,
});

/**
 * Open the database, creating or upgrading it as needed.
 * @param {string} name
 */
export async function open(name) {
  const connection = new Connection(name, schema);
  await connection.open();
  return new FeedbackDatabase(connection);
}

class FeedbackDatabase {
  #connection;
  #order = new Order();
  /** @type {number | null} */
  #term = null;
  #room = new Room((work) => this.#write(work));

  /** @param {Connection<FeedbackTypes>} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /**
   * Take over the database: from now on, it accepts writes of this object only, and of those that take over later.
   * Before, this object writes whenever it likes.
   */
  async takeOver() {
    this.#term = null;
    try {
      this.#term = Number(await this.#write(beginTerm));
    } catch (error) {
      // A full disk takes no writes of an older engine, either. Then both may delete.
      if (error.name !== "QuotaExceededError") throw error;
    }
  }

  /**
   * Write events. A uuid that is already there is reported as a duplicate, and costs the others nothing.
   * @param {string} json  of event records
   */
  async add(json) {
    /** @type {NewRow[]} */
    const rows = JSON.parse(json).map((/** @type {object} */ event) => ({ ...event, ...NEW }));
    return this.#room.write(async (transaction) => {
      const { kept } = await this.#order.append(transaction, rows);
      const [report] = await Promise.all([insertNew(transaction, rows), kept]);
      return report;
    });
  }

  /**
   * Write rows that `rows` has returned, and snapshots if there are none. What is already there stays.
   * @param {string} json
   * @param {number} kept  maximum number of snapshots
   */
  async merge(json, kept) {
    /** @type {{rows: EventRow[], snapshots: Snapshot[]}} */
    const content = JSON.parse(json);
    const rows = content.rows.map(({ id: _, ...row }) =>
      row.syncStatus === "processing" ? { ...row, syncStatus: /** @type {const} */ ("pending") } : row,
    );
    return this.#room.write(async (transaction) => {
      const placing = await this.#order.insert(transaction, rows);
      const [report, ledger] = await Promise.all([
        insertAll(transaction, rows),
        readLedger(transaction),
        placing.kept,
      ]);
      await enterInserted(transaction, ledger, report.stored);
      const learned = await lastPositions(transaction);
      const hasSnapshots = await transaction.objectStore(SNAPSHOTS).count();
      for (const snapshot of hasSnapshots ? [] : content.snapshots)
        await addSnapshot(transaction, snapshot, learned, kept);
      return report;
    });
  }

  /**
   * Read the newest events of a kind, newest first.
   * @param {Kind} kind
   * @param {number} limit
   * @param {Status | null} status  only events that have it
   */
  async newest(kind, limit, status = null) {
    const name = STORE_OF_KIND[kind];
    return this.#read([name], async (transaction) => {
      const rows = [];
      const store = transaction.objectStore(name);
      let cursor =
        status === null
          ? await store.index("timestamp").openCursor(null, "prev")
          : await store.index("syncStatus").openCursor(having(status), "prev");
      while (cursor && rows.length < limit) {
        rows.push(cursor.value);
        cursor = await cursor.continue();
      }
      return rows;
    });
  }

  /**
   * Read events of a kind, newest first, starting after a row.
   * @param {Kind} kind
   * @param {number} limit
   * @param {string} actions           JSON: the actions of the events to read, or null for all events
   * @param {number | null} timestamp  of the row; null starts with the newest event
   * @param {number | null} id         of the row
   */
  async before(kind, limit, actions = "null", timestamp = null, id = null) {
    const name = STORE_OF_KIND[kind];
    /** @type {(string | undefined)[] | null} */
    const chosen = JSON.parse(actions);
    return this.#read([name], async (transaction) => {
      const rows = [];
      const range = timestamp === null || id === null ? null : IDBKeyRange.upperBound(timestamp);
      let cursor = await transaction.objectStore(name).index("timestamp").openCursor(range, "prev");
      if (timestamp !== null && id !== null && cursor?.key === timestamp) {
        if (cursor.primaryKey > id) cursor = await cursor.continuePrimaryKey(timestamp, id);
        if (cursor?.key === timestamp && cursor.primaryKey === id) cursor = await cursor.continue();
      }
      while (cursor && rows.length < limit) {
        if (chosen === null || chosen.includes(cursor.value.action)) rows.push(cursor.value);
        cursor = rows.length < limit ? await cursor.continue() : null;
      }
      return rows;
    });
  }

  /**
   * Read rows of a kind in the order of their arrival.
   * @param {Kind} kind
   * @param {number} after  id of the row before the first
   * @param {number} limit
   */
  async rows(kind, after, limit) {
    const name = STORE_OF_KIND[kind];
    return this.#read([name], (transaction) =>
      transaction.objectStore(name).getAll(IDBKeyRange.lowerBound(after, true), limit),
    );
  }

  /** Return the events of each kind and standing, and the books. */
  async counts() {
    return this.#read(COUNTED, keptCounts);
  }

  /** Return what `counts` returns, and beside it the rows of each kind and standing, counted one by one. */
  async audit() {
    return this.#read(COUNTED, async (transaction) => ({
      kept: await keptCounts(transaction),
      found: await foundCounts(transaction),
    }));
  }

  /**
   * Read pending events that are due, and events with an expired lease.
   * @param {number} limit
   * @param {number} now      epoch milliseconds
   * @param {number} lease    milliseconds
   * @param {number} version  of the newest events that the engine can read
   * @param {boolean} own     whether events of own files may leave this browser
   */
  async due(limit, now, lease, version, own) {
    const test = isDue(now, lease, version, own);
    return this.#read(EVENT_STORES, (transaction) => due(transaction, limit, test));
  }

  /**
   * Lease due events: move them to `processing`.
   * @param {number} limit
   * @param {string} owner
   * @param {number} now      epoch milliseconds
   * @param {number} lease    milliseconds
   * @param {number} version  of the newest events that the engine can read
   * @param {boolean} own     whether events of own files may leave this browser
   * @param {string} only     JSON: uuids to choose from, or null for all
   */
  async claim(limit, owner, now, lease, version, own, only = "null") {
    /** @type {string[] | null} */
    const chosen = JSON.parse(only);
    const test = isDue(now, lease, version, own);
    /** @param {EventRow} row */
    const wanted = (row) => (chosen === null || chosen.includes(row.uuid)) && test(row);
    return this.#write((transaction) => claim(transaction, limit, wanted, owner, now));
  }

  /**
   * Record the outcomes of leased events. An event that `owner` doesn't hold fails the whole call.
   * @param {string} json   of outcomes
   * @param {string} owner  who claimed the events
   * @param {number} now    epoch milliseconds
   */
  async settle(json, owner, now) {
    /** @type {Outcome[]} */
    const outcomes = JSON.parse(json);
    await this.#write(async (transaction) => {
      for (const outcome of outcomes) await settleOne(transaction, outcome, owner, now);
    });
  }

  /**
   * Return events with an expired lease to `pending`, and restore counters that a full disk has cost.
   * @param {number} now    epoch milliseconds
   * @param {number} lease  milliseconds
   */
  async recover(now, lease) {
    return this.#write(async (transaction) => {
      const recovered = await recover(transaction, now, lease);
      await restoreBooks(transaction);
      return recovered;
    });
  }

  /**
   * Return failed events to `pending`.
   * @param {string} uuids  JSON, null for all
   */
  async resend(uuids) {
    /** @type {string[] | null} */
    const chosen = JSON.parse(uuids);
    return this.#write((transaction) => resend(transaction, chosen));
  }

  /** Read the id of the row of each kind that was stored last; 0 if there is none. */
  async lastPositions() {
    return this.#read(EVENT_STORES, lastPositions);
  }

  /**
   * Remove synced plays up to a row, then the oldest until at most `cap` are left.
   * @param {number} aged  id of the row
   * @param {number} cap
   */
  async prune(aged, cap) {
    return this.#write((transaction) => prune(transaction, aged, cap));
  }

  /**
   * Delete events, even if they have yet to arrive, and return the rows that were there. A full disk has no room to
   * remember the others: their uuids are returned as `postponed`.
   * @param {string} uuids  JSON
   * @param {number} kept   number of forgotten uuids to remember
   */
  async forget(uuids, kept) {
    /** @type {string[]} */
    const asked = JSON.parse(uuids);
    return this.#forgetting(async (transaction, remembered) => {
      const removed = await forget(transaction, asked, remembered);
      const there = new Set(removed.map((row) => row.uuid));
      return { removed, postponed: remembered > 0 ? [] : asked.filter((uuid) => !there.has(uuid)) };
    }, kept);
  }

  /**
   * Delete all events of a tune in the same way.
   * @param {string} sidPath
   * @param {number} kept
   */
  async forgetTune(sidPath, kept) {
    return this.#forgetting(async (transaction, remembered) => {
      const rows = await Promise.all(
        EVENT_STORES.map((name) => transaction.objectStore(name).index("sidPath").getAll(sidPath)),
      );
      const uuids = rows.flat().map((row) => row.uuid);
      return forget(transaction, uuids, remembered);
    }, kept);
  }

  /**
   * Enter events that can never be stored in the books.
   * @param {string} uuids  JSON
   * @param {number} kept   number of refused uuids to remember
   */
  async refuse(uuids, kept) {
    return this.#write(async (transaction) => {
      await enterRefused(transaction, await absentEvents(transaction, JSON.parse(uuids)), kept);
    });
  }

  /** Delete everything, and begin new books. */
  async wipe() {
    await this.#write(async (transaction) => {
      // Must write nothing: that would fail on a full disk.
      for (const name of STORES) if (name !== NOTES) transaction.objectStore(name).clear();
      transaction.objectStore(NOTES).delete(IDBKeyRange.upperBound(TERM, true));
      transaction.objectStore(NOTES).delete(IDBKeyRange.lowerBound(TERM, true));
    });
    await this.#write(restoreBooks).catch(() => {}); // Otherwise `recover` does that later.
  }

  /**
   * Save a snapshot, and delete the oldest beyond `kept`.
   * @param {string} json
   * @param {number} kept
   * @param {string} learned  JSON of `Positions`, or null
   */
  async saveSnapshot(json, kept, learned = "null") {
    await this.#write((transaction) => addSnapshot(transaction, JSON.parse(json), JSON.parse(learned), kept));
  }

  /** Read up to which rows the newest snapshot may have learned; null if there is none, or that isn't known. */
  async learned() {
    return this.#read([SNAPSHOTS], async (transaction) => {
      const cursor = await transaction.objectStore(SNAPSHOTS).openCursor(null, "prev");
      return cursor?.value.learned ?? null;
    });
  }

  /** Read all snapshots, newest first. */
  async snapshots() {
    return this.#read([SNAPSHOTS], async (transaction) =>
      (await transaction.objectStore(SNAPSHOTS).getAll()).reverse().map((row) => row.snapshot),
    );
  }

  /** @param {string} name */
  async note(name) {
    return this.#read(
      [NOTES],
      async (transaction) => (await transaction.objectStore(NOTES).get(name)) ?? null,
    );
  }

  /**
   * @param {string} name
   * @param {string} json
   */
  async keepNote(name, json) {
    await this.#write((transaction) => transaction.objectStore(NOTES).put(JSON.parse(json), name));
  }

  close() {
    this.#connection.close();
  }

  /**
   * @param {StoreName[]} stores
   * @param {(transaction: import("./schema.js").Transaction<"readonly">) => Promise<unknown>} work
   */
  async #read(stores, work) {
    return JSON.stringify(await this.#connection.run(stores, "readonly", work));
  }

  /** @param {(transaction: Transaction) => Promise<unknown>} work */
  async #write(work) {
    /** @param {Transaction} transaction */
    const fenced = async (transaction) => {
      // Beside the work, not before it: that would be one more round trip to the database.
      const [, result] = await Promise.all([requireTerm(transaction, this.#term), work(transaction)]);
      return result;
    };
    return JSON.stringify(await this.#connection.run(STORES, "readwrite", fenced));
  }

  /**
   * Deletion must work on a full disk, too: then nothing is written, neither counters nor forgotten uuids.
   * @param {(transaction: Transaction, remembered: number) => Promise<unknown>} work
   * @param {number} kept
   */
  async #forgetting(work, kept) {
    try {
      return await this.#write((transaction) => work(transaction, kept));
    } catch (error) {
      if (error.name !== "QuotaExceededError") throw error;
      return this.#write((transaction) => work(transaction, 0));
    }
  }
}

/**
 * Insert events from the outbox. A forgotten event stays forgotten, however late it arrives.
 * @param {Transaction} transaction
 * @param {NewRow[]} rows
 * @returns {Promise<Report>}
 */
async function insertNew(transaction, rows) {
  // Read beside the insertions, not before them: that would be one more round trip to the database.
  const [report, ledger] = await Promise.all([insertAll(transaction, rows), readLedger(transaction)]);
  const late = report.stored.filter((uuid) => ledger.forgotten.includes(uuid));
  if (late.length > 0) await deleteEvents(transaction, late);
  const stored = report.stored.filter((uuid) => !late.includes(uuid));
  await enterInserted(transaction, ledger, stored);
  return { stored, duplicates: [...report.duplicates, ...late] };
}

/**
 * Delete events, and the snapshots that may have learned from them.
 * @param {Transaction} transaction
 * @param {string[]} uuids
 * @param {number} remembered  number of forgotten uuids to remember; 0 writes nothing, for a full disk
 */
async function forget(transaction, uuids, remembered) {
  const rows = await deleteEvents(transaction, uuids, remembered > 0);
  await deleteSnapshots(
    transaction,
    rows.filter((row) => row.action !== "play"),
  );
  if (remembered > 0) {
    const removed = rows.map((row) => row.uuid);
    await enterForgotten(transaction, uuids, removed, remembered);
  }
  return rows;
}
