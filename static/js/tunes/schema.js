// The stores of the collection: the listener's own tunes, and what was measured of any tune.

export const VERSION = 1;

/** A row for each tune, by `sidPath`: what its header says, its lengths, and the places where it was found. */
export const TUNES = "tunes";

/** The bytes of few, small tunes whose files can't be reached again, by `sidPath`. */
export const CONTENTS = "contents";

/** A row for each folder that was added, by `id`, with its handle where the browser gives one. */
export const FOLDERS = "folders";

/** Features and lengths of each song, by `sidPath`; of the listener's tunes and of the site's. */
export const MEASURED = "measured";

/** Files by name that belong to no tune: the listener's Songlengths.md5. */
export const NOTES = "notes";

export const STORES = [TUNES, CONTENTS, FOLDERS, MEASURED, NOTES];

/** Bring a database to `VERSION`. Must wait for nothing but requests of this transaction. */
export function migrate(database, oldVersion) {
  if (oldVersion >= 1) return;
  database.createObjectStore(TUNES, { keyPath: "sidPath" });
  database.createObjectStore(CONTENTS);
  database.createObjectStore(FOLDERS, { keyPath: "id" });
  database.createObjectStore(MEASURED, { keyPath: "sidPath" });
  database.createObjectStore(NOTES);
}
