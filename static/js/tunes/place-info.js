/** What the page shows of a folder, a composer, and a tune: names, numbers, and comments of STIL.txt. */

import { composerFolder, composerKey, composersOf, hvscPath, yearOf } from "./hvsc.js";
import { FILES, SITE } from "./place.js";

/** @typedef {import("./schema.js").FileLocation} FileLocation */
/** @typedef {import("./stil.js").Note} Note */
/** @typedef {import("./stil.js").Stil} Stil */
/** @typedef {import("./tune-index.js").IndexedTune} IndexedTune */
/** @typedef {import("./tune-index.js").Place} Place */
/** @typedef {import("./tune-index.js").TuneIndex} TuneIndex */
/** @typedef {Pick<import("./folders.js").Folders, "get">} Folders */

/** @typedef {{name: string, place: Place}} Link */
/** @typedef {Link & {tunes: number}} Part */

/**
 * @typedef {object} PlaceInfo
 * @property {"folder" | "composer"} kind
 * @property {string} name
 * @property {number} tunes
 * @property {Link[]} trail  folders above this one
 * @property {Link[]} links  the composer of a folder, the folders of a composer
 * @property {Part[]} parts  the folders in it, or the years
 * @property {string} comment  of STIL.txt
 * @property {number | null} match  the predicted preference in the mean; null if unknown
 */

/**
 * @typedef {object} TuneInfo
 * @property {Link[]} trail  folders of the file
 * @property {string} file  its name there; without a folder, its path in the HVSC or its name
 * @property {Link[]} composers  `name` is a part of the author
 * @property {Note | null} song  what STIL.txt says about the song
 * @property {Note | null} tune  and about the whole file
 * @property {{name: string, length: number | null}[]} songs  of a tune with several; length in seconds
 */

/** Most folders of a composer that are linked. */
const MAX_FOLDERS = 3;

const UNKNOWN_YEAR = "unknown year";

/** Name of the folder that the site's tunes are in where it has no collection. */
const SITE_NAME = "Demo tunes";

/**
 * @param {TuneIndex} index
 * @param {Folders} folders
 * @param {Stil | null} stil
 * @param {Place} place
 * @returns {PlaceInfo | null} null if no tune is there
 */
export function describePlace(index, folders, stil, place) {
  if (!place.composer && !place.folder) return null;
  const tunes = index.view({ ...place, year: undefined });
  if (!tunes.length) return null;
  const describe = place.composer ? composer : folder;
  return { ...describe(tunes, folders, stil, place), match: index.match(tunes) };
}

/**
 * @param {IndexedTune} tune
 * @param {Folders} folders
 * @param {Stil | null} stil
 * @param {number} song
 * @returns {TuneInfo}
 */
export function describeTune(tune, folders, stil, song) {
  const location = tune.locations?.find(({ folder }) => folder !== FILES) ?? tune.locations?.[0];
  const root = location && folders.get(location.folder);
  const entry = (tune.hvscPath && stil?.entry(tune.hvscPath)) || null;
  const lengths = tune.lengths.length ? tune.lengths : (tune.measured?.lengths ?? []);
  return {
    trail: location && root ? trailOf(root, location.path) : [],
    file:
      (location?.folder !== FILES && location?.path.split("/").at(-1)) ||
      tune.hvscPath ||
      location?.path ||
      "",
    composers: composersOf(tune.author).map(({ name, key }) => ({ name, place: { composer: key } })),
    song: entry?.songs.get(song) ?? null,
    tune: entry?.file ?? null,
    songs: Array.from({ length: tune.songs > 1 ? tune.songs : 0 }, (_, number) => ({
      name: entry?.songs.get(number + 1)?.name ?? "",
      length: lengths[number] ?? null,
    })),
  };
}

/**
 * @param {IndexedTune[]} tunes
 * @param {Folders} folders
 * @param {Stil | null} stil
 * @param {Place} place
 * @returns {Omit<PlaceInfo, "match">}
 */
function folder(tunes, folders, stil, { folder: id = "", path = "" }) {
  const root = folders.get(id);
  const name = root?.name ?? (id === SITE ? SITE_NAME : "");
  const trail = root ? trailOf(root, path ? `${path}/` : "") : [];
  const here = trail.pop();
  const inHvsc = hvscPath(`${name}/${path}/`).slice(0, -1);
  return {
    kind: "folder",
    name: here?.name ?? name,
    tunes: tunes.length,
    trail,
    links: composerFolder(inHvsc) === inHvsc && inHvsc ? mainComposer(tunes) : [],
    parts: foldersIn(tunes, id, path),
    comment: stil?.folderComment(inHvsc) ?? "",
  };
}

