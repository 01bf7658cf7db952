/** How the High Voltage SID Collection (HVSC) names paths, composers, and years. */

import { fold } from "./fold.js";

const ROOTED = /(?:^|\/)((?:DEMOS|GAMES|MUSICIANS|VARIOUS)\/.*)$/i;
const MUSICIAN = /^\/MUSICIANS\/[^/]+\/[^/]+/i;

/** Between composers, but not inside of the parentheses that have a nickname. */
const SEPARATOR = /\s*[&,/]\s*(?![^(]*\))/;

/** After a name that is doubtful, and instead of one that isn't known. */
const DOUBT = /\s*(?:<\?>|\?)$/;
const NICKNAME = /\s*\([^)]*\)/g;
const YEAR = /^(?:19|20)\d\d/;

/** @typedef {{key: string, name: string}} Composer  key: the same for all spellings; name: as in the header */

/**
 * @param {string} path  of a file, below or with the name of an added folder
 * @returns {string} its path in the HVSC, such as `/MUSICIANS/H/Hubbard_Rob/Commando.sid`; "" if it is elsewhere
 */
export function hvscPath(path) {
  const match = ROOTED.exec(path);
  return match ? `/${match[1]}` : "";
}

/**
 * @param {string} path  in the HVSC
 * @returns {string} the composer's folder; "" if the tune is in no such folder
 */
export const composerFolder = (path) => MUSICIAN.exec(path)?.[0] ?? "";

/**
 * @param {string} author  as in the header
 * @returns {Composer[]}
 */
export function composersOf(author) {
  return author
    .split(SEPARATOR)
    .map((name) => name.replace(DOUBT, "").trim())
    .map((name) => ({ name, key: composerKey(name) }))
    .filter(({ key }) => key);
}

/** @param {string} name */
export const composerKey = (name) => fold(name.replaceAll(NICKNAME, "").replace(DOUBT, "")).trim();

/**
 * @param {string} released  as in the header
 * @returns {string} the year; "" if it isn't known
 */
export const yearOf = (released) => YEAR.exec(released)?.[0] ?? "";

/**
 * @param {Iterable<{author: string}>} tunes
 * @returns {string[]} names of their composers, those with most tunes first
 */
export function frequentComposers(tunes) {
  /** @type {Map<string, {name: string, tunes: number}>} */
  const counts = new Map();
  for (const { author } of tunes) {
    for (const { key, name } of composersOf(author)) {
      const known = counts.get(key);
      if (known) known.tunes += 1;
      else counts.set(key, { name, tunes: 1 });
    }
  }
  return [...counts.values()].sort((one, other) => other.tunes - one.tunes).map(({ name }) => name);
}
