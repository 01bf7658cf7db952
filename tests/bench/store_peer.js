// The peer: a web page's worker that keeps the same records with `idb` alone, under the same indexes.
// Imported by URL, because a module made of text has no place of its own.

const { openDB } = await import("$origin/static/vendor/idb/index.js");

const database = await openDB(`bench-peer-${crypto.randomUUID()}`, 1, {
  upgrade(database) {
    const store = database.createObjectStore("events", { keyPath: "id", autoIncrement: true });
    store.createIndex("uuid", "uuid", { unique: true });
    for (const field of ["sidPath", "timestamp"]) store.createIndex(field, field);
    store.createIndex("syncStatus", ["syncStatus", "timestamp"]);
  },
});

/** Milliseconds until a batch is committed. */
async function flush(rows) {
  const begun = performance.now();
  const transaction = database.transaction("events", "readwrite");
  await Promise.all([...rows.map((row) => transaction.store.add(row)), transaction.done]);
  return performance.now() - begun;
}

globalThis.onmessage = async ({ data }) => postMessage(await flush(JSON.parse(data)));
postMessage("ready");
