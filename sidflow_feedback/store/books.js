/**
 * The books: what has become of every event that the store has ever seen. At any time, recorded = stored + undone +
 * refused + pruned. They are notes, written in the transactions that change the rows. Nothing here may wait for
 * anything but requests of the transaction.
 */

import { missingCounters, restoreCounters, storedCount } from "./counters.js";
import { BOOKS, NOTES, RATINGS } from "./schema.js";

/** @typedef {import("./schema.js").EventStore} EventStore */
/** @typedef {import("./schema.js").Transaction<"readwrite">} Transaction */
/** @typedef {import("./schema.js").Transaction<IDBTransactionMode>} AnyTransaction */

/**
 * Numbers of events.
 * @typedef {object} Books
 * @property {number} recorded  whose uuid the store has seen
 * @property {number} undone    that the listener took back or deleted, stored or not
 * @property {number} refused   that could never be stored
 * @property {number} pruned    that were removed because of their age or for space
 */

/**
 * The books as they were read, and the uuids of the last events that aren't stored, latest last.
 * @typedef {object} Ledger
 * @property {Books | undefined} books  undefined: a deletion of everything has cost them
 * @property {string[]} forgotten       taken back or deleted
 * @property {string[]} refused
 */

/** @typedef {"forgotten" | "refused"} Fate */

/** @type {Record<Fate, "undone" | "refused">} */
const ACCOUNTS = { forgotten: "undone", refused: "refused" };

/**
 * @param {AnyTransaction} transaction
 * @returns {Promise<Ledger>}
 */
export async function readLedger(transaction) {
  const notes = transaction.objectStore(NOTES);
  const [books, forgotten, refused] = await Promise.all(
    [BOOKS, "forgotten", "refused"].map((name) => notes.get(name)),
  );
  return /** @type {Ledger} */ ({ books, forgotten: forgotten ?? [], refused: refused ?? [] });
}

/**
 * Enter events that were inserted. One that had been undone or refused leaves that account: it was recorded before.
 * @param {Transaction} transaction
 * @param {Ledger} ledger  read in this transaction
 * @param {string[]} uuids
 */
export async function enterInserted(transaction, ledger, uuids) {
  const inserted = new Set(uuids);
  /** @type {Partial<Books>} */
  const changes = { recorded: inserted.size };
  for (const fate of /** @type {const} */ (["forgotten", "refused"])) {
    const back = new Set(ledger[fate].filter((uuid) => inserted.has(uuid)));
    if (back.size === 0) continue;
    const left = ledger[fate].filter((uuid) => !back.has(uuid));
    await transaction.objectStore(NOTES).put(left, fate);
    changes[ACCOUNTS[fate]] = -back.size;
    changes.recorded = (changes.recorded ?? 0) - back.size;
  }
  await post(transaction, ledger.books, changes);
}

/**
 * Enter events that the listener took back, and remember them.
 * @param {Transaction} transaction
 * @param {string[]} uuids
 * @param {string[]} removed   those that were stored
 * @param {number} remembered  number of uuids to remember
 */
export async function enterForgotten(transaction, uuids, removed, remembered) {
  const [notes, ledger] = [transaction.objectStore(NOTES), await readLedger(transaction)];
  const asked = new Set(uuids);
  const refused = ledger.refused.filter((uuid) => asked.has(uuid));
  if (refused.length > 0)
    await notes.put(
      ledger.refused.filter((uuid) => !asked.has(uuid)),
      "refused",
    );
  await notes.put([...ledger.forgotten, ...uuids].slice(-remembered), "forgotten");
  const known = new Set([...ledger.forgotten, ...refused, ...removed]);
  const unseen = [...asked].filter((uuid) => !known.has(uuid)).length;
  await post(transaction, ledger.books, {
    recorded: unseen,
    undone: unseen + refused.length + removed.length,
    refused: -refused.length,
  });
}

/**
 * Enter events that can never be stored, and remember them.
 * @param {Transaction} transaction
 * @param {string[]} uuids     of events that aren't stored; the books may have them
 * @param {number} remembered  number of uuids to remember
 */
export async function enterRefused(transaction, uuids, remembered) {
  const ledger = await readLedger(transaction);
  const known = new Set([...ledger.forgotten, ...ledger.refused]);
  const unseen = [...new Set(uuids)].filter((uuid) => !known.has(uuid));
  if (unseen.length === 0) return;
  await transaction.objectStore(NOTES).put([...ledger.refused, ...unseen].slice(-remembered), "refused");
  await post(transaction, ledger.books, { recorded: unseen.length, refused: unseen.length });
}

/**
 * @param {Transaction} transaction
 * @param {number} removed
 */
export async function enterPruned(transaction, removed) {
  if (removed > 0) await post(transaction, (await readLedger(transaction)).books, { pruned: removed });
}

/**
 * @param {Transaction} transaction
 * @param {Books | undefined} books  `restoreBooks` brings missing ones back
 * @param {Partial<Books>} changes
 */
async function post(transaction, books, changes) {
  const entries = Object.entries(changes).filter(([, change]) => change !== 0);
  if (!books || entries.length === 0) return;
  for (const [account, change] of entries) books[/** @type {keyof Books} */ (account)] += change;
  await transaction.objectStore(NOTES).put(books, BOOKS);
}

/**
 * @param {AnyTransaction} transaction
 * @returns {Promise<Books>}
 */
export async function readBooks(transaction) {
  const { books } = await readLedger(transaction);
  return settled(books, await storedCount(transaction), await missingCounters(transaction));
}

/**
 * Restore the books and the counters that a full disk or a deletion of everything has cost.
 * @param {Transaction} transaction
 */
export async function restoreBooks(transaction) {
  const [{ books }, missing] = [await readLedger(transaction), await missingCounters(transaction)];
  if (books && missing.length === 0) return;
  await restoreCounters(transaction, missing);
  const restored = settled(books, await storedCount(transaction), missing);
  await transaction.objectStore(NOTES).put(restored, BOOKS);
}

/**
 * On a full disk, rows can be removed, but nothing can be entered. A withdrawal then costs all counters, and making
 * room only one: this tells on which account to enter what has left since.
 * @param {Books | undefined} books
 * @param {number} stored
 * @param {EventStore[]} missing  the stores whose counter was missing
 * @returns {Books}
 */
function settled(books, stored, missing) {
  if (!books) return { recorded: stored, undone: 0, refused: 0, pruned: 0 };
  if (missing.length === 0) return books;
  const left = books.recorded - books.undone - books.refused - books.pruned - stored;
  const account = missing.includes(RATINGS) ? "undone" : "pruned";
  return { ...books, [account]: books[account] + left };
}
