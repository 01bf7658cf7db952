/**
 * One song's way from the render worker to the audio worklet and the oscilloscope: a ring of mono frames, and of the
 * voices' waves beside them, in shared memory.
 *
 * Each start of a song gets a ring of its own, so a late writer or reader of the song before it can
 * touch only memory that nobody hears. One writer (render worker), one reader (worklet); the page
 * sets `playing` and reads the counters. Counters wrap at 2^32, which CAPACITY must divide.
 */

/** The one sample rate of engine, ring and AudioContext: known before the first click opens any audio. */
export const SAMPLE_RATE = 44100;

/** The writer keeps at most this many frames ahead of the reader: 2 s. */
export const AHEAD = 2 * SAMPLE_RATE;

/** Frames for each point of a wave. */
export const FRAMES_PER_POINT = 4;

const CAPACITY = 2 ** 17;
const POINTS = CAPACITY / FRAMES_PER_POINT;
const MAX_VOICES = 9;

/** What is replaced begins this many frames after what is heard: more than audio hardware takes at once. */
const MARGIN = 2048;
const BLEND = 128;

const HEADER_BYTES = 64;
const FRAMES_AT = HEADER_BYTES;
const WAVES_AT = FRAMES_AT + CAPACITY * Float32Array.BYTES_PER_ELEMENT;
const BYTES = WAVES_AT + MAX_VOICES * POINTS;
const [WRITTEN, READ, PLAYING, UNDERRUNS, PEAK, RMS, BASE, PROGRESS] = [0, 1, 2, 3, 4, 5, 6, 7];

export class Ring {
  #header;
  #numbers;
  #frames;
  #waves = [];

  /** @param {SharedArrayBuffer} buffer shared with the other sides; a new one when left out */
  constructor(buffer = new SharedArrayBuffer(BYTES)) {
    this.buffer = buffer;
    this.#header = new Uint32Array(buffer, 0, HEADER_BYTES / 4);
    this.#numbers = new Float32Array(buffer, 0, HEADER_BYTES / 4);
    this.#frames = new Float32Array(buffer, FRAMES_AT, CAPACITY);
    for (let voice = 0; voice < MAX_VOICES; voice++) {
      this.#waves.push(new Int8Array(buffer, WAVES_AT + voice * POINTS, POINTS));
    }
  }

  /** Frame of the song that is this ring's first one. */
  get base() {
    return Atomics.load(this.#header, BASE);
  }

  set base(frame) {
    Atomics.store(this.#header, BASE, frame);
  }

  /** How much is done of the way to `base`, in [0, 1]. */
  get progress() {
    return this.#numbers[PROGRESS];
  }

  set progress(share) {
    this.#numbers[PROGRESS] = share;
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
    return { peak: this.#numbers[PEAK], rms: this.#numbers[RMS] };
  }

  setLevels(peak, rms) {
    this.#numbers[PEAK] = peak;
    this.#numbers[RMS] = rms;
  }

  /**
   * Writer only. Must not be given more frames than CAPACITY - AHEAD at a time.
   *
   * Frames that were written before are replaced, but for those that are heard already, or about to be: those are
   * left out, and the new ones blend in.
   *
   * @param {Float32Array} source
   * @param {number} [at] the first one's place in this ring, at most the end of what was written; may be negative
   */
  write(source, at = Atomics.load(this.#header, WRITTEN)) {
    const replaced = (Atomics.load(this.#header, WRITTEN) - at) | 0;
    const late = (Atomics.load(this.#header, READ) + MARGIN - at) | 0;
    const skipped = Math.min(Math.max(late, 0), replaced);
    if (skipped >= source.length) return;
    const start = (at + skipped) >>> 0;
    if (skipped > 0) this.#blend(source.subarray(skipped), start, replaced - skipped);
    this.#copy(source.subarray(skipped), start);
    if (source.length > replaced) Atomics.store(this.#header, WRITTEN, at + source.length);
  }

  /**
   * Writer only.
   *
   * @param {number} voice 3c + v
   * @param {Int8Array} points of the frames from `at` on
   * @param {number} at as for `write`
   */
  writeWave(voice, points, at) {
    if (at < 0) return; // not heard any more
    const place = Math.floor(at / FRAMES_PER_POINT) % POINTS;
    const first = Math.min(points.length, POINTS - place);
    this.#waves[voice].set(points.subarray(0, first), place);
    if (first < points.length) this.#waves[voice].set(points.subarray(first), 0);
  }

  /**
   * Copy the newest points of a voice's wave that were heard. Allocates nothing.
   *
   * @param {number} voice
   * @param {Int8Array} target
   * @param {number} latency frames between reader and ear
   */
  readWave(voice, target, latency) {
    const end = Math.floor((this.framesPlayed - latency) / FRAMES_PER_POINT);
    const wave = this.#waves[voice];
    for (let i = 0; i < target.length; i++) {
      const point = end - target.length + i;
      target[i] = point < 0 ? 0 : wave[point % POINTS];
    }
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

  #copy(source, start) {
    const at = start % CAPACITY;
    const first = Math.min(source.length, CAPACITY - at);
    this.#frames.set(first === source.length ? source : source.subarray(0, first), at);
    if (first < source.length) this.#frames.set(source.subarray(first), 0);
  }

  /** Go over from what is there to `source` in 3 ms: no click where one mix takes over from another. */
  #blend(source, start, there) {
    const length = Math.min(BLEND, source.length, there);
    for (let i = 0; i < length; i++) {
      const old = this.#frames[(start + i) % CAPACITY];
      source[i] = old + ((source[i] - old) * (i + 1)) / length;
    }
  }
}
