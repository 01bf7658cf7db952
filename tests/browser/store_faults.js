// Databases in every state that a listener's browser may bring them into, made past our own code.

const STATUSES = ["pending", "processing", "synced", "failed"];
const STORES = { rating: "ratings", implicit: "implicit-events" };

/** The store's module, with each operation's failure as its name. */
export async function openStore(name) {
  const { open } = await import("/sidflow_feedback/store/indexeddb.js");
  return open(name);
}

/** How an attempt to open ends. */
export async function outcome(attempt) {
  try {
    const database = await attempt;
    database?.close?.();
    return "done";
  } catch (error) {
    return error.name;
  }
}

export const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** A database as version 1 had it, with rows of each status; `byTime` as it was last, before version 2. */
export async function makeVersion1(name, rows, byTime) {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => {
    for (const store of Object.values(STORES)) {
      const made = opening.result.createObjectStore(store, { keyPath: "id", autoIncrement: true });
      made.createIndex("uuid", "uuid", { unique: true });
      for (const field of ["sidPath", "timestamp"]) made.createIndex(field, field);
      made.createIndex("syncStatus", byTime ? ["syncStatus", "timestamp"] : "syncStatus");
    }
    opening.result.createObjectStore("model-snapshots", { keyPath: "id", autoIncrement: true });
  };
  const database = await done(opening);
  const stores = [...Object.values(STORES), "model-snapshots"];
  const transaction = database.transaction(stores, "readwrite");
  for (let i = 0; i < rows; i++)
    for (const kind of ["rating", "implicit"])
      transaction.objectStore(STORES[kind]).add({
        ...event(kind, i),
        syncStatus: STATUSES[i % 4],
        attempts: i % 3,
        lastError: null,
        lastTry: 0,
        nextTry: 0,
      });
  transaction.objectStore("model-snapshots").add({ snapshot: { version: "local-1" } });
  await new Promise((resolve) => {
    transaction.oncomplete = resolve;
  });
  return database;
}

/** Everything that is in a database. */
export async function content(name) {
  const database = await done(indexedDB.open(name));
  const stores = [...Object.values(STORES), "model-snapshots"];
  const transaction = database.transaction(stores);
  const rows = await Promise.all(stores.map((store) => done(transaction.objectStore(store).getAll())));
  database.close();
  return Object.fromEntries(stores.map((store, i) => [store, rows[i]]));
}

export function event(kind, number, more = {}) {
  return {
    v: 1,
    kind,
    uuid: crypto.randomUUID(),
    timestamp: 1_790_000_000_000 + number,
    sidPath: "Demo/A.sid",
    song: 1,
    ...(kind === "rating" ? { ratings: { e: 1 } } : { action: "play" }),
    ...more,
  };
}

export const events = (kind, count, more) =>
  JSON.stringify(Array.from({ length: count }, (_, i) => event(kind, i, more)));

/** The stores that have a counter. */
export async function counters(name) {
  const database = await done(indexedDB.open(name));
  const keys = await done(database.transaction("counters").objectStore("counters").getAllKeys());
  database.close();
  return keys;
}
