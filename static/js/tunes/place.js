/** Places: parts of the list of tunes. */

import { composersOf, yearOf } from "./hvsc.js";

/** @typedef {import("./tune-index.js").IndexedTune} IndexedTune */

/**
 * A part of the list: a folder, or what is below a path in it; or a composer's tunes, those of one year if it is set.
 * @typedef {{folder?: string, path?: string, composer?: string, year?: string}} Place
 */

/** Id of the folder for files that were added one by one. */
export const FILES = "files";

/** Id of the folder for the demo tunes. */
export const SITE = "site";

/** Id of the folder for the site's collection. */
export const COLLECTION = "collection";

/**
 * @param {Place} place
 * @returns {((tune: IndexedTune) => boolean) | null} whether a tune is there; null: all are
 */
export function inPlace({ folder = "", path = "", composer = "", year }) {
  if (composer) {
    return (tune) =>
      (year === undefined || yearOf(tune.released) === year) &&
      tune.text.includes(composer) &&
      composersOf(tune.author).some(({ key }) => key === composer);
  }
  if (!folder) return null;
  if (folder === SITE) return (tune) => !tune.locations;
  const start = path && `${path}/`;
  return (tune) =>
    tune.locations?.some(({ folder: id, path }) => id === folder && path.startsWith(start)) ?? false;
}
