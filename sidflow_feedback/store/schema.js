/** The stores of the feedback database, and the migration from each older version. */

export const VERSION = 4;

export const RATINGS = "ratings";
export const IMPLICIT = "implicit-events";
export const SNAPSHOTS = "model-snapshots";
/** How many events of each store have each status: counting them costs the same with 100 rows or 100,000. */
export const COUNTERS = "counters";

/** Small records by name that are not events. */
export const NOTES = "notes";

/** The note with the books. */
export const BOOKS = "books";

/** @typedef {typeof RATINGS | typeof IMPLICIT} EventStore */
/** @typedef {"pending" | "processing" | "synced" | "failed"} Status */

/**
 * An event's record, and how far its upload has come. The database gives the id.
 * @typedef {object} EventRow
 * @property {number} id
 * @property {string} uuid
 * @property {"rating" | "implicit"} kind
 * @property {number} [v]             schema version of the record; none means 1
 * @property {number} timestamp       epoch milliseconds, as are `lastTry` and `nextTry`
 * @property {number} [order]         place in the order of events, see `order.js`; none: the timestamp
 * @property {string} sidPath
 * @property {string} [action]
 * @property {Status} syncStatus
 * @property {number} attempts
 * @property {string | null} lastError
 * @property {number} lastTry
 * @property {number} nextTry
 * @property {string | null} owner    of the lease, while the event is processed
 */

/**
 * What a row counts as: plays are never sent, see `standing`.
 * @typedef {Status | "local"} Standing
 */

/** @typedef {{store: EventStore} & Record<Standing, number>} Counter */
/** @typedef {Record<EventRow["kind"], number>} Positions  the id of a row of each kind */

/**
 * @typedef {object} SnapshotRow
 * @property {object} snapshot
 * @property {Positions} [learned]  the rows up to which the model may have learned; none: all
 */

/**
 * @typedef {object} EventStoreTypes
 * @property {number} key
 * @property {EventRow} value
 * @property {{uuid: string, sidPath: string, timestamp: number, syncStatus: [Status, number]}} indexes
 */

/**
 * @typedef {{
 *   ratings: EventStoreTypes,
 *   "implicit-events": EventStoreTypes,
 *   "model-snapshots": {key: number, value: SnapshotRow},
 *   counters: {key: EventStore, value: Counter},
 *   notes: {key: string, value: unknown},
 * }} FeedbackTypes
 */

/** @typedef {import("idb").StoreNames<FeedbackTypes>} StoreName */
/** @typedef {import("idb").IDBPDatabase<FeedbackTypes>} Database */

/**
 * @template {IDBTransactionMode} Mode
 * @typedef {import("idb").IDBPTransaction<FeedbackTypes, StoreName[], Mode>} Transaction
 */

/** @type {EventStore[]} */
export const EVENT_STORES = [RATINGS, IMPLICIT];

/** @type {StoreName[]} */
export const STORES = [...EVENT_STORES, SNAPSHOTS, COUNTERS, NOTES];

/** @type {Status[]} */
export const STATUSES = ["pending", "processing", "synced", "failed"];

/** @type {Standing[]} */
export const STANDINGS = [...STATUSES, "local"];

/**
 * @param {Pick<EventRow, "syncStatus" | "action">} row
 * @returns {Standing} its status; a play waits for nothing, because it is never sent
 */
export const standing = ({ syncStatus, action }) =>
  syncStatus === "pending" && action === "play" ? "local" : syncStatus;

/**
 * @param {Status} status
 * @returns {IDBKeyRange} all rows of one status, by time
 */
export const having = (status) => IDBKeyRange.bound([status], [status, []]);

/**
 * Bring a database to `VERSION`; each step keeps every row. Must wait for nothing but requests of this transaction.
 * @param {Database} database
 * @param {number} oldVersion
 * @param {Transaction<"versionchange">} transaction
 */
export async function migrate(database, oldVersion, transaction) {
  if (oldVersion < 1) createStores(database);
  if (oldVersion < 2) {
    indexStatusByTime(transaction);
    database.createObjectStore(COUNTERS, { keyPath: "store" });
  }
  if (oldVersion < 3) database.createObjectStore(NOTES);
  if (oldVersion < 4) await openBooks(transaction);
}

/** @param {Database} database */
function createStores(database) {
  for (const name of EVENT_STORES) {
    const store = database.createObjectStore(name, { keyPath: "id", autoIncrement: true });
    store.createIndex("uuid", "uuid", { unique: true });
    store.createIndex("sidPath", "sidPath");
    store.createIndex("timestamp", "timestamp");
  }
  database.createObjectStore(SNAPSHOTS, { keyPath: "id", autoIncrement: true });
}

/**
 * Early databases of version 1 had only the status in this index: it is always replaced.
 * @param {Transaction<"versionchange">} transaction
 */
function indexStatusByTime(transaction) {
  for (const name of EVENT_STORES) {
    const store = transaction.objectStore(name);
    if (store.indexNames.contains("syncStatus")) store.deleteIndex("syncStatus");
    store.createIndex("syncStatus", ["syncStatus", "timestamp"]);
  }
}

/**
 * Count what is there: from version 4 on, the counters tell plays from what waits for its upload, and what is stored
 * is what the books begin with.
 * @param {Transaction<"versionchange">} transaction
 */
async function openBooks(transaction) {
  let stored = 0;
  for (const name of EVENT_STORES) {
    const counter = await countRows(name, transaction.objectStore(name));
    transaction.objectStore(COUNTERS).put(counter);
    stored += STANDINGS.reduce((sum, standing) => sum + counter[standing], 0);
  }
  transaction.objectStore(NOTES).put({ recorded: stored, undone: 0, refused: 0, pruned: 0 }, BOOKS);
}

/**
 * @param {EventStore} name
 * @param {{index(name: "syncStatus"): {
 *   count(range: IDBKeyRange): Promise<number>, getAll(range: IDBKeyRange): Promise<EventRow[]>}}} store
 * @returns {Promise<Counter>} what the counter of this store must be
 */
export async function countRows(name, store) {
  const index = store.index("syncStatus");
  const [unsent, processing, synced, failed] = await Promise.all(
    STATUSES.map((status) => index.count(having(status))),
  );
  const waiting = name === IMPLICIT ? await index.getAll(having("pending")) : [];
  const local = waiting.filter((row) => standing(row) === "local").length;
  return { store: name, pending: unsent - local, processing, synced, failed, local };
}