/**
 * @param {IndexedTune[]} tunes
 * @param {string} id  of the folder
 * @param {string} path
 * @returns {Part[]}
 */
function foldersIn(tunes, id, path) {
  const start = path && `${path}/`;
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { locations = [] } of tunes) {
    const below = locations.filter((at) => at.folder === id && at.path.startsWith(start));
    const names = below.map((at) => firstFolder(at.path.slice(start.length)));
    for (const name of names.length > 1 ? new Set(names) : names)
      counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  counts.delete(""); // the files in the folder itself
  return [...counts]
    .map(([name, tunes]) => ({ name, tunes, place: { folder: id, path: start + name } }))
    .sort((one, other) => (one.name.toLowerCase() < other.name.toLowerCase() ? -1 : 1));
}

/** @param {string} path */
const firstFolder = (path) => (path.includes("/") ? path.slice(0, path.indexOf("/")) : "");

/**
 * @param {IndexedTune[]} tunes
 * @returns {Link[]} the composer of most of them
 */
function mainComposer(tunes) {
  const composers = tunes.flatMap(({ author }) => composersOf(author).map(({ key }) => key));
  const [most] = counted(composers);
  if (!most || most.tunes * 2 <= tunes.length) return [];
  return [{ name: fullName(tunes, most.name), place: { composer: most.name } }];
}

/**
 * @param {IndexedTune[]} tunes
 * @param {Folders} folders
 * @param {Stil | null} stil
 * @param {Place} place
 * @returns {Omit<PlaceInfo, "match">}
 */
function composer(tunes, folders, stil, { composer: key = "" }) {
  const home = counted(tunes.map(({ hvscPath }) => composerFolder(hvscPath ?? "")).filter(Boolean));
  const years = counted(tunes.map(({ released }) => yearOf(released)));
  return {
    kind: "composer",
    name: fullName(tunes, key),
    tunes: tunes.length,
    trail: [],
    links: home.slice(0, MAX_FOLDERS).flatMap(({ name }) => linkTo(tunes, folders, name)),
    parts: years
      .map(({ name, tunes }) => ({
        name: name || UNKNOWN_YEAR,
        tunes,
        place: { composer: key, year: name },
      }))
      .sort((one, other) => (one.name < other.name ? -1 : 1)),
    comment: (home[0] && stil?.folderComment(home[0].name)) ?? "",
  };
}

/**
 * @param {IndexedTune[]} tunes
 * @param {string} key
 * @returns {string} how most of the tunes write the composer's name
 */
function fullName(tunes, key) {
  const names = tunes.flatMap(({ author }) => composersOf(author).map(({ name }) => name));
  return counted(names.filter((name) => composerKey(name) === key))[0]?.name ?? key;
}

/**
 * @param {IndexedTune[]} tunes
 * @param {Folders} folders
 * @param {string} path  in the HVSC, of one of the tunes' folders
 * @returns {Link[]} the listener's folder with this path
 */
function linkTo(tunes, folders, path) {
  for (const { hvscPath: own, locations } of tunes) {
    if (!own?.startsWith(`${path}/`)) continue;
    for (const { folder: id, path: below } of locations ?? []) {
      const name = folders.get(id)?.name ?? "";
      const end = below.length - (own.length - path.length);
      if (end >= 0 && hvscPath(`${name}/${below}`) === own) {
        return [{ name: path, place: { folder: id, path: below.slice(0, end) } }];
      }
    }
  }
  return [];
}

/**
 * @param {import("./schema.js").Folder} root
 * @param {string} path  of a file
 * @returns {Link[]} its folders, from the added one on; none for files that were added one by one
 */
function trailOf(root, path) {
  if (root.id === FILES) return [];
  const names = path.split("/").slice(0, -1);
  const below = names.map((name, number) => ({
    name,
    place: { folder: root.id, path: names.slice(0, number + 1).join("/") },
  }));
  return [{ name: root.name, place: { folder: root.id } }, ...below];
}

/**
 * @param {string[]} names
 * @returns {{name: string, tunes: number}[]} how often each occurs, the most frequent first
 */
function counted(names) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, tunes]) => ({ name, tunes })).sort((one, other) => other.tunes - one.tunes);
}
