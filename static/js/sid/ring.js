/**
 * A ring buffer in shared memory that carries one song from the render worker to the audio worklet and the
 * oscilloscope: mono or stereo frames, and the voices' waveforms beside them.
 *
 * Each start of a song gets a ring of its own, so a late writer or reader of an earlier song can only access memory
 * that no longer plays. There is one writer (render worker) and one reader (worklet). The page sets `playing` and reads
 * the counters. Counters wrap at 2^32, so CAPACITY must divide 2^32.
 */

/** Sample rate of emulator, ring, and AudioContext. Must be known before the first click opens the audio hardware. */
export const SAMPLE_RATE = 44100;

/** The writer stays at most this many frames ahead of the reader: 2 s. */
export const AHEAD = 2 * SAMPLE_RATE;

/** Frames per point of a waveform. */
const FRAMES_PER_POINT = 4;

const CAPACITY = 2 ** 17;
const POINTS = CAPACITY / FRAMES_PER_POINT;
const MAX_VOICES = 9;

/** Replaced frames start this far after the played ones: more than the audio hardware reads at once. */
const MARGIN = 2048;
const BLEND = 128;

const HEADER_BYTES = 64;
const FRAMES_AT = HEADER_BYTES;
const CHANNEL_BYTES = CAPACITY * Float32Array.BYTES_PER_ELEMENT;
const WAVES_AT = FRAMES_AT + 2 * CHANNEL_BYTES;
const BYTES = WAVES_AT + MAX_VOICES * POINTS;
const [WRITTEN, READ, PLAYING, UNDERRUNS, PEAK, RMS, BASE, PROGRESS, STEREO] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

export class Ring {
  #header;
  #numbers;
  /** The left channel, which is all of a mono song, and the right one. */
  #channels;
  /** @type {Int8Array[]} */
  #waves = [];

