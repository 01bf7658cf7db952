/** Which tunes are to be analyzed, and how many are done. */

import { isOfCollection, isOwn } from "./tune-index.js";

/** @typedef {import("./tune-index.js").IndexedTune} IndexedTune */

/** @typedef {{analyzed: number, failed: number, all: number}} AnalysisCounts */

/**
 * @param {import("./list-view.js").ListView} view
 * @param {import("./analyses.js").Analyses} analyses
 * @param {number} version  of the analysis
 * @param {number} limit
 * @param {boolean} withSite  whether the site's tunes count
 * @param {Set<IndexedTune>} [except]  tunes that don't count
 * @returns {IndexedTune[]} tunes that this version hasn't analyzed: first the visible ones, then the listener's
 */
export function unanalyzed(view, analyses, version, limit, withSite, except = new Set()) {
  /** @type {Set<IndexedTune>} */
  const found = new Set();
  for (const tune of candidates(view, withSite)) {
    if (found.size >= limit) break;
    if (!except.has(tune) && !analyses.isDone(tune, version)) found.add(tune);
  }
  return [...found];
}

/**
 * @param {import("./list-view.js").ListView} view
 * @param {boolean} withSite
 */
function* candidates(view, withSite) {
  for (const tune of view.visible) if (isOwn(tune) || (withSite && isOfCollection(tune))) yield tune;
  for (const tune of view.beyond()) if (isOwn(tune)) yield tune;
  if (!withSite) return;
  for (const tune of view.beyond()) if (isOfCollection(tune)) yield tune;
}

/**
 * Count the tunes that were analyzed, and those that can't be.
 * @param {IndexedTune[]} tunes
 * @param {import("./analyses.js").Analyses} analyses
 * @param {number} version  of the analysis
 * @returns {AnalysisCounts}
 */
export function countAnalyses(tunes, analyses, version) {
  let [analyzed, failed] = [0, 0];
  for (const tune of tunes) {
    if (analyses.hasFeatures(tune)) analyzed += 1;
    else if (analyses.isDone(tune, version)) failed += 1;
  }
  return { analyzed, failed, all: tunes.length };
}
