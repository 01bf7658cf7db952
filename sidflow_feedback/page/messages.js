/** The names of `sidflow_feedback/vocabulary.py` that JavaScript needs, too. */

/**
 * @param {string} name  of the application
 * @returns {string} the name of its BroadcastChannel and database
 */
export const nameSpace = (name) => `${name}-feedback`;

/** Messages that a page sends without waiting for an answer. */
export const Post = Object.freeze({
  HELLO: "hello",
  EVENTS: "events",
  FORGET: "forget",
  FLUSH: "flush",
  ONLINE: "online",
  IDLE_GRANTED: "idle-granted",
});

/** Messages that a page sends and the engine answers. */
export const Request = Object.freeze({
  COLLECTION: "collection",
  SIMILARITY: "similarity",
  SCORES: "scores",
});

/** The audio features of a song, in the order of the model's inputs. */
export const FEATURE_NAMES = Object.freeze([
  "energy",
  "rms",
  "spectralCentroid",
  "spectralRolloff",
  "zeroCrossingRate",
  "bpm",
  "confidence",
  "duration",
]);

export const ANALYSIS_VERSION = 4;
export const EMBEDDING_VERSION = 2;
export const EMBEDDING_WIDTH = 64;

/** Messages that the engine sends to all pages. */
export const Publication = Object.freeze({
  READY: "ready",
  BEAT: "beat",
  STARTING: "starting",
  SILENT: "silent",
  COMMITTED: "committed",
  REFUSED: "refused",
  FORGOTTEN: "forgotten",
  WIPED: "wiped",
  IDLE_WANTED: "idle-wanted",
  BOOT_PROGRESS: "boot-progress",
  OFF: "off",
});