  /** @param {SharedArrayBuffer} [buffer]  shared with writer and readers; default: a new one */
  constructor(buffer = new SharedArrayBuffer(BYTES)) {
    this.buffer = buffer;
    this.#header = new Uint32Array(buffer, 0, HEADER_BYTES / 4);
    this.#numbers = new Float32Array(buffer, 0, HEADER_BYTES / 4);
    this.#channels = [0, 1].map(
      (channel) => new Float32Array(buffer, FRAMES_AT + channel * CHANNEL_BYTES, CAPACITY),
    );
    for (let voice = 0; voice < MAX_VOICES; voice++) {
      this.#waves.push(new Int8Array(buffer, WAVES_AT + voice * POINTS, POINTS));
    }
  }

  /** Number of the song's frame at which this ring starts. */
  get base() {
    return Atomics.load(this.#header, BASE);
  }

  set base(frame) {
    Atomics.store(this.#header, BASE, frame);
  }

  /** Whether the frames have two channels; a song that once was stereo stays so in its ring. */
  get stereo() {
    return Atomics.load(this.#header, STEREO) === 1;
  }

  /** Progress of the seek to `base`, in [0, 1]. */
  get progress() {
    return this.#numbers[PROGRESS];
  }

  set progress(fraction) {
    this.#numbers[PROGRESS] = fraction;
  }

  /** Frames played. */
  get framesPlayed() {
    return Atomics.load(this.#header, READ);
  }

  /** Frames rendered and not yet played. */
  get buffered() {
    return (Atomics.load(this.#header, WRITTEN) - Atomics.load(this.#header, READ)) >>> 0;
  }

  get playing() {
    return Atomics.load(this.#header, PLAYING) === 1;
  }

  set playing(on) {
    Atomics.store(this.#header, PLAYING, on ? 1 : 0);
  }

  /** How often the ring ran empty while playing. */
  get underruns() {
    return Atomics.load(this.#header, UNDERRUNS);
  }

  countUnderrun() {
    Atomics.add(this.#header, UNDERRUNS, 1);
  }

  /** Peak and root mean square of the last frames played, each in [0, 1]. */
  get levels() {
    return { peak: this.#numbers[PEAK], rms: this.#numbers[RMS] };
  }

  /**
   * @param {number} peak
   * @param {number} rms
   */
  setLevels(peak, rms) {
    this.#numbers[PEAK] = peak;
    this.#numbers[RMS] = rms;
  }

  /**
   * Write frames; for the writer only. Must not be given more than CAPACITY - AHEAD frames at a time.
   *
   * Replaces frames that were written before, except those that have been played or are about to be. The new frames
   * are blended in after those.
   * @param {Float32Array} source  mono or the left channel
   * @param {number} [at]  position of the first frame in this ring, at most the end of the written frames; can be
   *   negative
   * @param {Float32Array | null} [right]  channel; null in mono
   */
  write(source, at = Atomics.load(this.#header, WRITTEN), right = null) {
    if (right !== null && !this.stereo) this.#makeStereo();
    const replaced = (Atomics.load(this.#header, WRITTEN) - at) | 0;
    const late = (Atomics.load(this.#header, READ) + MARGIN - at) | 0;
    const skipped = Math.min(Math.max(late, 0), replaced);
    if (skipped >= source.length) return;
    const start = (at + skipped) >>> 0;
    this.#replace(0, source.subarray(skipped), start, skipped > 0 ? replaced - skipped : 0);
    if (this.stereo) {
      this.#replace(1, (right ?? source).subarray(skipped), start, skipped > 0 ? replaced - skipped : 0);
    }
    if (source.length > replaced) Atomics.store(this.#header, WRITTEN, at + source.length);
  }

  /**
   * Write a voice's waveform; for the writer only.
   * @param {number} voice  3c + v
   * @param {Int8Array} points  of the frames from `at` on
   * @param {number} at  as for `write`
   */
  writeWave(voice, points, at) {
    if (at < 0) return; // already played
    const start = Math.floor(at / FRAMES_PER_POINT) % POINTS;
    const first = Math.min(points.length, POINTS - start);
    this.#waves[voice].set(points.subarray(0, first), start);
    if (first < points.length) this.#waves[voice].set(points.subarray(first), 0);
  }

  /**
   * Copy the newest points of a voice's waveform that were played. Allocates nothing.
   * @param {number} voice
   * @param {Int8Array} target
   * @param {number} latency  frames between reader and speakers
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
   * Read frames; for the reader only. Allocates nothing.
   * @param {Float32Array} left
   * @param {Float32Array} [right]  the same as `left` in mono
   * @returns {number} frames copied: fewer than requested if the ring runs empty
   */
  read(left, right) {
    const start = Atomics.load(this.#header, READ);
    const count = Math.min(left.length, this.buffered);
    const frames = this.#channels[0];
    for (let i = 0; i < count; i++) left[i] = frames[(start + i) % CAPACITY];
    if (right !== undefined) {
      const others = this.#channels[this.stereo ? 1 : 0];
      for (let i = 0; i < count; i++) right[i] = others[(start + i) % CAPACITY];
    }
    Atomics.store(this.#header, READ, start + count);
    return count;
  }

  /** Give what was written in mono to both channels. */
  #makeStereo() {
    this.#channels[1].set(this.#channels[0]);
    Atomics.store(this.#header, STEREO, 1);
  }

  /**
   * @param {number} channel
   * @param {Float32Array} source
   * @param {number} start
   * @param {number} existing  number of existing frames to blend with
   */
  #replace(channel, source, start, existing) {
    const frames = this.#channels[channel];
    if (existing > 0) blend(frames, source, start, existing);
    const at = start % CAPACITY;
    const first = Math.min(source.length, CAPACITY - at);
    frames.set(first === source.length ? source : source.subarray(0, first), at);
    if (first < source.length) frames.set(source.subarray(first), 0);
  }
}

/**
 * Crossfade from the existing frames to `source` within 3 ms, so that there is no click.
 * @param {Float32Array} frames  of a ring
 * @param {Float32Array} source
 * @param {number} start
 * @param {number} existing  number of existing frames
 */
function blend(frames, source, start, existing) {
  const length = Math.min(BLEND, source.length, existing);
  for (let i = 0; i < length; i++) {
    const old = frames[(start + i) % CAPACITY];
    source[i] = old + ((source[i] - old) * (i + 1)) / length;
  }
}
