/** Tunes as the page's Python gets them. */

import { hasMeasuredLengths, isOwn } from "./tune-index.js";

/** @typedef {import("./tune-index.js").IndexedTune} IndexedTune */
/** @typedef {import("./tune-index.js").Tune} Tune */

/** @typedef {object | null} TuneRecord  `TuneRecord` of `app/page/core/payloads.py`; null: there is no tune */

/**
 * What the engine knows of a tune.
 * @typedef {object} Predictions
 * @property {number | null} row  of its song 1
 * @property {(number[] | null)[]} predictions  of each song: energy, mood, complexity, preference
 * @property {number[]} sureness  of each song, two bits for each prediction
 */

export class TuneRecords {
  #index;
  #analyses;

  /**
   * @param {import("./tune-index.js").TuneIndex} index
   * @param {import("./analyses.js").Analyses} analyses
   */
  constructor(index, analyses) {
    this.#index = index;
    this.#analyses = analyses;
  }

  /**
   * @param {IndexedTune | undefined} tune
   * @returns {TuneRecord}
   */
  of(tune) {
    if (!tune) return null;
    const {
      text,
      row: _row,
      fileNumber: _number,
      md5,
      hvscPath,
      locations,
      added,
      measured: _measured,
      embeddings: _embeddings,
      ...fields
    } = tune;
    const predicted = this.predictionsOf(tune);
    if (!locations) return { ...fields, ...predicted };
    const lengths = this.lengthsOf(tune);
    const known = this.#analyses.of(tune);
    // The length may have been added after the analysis.
    const features = (known.features ?? []).map(
      (song, i) => song && { ...song, duration: lengths.lengths[i] ?? song.duration },
    );
    const own = isOwn(tune) ? { own: true, folders: locations.map(({ folder }) => folder) } : {};
    return { ...fields, ...known, features, ...lengths, ...own, ...predicted };
  }

  /**
   * @param {IndexedTune | undefined} tune
   * @returns {Predictions}
   */
  predictionsOf(tune) {
    if (tune?.row === undefined) return { row: null, predictions: [], sureness: [] };
    const songs = Array.from({ length: tune.songs }, (_, number) => number + 1);
    return {
      row: tune.row,
      predictions: songs.map((song) => this.#index.prediction(tune, song)),
      sureness: songs.map((song) => this.#index.levels(tune, song)),
    };
  }

  /**
   * @param {Tune} tune
   * @returns {{lengths: (number | null)[], lengthSource: string}}
   */
  lengthsOf(tune) {
    if (!hasMeasuredLengths(tune)) return { lengths: tune.lengths, lengthSource: "songlengths" };
    const lengths = this.#analyses.lengthsOf(tune);
    return { lengths, lengthSource: lengths.some(Boolean) ? "measured" : "default" };
  }
}
