/** The stores of the collection: the listener's own tunes, and the analyses of all tunes. */

export const VERSION = 2;

/** One row per tune, by `sidPath`: header fields, lengths, and the folders and paths where the file is. */
export const TUNES = "tunes";

/** The bytes of tunes whose files can't be reached again, by `sidPath`; for small numbers of files only. */
export const CONTENTS = "contents";

/** One row per added folder, by `id`, with its handle if the browser provides one. */
export const FOLDERS = "folders";

/** Features, embeddings, and lengths of the songs of each analyzed tune, by `sidPath`: the listener's tunes and the site's. */
export const ANALYSES = "analyses";

/** Files that belong to no tune, by name: the listener's Songlengths.md5 and STIL.txt. */
export const NOTES = "notes";

/** The listener's playlists and favorites, by `id`. */
export const PLAYLISTS = "playlists";

/**
 * Where the file of a tune is.
 * @typedef {object} FileLocation
 * @property {string} folder  id
 * @property {string} path  below the folder
 * @property {number} size  bytes
 * @property {number} modified  epoch milliseconds
 */

/**
 * @typedef {object} TuneRow
 * @property {string} sidPath
 * @property {string} md5  of the file
 * @property {string} hvscPath  path in the HVSC, from its first slash on; "" if unknown
 * @property {string} title
 * @property {string} author
 * @property {string} released
 * @property {number} songs
 * @property {number} startSong  1-based
 * @property {number} [chip]  6581 or 8580; missing in rows of version 1
 * @property {number[]} lengths  seconds of each song from Songlengths.md5; empty if unknown
 * @property {FileLocation[]} locations
 * @property {number} added  epoch milliseconds
 */

/**
 * Results for each song, from the first on.
 * @typedef {object} AnalysisRow
 * @property {string} sidPath
 * @property {number} [version]  of the analysis
 * @property {(Record<string, number> | null)[]} [features]  by name; null if unknown
 * @property {(string | null)[]} [problems]
 * @property {(string | null)[]} [embeddings]  64 bytes in base64; null if unknown
 * @property {(number | null)[]} [lengths]  seconds; null if unknown
 */

/** @typedef {{id: string, name: string, handle?: FileSystemDirectoryHandle}} Folder */

/** @typedef {{id: string, name: string, tunes: string[]}} PlaylistRow  tunes: `sidPath`s in their order */

/**
 * @typedef {{
 *   tunes: {key: string, value: TuneRow},
 *   contents: {key: string, value: ArrayBuffer},
 *   folders: {key: string, value: Folder},
 *   analyses: {key: string, value: AnalysisRow},
 *   notes: {key: string, value: Blob},
 *   playlists: {key: string, value: PlaylistRow},
 * }} TunesTypes
 */

/** @typedef {import("idb").StoreNames<TunesTypes>} StoreName */

/** @type {StoreName[]} */
export const STORES = [TUNES, CONTENTS, FOLDERS, ANALYSES, NOTES, PLAYLISTS];

/**
 * Migrate a database to `VERSION`. Must only wait for requests of this transaction.
 * @param {import("idb").IDBPDatabase<TunesTypes>} database
 * @param {number} oldVersion
 */
export function migrate(database, oldVersion) {
  if (oldVersion < 1) {
    database.createObjectStore(TUNES, { keyPath: "sidPath" });
    database.createObjectStore(CONTENTS);
    database.createObjectStore(FOLDERS, { keyPath: "id" });
    database.createObjectStore(ANALYSES, { keyPath: "sidPath" });
    database.createObjectStore(NOTES);
  }
  if (oldVersion < 2) database.createObjectStore(PLAYLISTS, { keyPath: "id" });
}
