/** Adds what was found out about a song to the analysis of its tune. */

import { ANALYSIS_VERSION } from "../../../sidflow_feedback/page/messages.js";
import { hasMeasuredLengths } from "./tune-index.js";

/** @typedef {import("./schema.js").AnalysisRow} AnalysisRow */

/**
 * `SongAnalysis` of `sidflow_feedback/types.py`.
 * @typedef {object} SongAnalysis
 * @property {Record<string, number> | null} features
 * @property {string | null} problem  why it has none
 * @property {string | null} embedding  in base64
 * @property {number | null} length  seconds until it falls silent; null if it was longer than the analysis
 */

/**
 * @param {import("./tune-index.js").Tune} tune
 * @param {number} song  from 1
 * @param {SongAnalysis} found
 * @returns {AnalysisRow} the analysis of all songs; of an older version, nothing is kept
 */
export function withSong(tune, song, found) {
  const isCurrent = (tune.version ?? ANALYSIS_VERSION) === ANALYSIS_VERSION;
  /** @type {<T>(known: (T | null)[] | undefined, value: T | null) => (T | null)[]} */
  const merged = (known = [], value) =>
    Array.from({ length: Math.max(tune.songs, song) }, (_, at) =>
      at === song - 1 ? value : (isCurrent && known[at]) || null,
    );
  /** @type {AnalysisRow} */
  const row = {
    sidPath: tune.sidPath,
    version: ANALYSIS_VERSION,
    features: merged(tune.features, found.features),
    problems: merged(tune.problems, found.problem),
    embeddings: merged(tune.embeddings, found.embedding),
  };
  if (hasMeasuredLengths(tune)) {
    const known = tune.measured?.lengths;
    row.lengths = merged(known, found.length ?? (isCurrent ? known?.[song - 1] : null) ?? null);
  }
  return row;
}
