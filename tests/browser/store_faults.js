/** Creates databases in the states that a listener's browser can leave them in, without our own code. */

/** @typedef {keyof typeof STORES} Kind */

const STATUSES = ["pending", "processing", "synced", "failed"];
const STORES = { rating: "ratings", implicit: "implicit-events" };

/**
 * Open a database with our own code.
 * @param {string} name
 */
export async function openStore(name) {
  const { open } = await import("/sidflow_feedback/store/indexeddb.js");
  return open(name);
}

/**
 * @param {Promise<any>} attempt  to open a database, which is closed, or to use one
 * @returns {Promise<string>} "done", or the name of the error
 */
export async function outcome(attempt) {
  try {
    const result = await attempt;
    result?.close?.();
    return "done";
  } catch (error) {
    return error.name;
  }
}

/**
 * @template Result
 * @param {IDBRequest<Result>} request
 * @returns {Promise<Result>}
 */
export const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/**
 * Create a database of version 1 with rows of each status.
 * @param {string} name
 * @param {number} rows
 * @param {boolean} [byTime]  whether the status index includes the time, as in the last version 1
 * @returns {Promise<IDBDatabase>}
 */
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
    for (const kind of /** @type {Kind[]} */ (["rating", "implicit"]))
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

/**
 * Create a database of version 3 with rows of implicit events, whose counter has one number for all that wait.
 * @param {string} name
 * @param {object[]} rows
 * @returns {Promise<IDBDatabase>}
 */
export async function makeVersion3(name, rows) {
  (await makeVersion1(name, 0)).close();
  const opening = indexedDB.open(name, 3);
  opening.onupgradeneeded = () => {
    const stores = Object.values(STORES).map((store) => opening.transaction?.objectStore(store));
    for (const store of stores) {
      store?.deleteIndex("syncStatus");
      store?.createIndex("syncStatus", ["syncStatus", "timestamp"]);
    }
    const counters = opening.result.createObjectStore("counters", { keyPath: "store" });
    counters.add({ store: STORES.rating, pending: 0, processing: 0, synced: 0, failed: 0 });
    counters.add({ store: STORES.implicit, pending: rows.length, processing: 0, synced: 0, failed: 0 });
    opening.result.createObjectStore("notes");
    for (const row of rows) stores[1]?.add(row);
  };
  return done(opening);
}

/**
 * @param {string} name
 * @returns {Promise<Record<string, unknown[]>>} the content of a database
 */
export async function content(name) {
  const database = await done(indexedDB.open(name));
  const stores = [...Object.values(STORES), "model-snapshots"];
  const transaction = database.transaction(stores);
  const rows = await Promise.all(stores.map((store) => done(transaction.objectStore(store).getAll())));
  database.close();
  return Object.fromEntries(stores.map((store, i) => [store, rows[i]]));
}

/**
 * @param {Kind} kind
 * @param {number} number
 * @param {object} more
 */
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

/**
 * @param {Kind} kind
 * @param {number} count
 * @param {object} [more]
 */
export const events = (kind, count, more) =>
  JSON.stringify(Array.from({ length: count }, (_, i) => event(kind, i, more)));

/**
 * @param {string} name
 * @returns {Promise<IDBValidKey[]>} the stores that have a counter
 */
export async function counters(name) {
  const database = await done(indexedDB.open(name));
  const keys = await done(database.transaction("counters").objectStore("counters").getAllKeys());
  database.close();
  return keys;
}
