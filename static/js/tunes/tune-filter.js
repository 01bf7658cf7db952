/** Filters of the list: what a tune must be to pass. */

import { fold } from "./fold.js";
import { isReleased } from "./hvsc.js";

/** @typedef {import("./tune-index.js").IndexedTune} IndexedTune */
/** @typedef {(tune: IndexedTune) => boolean} Test */

/**
 * @typedef {object} Filters
 * @property {string} [author]  words that the author's name must have
 * @property {string} [from]  first year
 * @property {string} [to]  last year
 * @property {string} [chip]  6581 or 8580
 * @property {string} [feeling]  a key of `FEELINGS`
 * @property {string[]} [only]  `sidPath`s
 */

/**
 * Which prediction says it, and whether high values do.
 * @type {Record<string, {dimension: number, high: boolean}>}
 */
const FEELINGS = {
  calm: { dimension: 0, high: false },
  driving: { dimension: 0, high: true },
  dark: { dimension: 1, high: false },
  bright: { dimension: 1, high: true },
  simple: { dimension: 2, high: false },
  intricate: { dimension: 2, high: true },
};

/** Share of the tunes that have a feeling; a station by feeling plays as many. */
const SHARE = 0.2;

/**
 * @param {Filters} filters
 * @param {(tune: IndexedTune, dimension: number) => number | null} predict  null where the model can't tell
 * @param {() => IndexedTune[]} all  the tunes of which a share has a feeling
 * @returns {Test[]} a tune must pass all of them
 */
export function testsOf({ author, from, to, chip, feeling, only }, predict, all) {
  /** @type {Test[]} */
  const tests = [];
  if (only) {
    const wanted = new Set(only);
    tests.push(({ sidPath }) => wanted.has(sidPath));
  }
  if (author) {
    const words = fold(author).split(/\s+/).filter(Boolean);
    tests.push((tune) => {
      const name = fold(tune.author);
      return words.every((word) => name.includes(word));
    });
  }
  if (from || to) tests.push(({ released }) => isReleased(released, Number(from || 0), Number(to || 9999)));
  if (chip) tests.push((tune) => String(tune.chip) === chip);
  const felt = FEELINGS[feeling ?? ""];
  if (felt) tests.push(feels(felt.dimension, felt.high, predict, all()));
  return tests;
}

/**
 * @param {number} dimension
 * @param {boolean} high
 * @param {(tune: IndexedTune, dimension: number) => number | null} predict
 * @param {IndexedTune[]} tunes
 * @returns {Test}
 */
function feels(dimension, high, predict, tunes) {
  const known = Float32Array.from(tunes.flatMap((tune) => predict(tune, dimension) ?? [])).sort();
  if (!known.length) return () => false;
  const share = Math.floor(known.length * SHARE);
  const limit = known[high ? known.length - 1 - share : share];
  return (tune) => {
    const value = predict(tune, dimension);
    return value !== null && (high ? value > limit : value < limit);
  };
}
