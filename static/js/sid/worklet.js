/** The audio thread's end of the ring: plays it, fades at each change, and measures the output. */

import { Ring } from "./ring.js";

/** Frames that must be buffered before sound starts or resumes (93 ms), so that a slow start causes no underruns. */
const MIN_BUFFERED = 4096;
const METER_FRAMES = 4096;

class SidProcessor extends AudioWorkletProcessor {
  /** @type {Ring | null} */
  #ring = null;
  /** @type {Ring | null} plays once #ring has faded out */
  #next = null;
  #gain = 0;
  #buffered = false;
  #peak = 0;
  #squares = 0;
  #metered = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      this.#next = new Ring(data);
    };
  }

  /**
   * Must not allocate: the audio thread calls it every 128 frames.
   * @param {Float32Array[][]} _inputs
   * @param {Float32Array[][]} outputs
   */
  process(_inputs, outputs) {
    const [left, right] = outputs[0];
    if (this.#next !== null && this.#gain === 0) this.#swap();
    if (this.#ring === null) return true;
    this.#play(this.#ring, left, right);
    this.#meter(this.#ring, left, right);
    return true;
  }

  #swap() {
    this.#ring = this.#next;
    this.#next = null;
    this.#buffered = false;
    this.#peak = this.#squares = this.#metered = 0;
  }

  /**
   * Leaves the channels silent, as the browser provides them, while paused or buffering.
   * @param {Ring} ring
   * @param {Float32Array} left
   * @param {Float32Array} right
   */
  #play(ring, left, right) {
    const target = ring.playing && this.#next === null ? 1 : 0;
    if (target === 0 && this.#gain === 0) return;
    this.#buffered ||= ring.buffered >= MIN_BUFFERED;
    if (!this.#buffered) return;
    const count = ring.read(left, right);
    if (this.#gain !== target) {
      this.#ramp(left, target);
      this.#ramp(right, target);
      this.#gain = target;
    }
    if (count < left.length && target === 1) this.#underrun(ring);
  }

  /**
   * Change to the target gain over one quantum (3 ms), so that pause, resume, and change don't click.
   * @param {Float32Array} out
   * @param {number} target
   */
  #ramp(out, target) {
    const step = (target - this.#gain) / out.length;
    for (let i = 0; i < out.length; i++) out[i] *= this.#gain + step * (i + 1);
  }

  /** @param {Ring} ring */
  #underrun(ring) {
    ring.countUnderrun();
    this.#buffered = false;
    this.#gain = 0;
  }

  /**
   * @param {Ring} ring
   * @param {Float32Array} left
   * @param {Float32Array} right
   */
  #meter(ring, left, right) {
    this.#measure(left, ring.stereo ? 0.5 : 1);
    if (ring.stereo) this.#measure(right, 0.5);
    this.#metered += left.length;
    if (this.#metered < METER_FRAMES) return;
    ring.setLevels(this.#peak, Math.sqrt(this.#squares / this.#metered));
    this.#peak = this.#squares = this.#metered = 0;
  }

  /**
   * @param {Float32Array} channel
   * @param {number} share  of the channel in the power of all
   */
  #measure(channel, share) {
    for (let i = 0; i < channel.length; i++) {
      this.#squares += share * channel[i] * channel[i];
      this.#peak = Math.max(this.#peak, Math.abs(channel[i]));
    }
  }
}

registerProcessor("sid", SidProcessor);
