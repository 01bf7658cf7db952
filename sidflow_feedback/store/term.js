/** The term of an engine: of two engines, only the one that took over last writes. */

import { NOTES } from "./schema.js";

/** @typedef {import("./schema.js").Transaction<"readwrite">} Transaction */

/** The note with the number of engines that have taken over, which only grows. */
export const TERM = "term";

/**
 * Begin the term of another engine.
 * @param {Transaction} transaction
 */
export async function beginTerm(transaction) {
  const notes = transaction.objectStore(NOTES);
  const term = Number((await notes.get(TERM)) ?? 0) + 1;
  await notes.put(term, TERM);
  return term;
}

/**
 * Fail a transaction of an engine whose term is over. In a database that was deleted meanwhile, the term goes on.
 * @param {Transaction} transaction
 * @param {number | null} term  null: of no engine
 */
export async function requireTerm(transaction, term) {
  if (term === null) return;
  const notes = transaction.objectStore(NOTES);
  const current = await notes.get(TERM);
  if (current === undefined) await notes.put(term, TERM);
  else if (current !== term) {
    const message = "another engine has taken over, so this one writes nothing more";
    throw Object.assign(new Error(message), { name: "FencedError" });
  }
}
