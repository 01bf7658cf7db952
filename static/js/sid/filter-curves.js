/**
 * The curve of the 6581's filter for each composer. No two of these chips had the same filter, and tunes were tuned to
 * the one at hand. These curves are a choice of our own, by hand; others can be added.
 */

/** The curve of composers who aren't listed, as in sidplayfp. */
const MEDIUM = 50;

/**
 * In percent, from 0 (bright) to 100 (dark), by a part of the header's author, in lower case.
 * @type {Record<string, number>}
 */
const CURVES = {
  "ben daglish": 40,
  "chris hülsbeck": 45,
  "david whittaker": 40,
  "fred gray": 40,
  "jeroen tel": 60,
  "johannes bjerregaard": 60,
  "martin galway": 30,
  "matt gray": 55,
  "rob hubbard": 35,
  "thomas mogensen": 60,
};

/**
 * The listener's wish; the curve may be left to the author.
 * @typedef {Omit<import("./emulator.js").SoundOptions, "filterCurve"> & {filterCurve: number | null}} SoundWish
 */

/**
 * @param {SoundWish} wish
 * @param {string} author  of the tune
 * @returns {import("./emulator.js").SoundOptions}
 */
export function soundFor(wish, author) {
  return { ...wish, filterCurve: wish.filterCurve ?? curveOf(author) };
}

/** @param {string} author */
function curveOf(author) {
  const name = author.toLowerCase();
  return Object.entries(CURVES).find(([part]) => name.includes(part))?.[1] ?? MEDIUM;
}
