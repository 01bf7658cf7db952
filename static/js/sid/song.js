/** The song that the emulator plays, and how to go to another position in it. Positions are frames from its start. */

import { MAX_FRAMES } from "./emulator.js";
import { SAMPLE_RATE } from "./ring.js";

/** Skipped frames don't update the filters. Rendering this many frames lets them catch up before the sound is used. */
const SETTLING = SAMPLE_RATE;

/** Recent states, as far back as the worker renders ahead plus a second, are stored at a short interval. */
const RECENT = 3 * SAMPLE_RATE;
const RECENT_INTERVAL = SAMPLE_RATE / 2;
const OLD_INTERVAL = 10 * SAMPLE_RATE;

/** 24 states of about 1 MB cover 4 minutes. */
const MAX_STATES = 24;

export class Song {
  #emulator;
  #number = 0;
  /** @type {{at: number, state: Uint8Array}[]} ordered by position */
  #states = [];
  at = 0;

  /** @param {import("./emulator.js").SidEmulator} emulator  with a loaded tune */
  constructor(emulator) {
    this.#emulator = emulator;
  }

  /**
   * @param {number} number  1-based; 0: the tune's start song
   * @throws {SidError}
   */
  start(number) {
    this.#states = [];
    this.#emulator.start(number, SAMPLE_RATE);
    this.#number = number;
    this.at = 0;
  }

  /**
   * @returns {{left: Float32Array, right: Float32Array | null}} the next MAX_FRAMES frames, with a right channel in
   *   stereo; views that the next call overwrites
   * @throws {SidError}
   */
  render() {
    this.#saveState();
    const left = this.#emulator.render(MAX_FRAMES);
    this.at += left.length;
    return { left, right: this.#emulator.right(left.length) };
  }

  /**
   * Go back to the last stored state at or before `frame`, or else to the start of the song.
   * @param {number} frame
   */
  back(frame) {
    let nearest = this.#states.at(-1);
    while (nearest !== undefined && nearest.at > frame) {
      this.#states.pop();
      nearest = this.#states.at(-1);
    }
    if (nearest === undefined) return this.start(this.#number);
    this.#emulator.restore(nearest.state);
    this.at = nearest.at;
  }

  /**
   * Go one bounded step toward `frame` and drop the sound.
   * @param {number} frame
   */
  approach(frame) {
    const rest = frame - this.at;
    if (rest > SETTLING) this.at += this.#emulator.skip(rest - SETTLING);
    else this.at += this.#emulator.render(Math.min(rest, MAX_FRAMES)).length;
  }

  #saveState() {
    const last = this.#states.at(-1);
    if (last !== undefined && this.at - last.at < RECENT_INTERVAL) return;
    this.#states.push({ at: this.at, state: this.#emulator.save() });
    this.#dropStates();
  }

  /** Drop old states that are too close to each other. */
  #dropStates() {
    let previous = -OLD_INTERVAL;
    this.#states = this.#states.filter(({ at }) => {
      const keep = at > this.at - RECENT || at - previous >= OLD_INTERVAL;
      if (keep) previous = at;
      return keep;
    });
    if (this.#states.length > MAX_STATES) this.#states.splice(1, 1);
  }
}
