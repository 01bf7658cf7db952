/** The stores of the collection: the listener's own tunes, and the analyses of all tunes. */

export const VERSION = 1;

/** One row per tune, by `sidPath`: header fields, lengths, and the folders and paths where the file is. */
export const TUNES = "tunes";

/** The bytes of tunes whose files can't be reached again, by `sidPath`; for small numbers of files only. */
export const CONTENTS = "contents";

/** One row per added folder, by `id`, with its handle if the browser provides one. */
export const FOLDERS = "folders";

/** Features and lengths of the songs of each analyzed tune, by `sidPath`: the listener's tunes and the site's. */
export const ANALYSES = "analyses";

/** Files that belong to no tune, by name: the listener's Songlengths.md5. */
export const NOTES = "notes";

export const STORES = [TUNES, CONTENTS, FOLDERS, ANALYSES, NOTES];

/** Migrate a database to `VERSION`. Must only wait for requests of this transaction. */
export function migrate(database, oldVersion) {
  if (oldVersion >= 1) return;
  database.createObjectStore(TUNES, { keyPath: "sidPath" });
  database.createObjectStore(CONTENTS);
  database.createObjectStore(FOLDERS, { keyPath: "id" });
  database.createObjectStore(ANALYSES, { keyPath: "sidPath" });
  database.createObjectStore(NOTES);
}
