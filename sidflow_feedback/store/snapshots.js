/** Snapshots of the model, with the rows from which it may have learned. */

import { SNAPSHOTS } from "./schema.js";

/** @typedef {import("./schema.js").EventRow} EventRow */
/** @typedef {import("./schema.js").Positions} Positions */
/** @typedef {import("./schema.js").Transaction<"readwrite">} Transaction */

/** @typedef {import("./schema.js").SnapshotRow["snapshot"]} Snapshot */

/**
 * @param {Transaction} transaction
 * @param {Snapshot} snapshot
 * @param {Positions | null} learned
 * @param {number} kept
 */
export async function addSnapshot(transaction, snapshot, learned, kept) {
  const store = transaction.objectStore(SNAPSHOTS);
  await store.add(learned ? { snapshot, learned } : { snapshot });
  for (const key of (await store.getAllKeys()).slice(0, -kept)) await store.delete(key);
}

/**
 * Delete the snapshots that may have learned from these rows.
 * @param {Transaction} transaction
 * @param {EventRow[]} rows
 */
export async function deleteSnapshots(transaction, rows) {
  if (rows.length === 0) return;
  const store = transaction.objectStore(SNAPSHOTS);
  for (let cursor = await store.openCursor(); cursor; cursor = await cursor.continue()) {
    const { learned } = cursor.value;
    if (!learned || rows.some((row) => row.id <= learned[row.kind])) await cursor.delete();
  }
}
