/** Which tunes this page is to analyze, and how many are done. */

import { isOwn } from "./tune-index.js";

/** @typedef {import("./tune-index.js").IndexedTune} IndexedTune */

/** @typedef {{analyzed: number, failed: number, all: number}} AnalysisCounts */

/**
 * @param {Iterable<IndexedTune>} tunes  the most wanted ones first; they may occur more than once
 * @param {import("./analyses.js").Analyses} analyses
 * @param {number} version  of the analysis
 * @param {number} limit
 * @returns {IndexedTune[]} own tunes that this version hasn't analyzed
 */
export function unanalyzed(tunes, analyses, version, limit) {
  /** @type {Set<IndexedTune>} */
  const found = new Set();
  for (const tune of tunes) {
    if (found.size >= limit) break;
    if (isOwn(tune) && !analyses.isDone(tune, version)) found.add(tune);
  }
  return [...found];
}

/**
 * Count the tunes that were analyzed, and those that can't be.
 * @param {Iterable<IndexedTune>} tunes
 * @param {import("./analyses.js").Analyses} analyses
 * @param {number} version  of the analysis
 * @returns {AnalysisCounts}
 */
export function countAnalyses(tunes, analyses, version) {
  let [analyzed, failed, all] = [0, 0, 0];
  for (const tune of tunes) {
    if (!isOwn(tune) && tune.locations) continue;
    all += 1;
    if (analyses.hasFeatures(tune)) analyzed += 1;
    else if (analyses.isDone(tune, version)) failed += 1;
  }
  return { analyzed, failed, all };
}
