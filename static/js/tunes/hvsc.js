/** How the High Voltage SID Collection (HVSC) names paths, composers, and years. */

import { fold } from "./fold.js";

const ROOTED = /(?:^|\/)((?:DEMOS|GAMES|MUSICIANS|VARIOUS)\/.*)$/i;
const MUSICIAN = /^\/MUSICIANS\/[^/]+\/[^/]+/i;

/** Between composers, but not inside of the parentheses that have a nickname. */
const SEPARATOR = /\s*[&,/]\s*(?![^(]*\))/;

/** After a name that is doubtful, and instead of one that isn't known. */
const DOUBT = /\s*(?:<\?>|\?)$/;
const NICKNAME = /\s*\([^)]*\)/g;

/** What a release begins with: a year, or a span such as `1987-88`; or a decade such as `198?`. */
const YEARS = /^(?:\(c\)|©)?\s*((?:19[789]|20\d)\d)(?![\d?])(?:-((?:\d\d){1,2})(?![\d?]))?/i;
const DECADE = /^(?:\(c\)|©)?\s*(19[789]|20\d)\?/i;

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
 * @param {string} released  as in the header, such as `1985 Maker`, `1987-88 Maker`, or `19?? Maker`
 * @returns {string} the year, of a span the first one; "" if it isn't known
 */
export const yearOf = (released) => YEARS.exec(released)?.[1] ?? "";

/**
 * @param {string} released  as in the header
 * @param {number} from
 * @param {number} to
 * @returns {boolean} whether it was released, or made for a part, in these years; of a decade, all years must be
 */
export function isReleased(released, from, to) {
  const [, first, end = ""] = YEARS.exec(released) ?? [];
  if (first) {
    const last = Number(first.slice(0, 4 - end.length) + end);
    return Number(first) <= to && (last < Number(first) ? last + 100 : last) >= from;
  }
  const decade = DECADE.exec(released)?.[1];
  return decade !== undefined && Number(`${decade}0`) >= from && Number(`${decade}9`) <= to;
}

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
