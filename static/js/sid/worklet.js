/** The audio thread's end of the ring: plays it, fades at each change, counts and meters what is heard. */

import { Ring } from "./ring.js";

/** Frames that must be there before sound (re)starts: 93 ms, so that a slow start is no row of underruns. */
const PRIME_FRAMES = 4096;
const METER_FRAMES = 4096;

class SidProcessor extends AudioWorkletProcessor {
  /** @type {Ring|null} */
  #ring = null;
  /** @type {Ring|null} takes over once #ring has faded out */
  #next = null;
  #gain = 0;
  #primed = false;
  #peak = 0;
  #squares = 0;
  #metered = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      this.#next = new Ring(data);
    };
  }

  /** Must not allocate: it runs on the audio thread, each 128 frames. */
  process(_inputs, outputs) {
    const out = outputs[0][0];
    if (this.#next !== null && this.#gain === 0) this.#swap();
    if (this.#ring === null) return true;
    this.#play(out);
    this.#meter(out);
    return true;
  }

  #swap() {
    this.#ring = this.#next;
    this.#next = null;
    this.#primed = false;
    this.#peak = this.#squares = this.#metered = 0;
  }

  /** Leaves `out` silent (as the browser hands it over) while paused or priming. */
  #play(out) {
    const target = this.#ring.playing && this.#next === null ? 1 : 0;
    if (target === 0 && this.#gain === 0) return;
    this.#primed ||= this.#ring.buffered >= PRIME_FRAMES;
    if (!this.#primed) return;
    const count = this.#ring.read(out);
    this.#ramp(out, target);
    if (count < out.length && target === 1) this.#runDry();
  }

  /** Go to the target gain over one quantum (3 ms): pause, resume and change without a click. */
  #ramp(out, target) {
    if (this.#gain === target) return;
    const step = (target - this.#gain) / out.length;
    for (let i = 0; i < out.length; i++) out[i] *= this.#gain + step * (i + 1);
    this.#gain = target;
  }

  #runDry() {
    this.#ring.countUnderrun();
    this.#primed = false;
    this.#gain = 0;
  }

  #meter(out) {
    for (let i = 0; i < out.length; i++) {
      this.#squares += out[i] * out[i];
      this.#peak = Math.max(this.#peak, Math.abs(out[i]));
    }
    this.#metered += out.length;
    if (this.#metered < METER_FRAMES) return;
    this.#ring.setLevels(this.#peak, Math.sqrt(this.#squares / this.#metered));
    this.#peak = this.#squares = this.#metered = 0;
  }
}

registerProcessor("sid", SidProcessor);
