/** What is known about the sound of tunes: the analyses of this browser, and those of an analysis file. */

import { ANALYSIS_VERSION, FEATURE_NAMES } from "../../../sidflow_feedback/page/messages.js";
import { decodeBase64 } from "./base64.js";

/** @typedef {import("./tune-index.js").Tune} Tune */
/** @typedef {import("./analysis-file.js").AnalysisFile} AnalysisFile */

/** What the problems have in common that ROMs of the C64 may solve. */
const NEEDS_ROMS = /C64('s)? ROMs/;

const DURATION = FEATURE_NAMES.indexOf("duration");

export class Analyses {
  /** @type {AnalysisFile | null} */
  file = null;

  /** Whether there are ROMs of the C64, so that songs may be analyzed that failed without. */
  hasRoms = false;

  /**
   * Use a file from now on, instead of another one.
   * @param {AnalysisFile | null} file
   * @param {Iterable<Tune>} tunes  that may be in it
   * @returns {number} how many are in it
   */
  use(file, tunes) {
    this.file = file;
    let count = 0;
    for (const tune of tunes) if (this.match(tune)) count += 1;
    return count;
  }

  /**
   * Look for a tune in the file.
   * @param {Tune} tune
   * @returns {boolean} whether it is there
   */
  match(tune) {
    const number = this.file && tune.md5 ? this.file.find(tune.md5) : -1;
    tune.fileNumber = number < 0 ? undefined : number;
    return number >= 0;
  }

  /** @param {Tune} tune */
  hasFeatures(tune) {
    if (tune.features?.some((song) => song !== null)) return true;
    return tune.fileNumber !== undefined && (this.file?.knows(tune.fileNumber) ?? false);
  }

  /**
   * @param {Tune} tune
   * @returns {"known" | "unknown" | "failed"} what the analysis has found
   */
  soundOf(tune) {
    if (this.hasFeatures(tune)) return "known";
    return this.isDone(tune, ANALYSIS_VERSION) ? "failed" : "unknown";
  }

  /**
   * @param {Tune} tune
   * @param {number} version  of the analysis
   * @returns {boolean} whether nobody needs to analyze its start song with this version
   */
  isDone(tune, version) {
    const song = tune.startSong - 1;
    if (tune.version === version && (tune.features?.[song] || this.#isFinal(tune.problems?.[song])))
      return true;
    const number = tune.fileNumber;
    if (number === undefined || version !== ANALYSIS_VERSION || !this.file) return false;
    return this.file.hasFeatures(number, song) || this.#isFinal(this.file.problem(number, song));
  }

  /**
   * @param {Tune} tune
   * @returns {Pick<Tune, "version" | "features" | "problems">} of the tune's songs, as `AnalysisRow` has them
   */
  of(tune) {
    const { version, features, problems, fileNumber: number } = tune;
    const { file } = this;
    if (number === undefined || !file) {
      return { version, features, problems: problems?.map((problem) => this.#final(problem)) };
    }
    const current = version === ANALYSIS_VERSION;
    const songs = songsOf(tune);
    return {
      version: ANALYSIS_VERSION,
      features: songs.map((song) => (current && features?.[song]) || file.features(number, song)),
      problems: songs.map((song) => this.#final((current && problems?.[song]) || file.problem(number, song))),
    };
  }

  /**
   * @param {string | null} problem
   * @returns {string | null} null if the song should be analyzed again
   */
  #final(problem) {
    return this.#isFinal(problem) ? problem : null;
  }

  /** @param {string | null | undefined} problem */
  #isFinal(problem) {
    return Boolean(problem) && !(this.hasRoms && NEEDS_ROMS.test(problem ?? ""));
  }

  /**
   * @param {Tune} tune
   * @returns {(number | null)[]} seconds until its songs fall silent
   */
  lengthsOf(tune) {
    const { file } = this;
    const number = tune.fileNumber;
    const measured = tune.measured?.lengths ?? [];
    if (number === undefined || !file) return measured;
    return songsOf(tune).map((song) => measured[song] ?? file.length(number, song));
  }

  /**
   * @param {Tune} tune
   * @returns {number | null} seconds of its start song, from whatever knows them best
   */
  startLengthOf(tune) {
    const song = tune.startSong - 1;
    return tune.lengths[song] ?? this.lengthsOf(tune)[song] ?? null;
  }

  /**
   * Write the features of all songs of a tune, 8 numbers each; NaN where unknown.
   * @param {Tune} tune
   * @param {Float32Array} target
   * @param {number} at
   */
  copyFeatures(tune, target, at) {
    const { file } = this;
    const number = tune.fileNumber;
    for (let song = 0; song < tune.songs; song++, at += FEATURE_NAMES.length) {
      const own = tune.features?.[song];
      if (number !== undefined && file && song < file.songsOf(number)) {
        file.copyFeatures(number, song, target, at);
      } else target.fill(Number.NaN, at, at + FEATURE_NAMES.length);
      if (own && (tune.version === ANALYSIS_VERSION || Number.isNaN(target[at]))) {
        FEATURE_NAMES.forEach((name, feature) => {
          target[at + feature] = own[name];
        });
      }
      const length = tune.lengths[song] ?? tune.measured?.lengths[song];
      if (length && !Number.isNaN(target[at])) target[at + DURATION] = length;
    }
  }

  /**
   * @param {Tune} tune
   * @param {number} song  from 0
   * @returns {Uint8Array | null} its embedding; null if unknown
   */
  embedding(tune, song) {
    const own = tune.version === ANALYSIS_VERSION && tune.embeddings?.[song];
    if (own) return decodeBase64(own);
    const number = tune.fileNumber;
    return number === undefined ? null : (this.file?.embedding(number, song) ?? null);
  }
}

/**
 * @param {Tune} tune
 * @returns {number[]} its songs, from 0
 */
const songsOf = ({ songs }) => Array.from({ length: songs }, (_, song) => song);
