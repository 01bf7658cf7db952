// The stores of the feedback database, and the way from each older version to the present one.

export const VERSION = 3;

export const RATINGS = "ratings";
export const IMPLICIT = "implicit-events";
export const SNAPSHOTS = "model-snapshots";
/** How many events of each store have which status: counting them costs the same with 100 rows or 100,000. */
export const COUNTERS = "counters";

/** Small records by name, which are no events. */
export const NOTES = "notes";

export const EVENT_STORES = [RATINGS, IMPLICIT];
export const STATUSES = ["pending", "processing", "synced", "failed"];

/** All rows of one status, by time. */
export const having = (status, until = []) => IDBKeyRange.bound([status], [status, until]);

/**
 * Bring a database to `VERSION`; each step keeps every row. Must wait for nothing but requests of this
 * transaction.
 */
export async function migrate(database, oldVersion, transaction) {
  if (oldVersion < 1) createStores(database);
  if (oldVersion < 2) {
    indexStatusByTime(transaction);
    await createCounters(database, transaction);
  }
  if (oldVersion < 3) database.createObjectStore(NOTES);
}

function createStores(database) {
  for (const name of EVENT_STORES) {
    const store = database.createObjectStore(name, { keyPath: "id", autoIncrement: true });
    store.createIndex("uuid", "uuid", { unique: true });
    for (const field of ["sidPath", "timestamp"]) store.createIndex(field, field);
  }
  database.createObjectStore(SNAPSHOTS, { keyPath: "id", autoIncrement: true });
}

/** In version 1 this index had the status alone at first: it is made anew, whatever it was. */
function indexStatusByTime(transaction) {
  for (const name of EVENT_STORES) {
    const store = transaction.objectStore(name);
    if (store.indexNames.contains("syncStatus")) store.deleteIndex("syncStatus");
    store.createIndex("syncStatus", ["syncStatus", "timestamp"]);
  }
}

async function createCounters(database, transaction) {
  const counters = database.createObjectStore(COUNTERS, { keyPath: "store" });
  for (const store of EVENT_STORES) counters.put(await countedAnew(transaction, store));
}

/** What the counter of a store must be. */
export async function countedAnew(transaction, store) {
  const index = transaction.objectStore(store).index("syncStatus");
  const counts = await Promise.all(STATUSES.map((status) => index.count(having(status))));
  return { store, ...Object.fromEntries(STATUSES.map((status, i) => [status, counts[i]])) };
}
