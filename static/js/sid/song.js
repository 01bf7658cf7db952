/** A song under way in the engine, and the ways to another place of it. Places are frames since its beginning. */

import { MAX_FRAMES } from "./engine.js";
import { SAMPLE_RATE } from "./ring.js";

/** What is passed over leaves the filters behind: this much is rendered before it is heard. By then they have caught up. */
const SETTLING = SAMPLE_RATE;

/** States are kept so close for as far back as what is rendered ahead, and a second more; older ones further apart. */
const CLOSE = SAMPLE_RATE / 2;
const RECENT = 3 * SAMPLE_RATE;
const APART = 10 * SAMPLE_RATE;

/** 24 states of about 1 MB: 4 minutes. */
const MOST = 24;

export class Song {
  #engine;
  #number = 0;
  /** @type {{at: number, state: Uint8Array}[]} in the order of time */
  #kept = [];
  at = 0;

  /** @param {import("./engine.js").SidEngine} engine with a tune */
  constructor(engine) {
    this.#engine = engine;
  }

  /**
   * @param {number} number 1-based; 0 is the tune's start song
   * @throws {SidError}
   */
  start(number) {
    this.#kept = [];
    this.#engine.start(number, SAMPLE_RATE);
    this.#number = number;
    this.at = 0;
  }

  /**
   * @returns {Float32Array} the next MAX_FRAMES frames; a view that the next call overwrites
   * @throws {SidError}
   */
  render() {
    this.#keep();
    const frames = this.#engine.render(MAX_FRAMES);
    this.at += frames.length;
    return frames;
  }

  /** Go back to `frame`, or to a place before it that is at hand: the beginning of the song, if there is no other. */
  back(frame) {
    while (this.#kept.length > 0 && this.#kept.at(-1).at > frame) this.#kept.pop();
    const nearest = this.#kept.at(-1);
    if (nearest === undefined) return this.start(this.#number);
    this.#engine.restore(nearest.state);
    this.at = nearest.at;
  }

  /** One bounded step on to `frame`, without keeping the sound. */
  approach(frame) {
    const rest = frame - this.at;
    if (rest > SETTLING) this.at += this.#engine.skip(rest - SETTLING);
    else this.at += this.#engine.render(Math.min(rest, MAX_FRAMES)).length;
  }

  #keep() {
    const last = this.#kept.at(-1);
    if (last !== undefined && this.at - last.at < CLOSE) return;
    this.#kept.push({ at: this.at, state: this.#engine.save() });
    this.#thin();
  }

  /** Of the states that are not recent, keep those that are far enough apart. */
  #thin() {
    let before = -APART;
    this.#kept = this.#kept.filter(({ at }) => {
      const stays = at > this.at - RECENT || at - before >= APART;
      if (stays) before = at;
      return stays;
    });
    if (this.#kept.length > MOST) this.#kept.splice(1, 1);
  }
}
