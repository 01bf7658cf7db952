/** What came of adding music: one result, or several as one. */

/** @typedef {import("./indexing-queue.js").IndexingResult} IndexingResult */
/** @typedef {IndexingResult & {playlists?: import("./collection-worker.js").ImportedPlaylist[]}} AddedMusic */

/** @type {AddedMusic} */
export const NOTHING = {
  ...{ folder: "", problem: "", found: 0, indexed: 0, fresh: 0, skipped: 0, songlengths: 0, stil: 0 },
  ...{ analyses: 0, similarity: 0, manifest: 0, documents: [], reasons: [], tunes: [], canceled: false },
  playlists: [],
};

/**
 * @param {AddedMusic} one
 * @param {AddedMusic} other
 * @returns {AddedMusic}
 */
export function addResults(one, other) {
  return {
    ...one,
    found: one.found + other.found,
    indexed: one.indexed + other.indexed,
    fresh: one.fresh + other.fresh,
    skipped: one.skipped + other.skipped,
    songlengths: one.songlengths + other.songlengths,
    stil: one.stil + other.stil,
    analyses: Math.max(one.analyses, other.analyses),
    similarity: Math.max(one.similarity, other.similarity),
    manifest: Math.max(one.manifest, other.manifest),
    documents: [...one.documents, ...other.documents],
    reasons: [...one.reasons, ...other.reasons],
    tunes: [...one.tunes, ...other.tunes],
    canceled: one.canceled || other.canceled,
    playlists: [...(one.playlists ?? []), ...(other.playlists ?? [])],
  };
}
