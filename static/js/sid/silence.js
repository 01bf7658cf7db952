/**
 * Tells when a song has ended: something was heard, and then nothing for a while.
 *
 * A window sounds if the sound moves in it, whatever its level: a high-pass takes out the constant part of
 * digis, and what a step of it leaves dies away in some 20 ms. So a click of the volume register is a short
 * run of windows, and a note, a drum or a buzz of clicks is a longer one. Only the latter counts.
 */

/** Peak to peak, full scale is 2. Waves with closed gates leak up to 0.005 (6581); the faintest notes have 0.0073. */
export const THRESHOLD = 0.006;

/** Silent this long, a song has ended. Rests within music are shorter, as a rule. */
export const SILENT_SECONDS = 6;

const HIGH_PASS_HZ = 40;
const WINDOWS_PER_SECOND = 100;
/** Windows apart from each other by less than this belong to one run: buzzes of 20 Hz and less. */
const LONGEST_GAP = 10;
/** A run of fewer windows is a click. */
const SHORTEST_SOUND = 5;

export class SilenceDetector {
  #windowFrames;
  #decay;
  #last = null;
  #filtered = 0;
  #lowest = 0;
  #highest = 0;
  #frames = 0;
  #windows = 0;
  #runFrom = 0;
  #runTo = -Infinity;
  #soundTo = 0;

  /** @param {number} sampleRate Hz, of the frames to come */
  constructor(sampleRate) {
    this.#windowFrames = Math.round(sampleRate / WINDOWS_PER_SECOND);
    this.#decay = Math.exp((-2 * Math.PI * HIGH_PASS_HZ) / sampleRate);
  }

  /** @param {Float32Array} frames the next ones of the song, mono, [-1, 1] */
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

  /** Whether the song has sounded at all. */
  get heard() {
    return this.#soundTo > 0;
  }

  /** Seconds from the beginning to the end of the last sound; null as long as the song may go on. */
  get end() {
    const silent = this.#windows - this.#soundTo;
    return this.heard && silent >= SILENT_SECONDS * WINDOWS_PER_SECOND
      ? this.#soundTo / WINDOWS_PER_SECOND
      : null;
  }

  #endWindow() {
    const at = this.#windows++;
    if (this.#highest - this.#lowest >= THRESHOLD) this.#sounds(at);
    this.#frames = 0;
    this.#lowest = this.#highest = this.#filtered;
  }

  #sounds(at) {
    if (at - this.#runTo > LONGEST_GAP) this.#runFrom = at;
    this.#runTo = at;
    if (at - this.#runFrom + 1 >= SHORTEST_SOUND) this.#soundTo = at + 1;
  }
}
