/**
 * Detects the end of a song: there was sound, and then silence for a while.
 *
 * The signal is high-pass filtered and cut into windows. A window has sound if its peak-to-peak value reaches a
 * threshold. The filter removes the DC offset of digis; a step in the offset decays within about 20 ms. A click of the
 * volume register is therefore a short run of windows, and a note, a drum, or a buzz of clicks is a longer one. Only
 * longer runs count.
 */

/** Peak to peak; full scale is 2. Waveforms with closed gates leak up to 0.005 (6581); faint notes have 0.0073. */
const THRESHOLD = 0.006;

/** A song has ended after this much silence. Rests in music are usually shorter. */
const SILENT_SECONDS = 6;

const HIGH_PASS_HZ = 40;
const WINDOWS_PER_SECOND = 100;
/** Windows with sound belong to one run if they are at most this far apart, which covers slow buzzes. */
const MAX_GAP = 10;
/** A run of fewer windows is a click. */
const MIN_RUN = 5;

export class SilenceDetector {
  #windowFrames;
  #decay;
  /** @type {number | null} */
  #last = null;
  #filtered = 0;
  #lowest = 0;
  #highest = 0;
  #frames = 0;
  #windows = 0;
  #runFrom = 0;
  #runTo = -Infinity;
  #soundTo = 0;

  /** @param {number} sampleRate  Hz */
  constructor(sampleRate) {
    this.#windowFrames = Math.round(sampleRate / WINDOWS_PER_SECOND);
    this.#decay = Math.exp((-2 * Math.PI * HIGH_PASS_HZ) / sampleRate);
  }

  /** @param {Float32Array} frames  the next frames of the song, mono, [-1, 1] */
  add(frames) {
    for (let i = 0; i < frames.length; i++) {
      const frame = frames[i];
      this.#filtered = this.#decay * (this.#filtered + frame - (this.#last ?? frame));
      this.#last = frame;
      this.#lowest = Math.min(this.#lowest, this.#filtered);
      this.#highest = Math.max(this.#highest, this.#filtered);
      if (++this.#frames === this.#windowFrames) this.#endWindow();
    }
  }

  /** Whether the song has had any sound. */
  get hasSound() {
    return this.#soundTo > 0;
  }

  /** Seconds from the start to the end of the last sound; null while the song may continue. */
  get end() {
    const silent = this.#windows - this.#soundTo;
    return this.hasSound && silent >= SILENT_SECONDS * WINDOWS_PER_SECOND
      ? this.#soundTo / WINDOWS_PER_SECOND
      : null;
  }

  #endWindow() {
    const at = this.#windows++;
    if (this.#highest - this.#lowest >= THRESHOLD) this.#addSound(at);
    this.#frames = 0;
    this.#lowest = this.#highest = this.#filtered;
  }

  /** @param {number} at  index of a window with sound */
  #addSound(at) {
    if (at - this.#runTo > MAX_GAP) this.#runFrom = at;
    this.#runTo = at;
    if (at - this.#runFrom + 1 >= MIN_RUN) this.#soundTo = at + 1;
  }
}
