/** The peer: a worker that stores the same records with idb alone, with the same indexes. */

// A module created from text has no base URL, so relative imports don't work.

const { openDB } = await import("$origin/sidflow_feedback/store/idb/index.js");

const database = await openDB(`bench-peer-${crypto.randomUUID()}`, 1, {
  upgrade(database) {
    const store = database.createObjectStore("events", { keyPath: "id", autoIncrement: true });
    store.createIndex("uuid", "uuid", { unique: true });
    for (const field of ["sidPath", "timestamp"]) store.createIndex(field, field);
    store.createIndex("syncStatus", ["syncStatus", "timestamp"]);
  },
});

/**
 * @param {object[]} rows
 * @returns {Promise<number>} milliseconds until they are committed
 */
async function flush(rows) {
  const begun = performance.now();
  const transaction = database.transaction("events", "readwrite");
  await Promise.all([...rows.map((row) => transaction.store.add(row)), transaction.done]);
  return performance.now() - begun;
}

globalThis.onmessage = async ({ data }) => postMessage(await flush(JSON.parse(data)));
postMessage("ready");
