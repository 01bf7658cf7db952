/**
 * One song's way from the render worker to the audio worklet: a ring of mono frames in shared memory.
 *
 * Each start of a song gets a ring of its own, so a late writer or reader of the song before it can
 * touch only memory that nobody hears. One writer (render worker), one reader (worklet); the page
 * sets `playing` and reads the counters. Counters wrap at 2^32, which CAPACITY must divide.
 */

/** The one sample rate of engine, ring and AudioContext: known before the first click opens any audio. */
export const SAMPLE_RATE = 44100;

/** The writer keeps at most this many frames ahead of the reader: 2 s. */
export const AHEAD = 2 * SAMPLE_RATE;

const CAPACITY = 2 ** 17;
const HEADER_BYTES = 32;
const [WRITTEN, READ, PLAYING, UNDERRUNS, PEAK, RMS] = [0, 1, 2, 3, 4, 5];

export class Ring {
  #header;
  #levels;
  #frames;

  /** @param {SharedArrayBuffer} buffer shared with the other sides; a new one when left out */
  constructor(buffer = new SharedArrayBuffer(HEADER_BYTES + CAPACITY * Float32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#header = new Uint32Array(buffer, 0, HEADER_BYTES / 4);
    this.#levels = new Float32Array(buffer, 0, HEADER_BYTES / 4);
    this.#frames = new Float32Array(buffer, HEADER_BYTES, CAPACITY);
  }

  /** Frames that were heard. */
  get framesPlayed() {
    return Atomics.load(this.#header, READ);
  }

  /** Frames rendered and not yet heard. */
  get buffered() {
    return (Atomics.load(this.#header, WRITTEN) - Atomics.load(this.#header, READ)) >>> 0;
  }

  get playing() {
    return Atomics.load(this.#header, PLAYING) === 1;
  }

  set playing(on) {
    Atomics.store(this.#header, PLAYING, on ? 1 : 0);
  }

  /** How often the ring ran dry while playing. */
  get underruns() {
    return Atomics.load(this.#header, UNDERRUNS);
  }

  countUnderrun() {
    Atomics.add(this.#header, UNDERRUNS, 1);
  }

  /** Highest absolute sample and root mean square of what was last heard, each in [0, 1]. */
  get levels() {
    return { peak: this.#levels[PEAK], rms: this.#levels[RMS] };
  }

  setLevels(peak, rms) {
    this.#levels[PEAK] = peak;
    this.#levels[RMS] = rms;
  }

  /**
   * Writer only. Must not be given more frames than CAPACITY - AHEAD at a time.
   *
   * @param {Float32Array} source
   */
  write(source) {
    const start = Atomics.load(this.#header, WRITTEN);
    const at = start % CAPACITY;
    const first = Math.min(source.length, CAPACITY - at);
    this.#frames.set(first === source.length ? source : source.subarray(0, first), at);
    if (first < source.length) this.#frames.set(source.subarray(first), 0);
    Atomics.store(this.#header, WRITTEN, start + source.length);
  }

  /**
   * Reader only. Allocates nothing.
   *
   * @param {Float32Array} target
   * @returns {number} frames copied: fewer than asked for when the ring runs dry
   */
  read(target) {
    const start = Atomics.load(this.#header, READ);
    const count = Math.min(target.length, this.buffered);
    for (let i = 0; i < count; i++) target[i] = this.#frames[(start + i) % CAPACITY];
    Atomics.store(this.#header, READ, start + count);
    return count;
  }
}
