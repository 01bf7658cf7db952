/** Worker that renders excerpts for analysis with an emulator of its own, in small pieces, so that playback isn't disturbed. */

import { serve, transfer } from "../worker-client.js";
import { isCrash, MAX_FRAMES, SidEmulator, SidError } from "./emulator.js";
import { storedRoms } from "./stored-roms.js";

const emulatorReady = SidEmulator.fetch(self.name);
emulatorReady.catch(() => {}); // reported to the caller of `begin`

/** Frames rendered at a time: few enough that most chunks aren't interrupted by other threads. */
const CHUNK = MAX_FRAMES;

/** A chunk that took this many times as long as the fastest one was interrupted: the excess isn't our work. */
const INTERRUPTED = 2;

/** @type {Excerpt | null} */
let excerpt = null;

/** Whether the emulator has built its tables, which the first song does. That counts as loading, not as work. */
let loaded = false;

/**
 * @typedef {object} ExcerptOptions
 * @property {Uint8Array} bytes
 * @property {number} song
 * @property {number} seconds  of sound
 * @property {number} traceSeconds  of register writes
 * @property {number} sampleRate
 */

class Excerpt {
  #emulator;
  #pcm;
  #frames = 0;
  #tracedFrames;
  /** @type {Uint8Array[]} */
  #trace = [];
  #fastest = Infinity;
  #clock;

  /**
   * @param {SidEmulator} emulator
   * @param {ExcerptOptions} options
   */
  constructor(emulator, { bytes, song, seconds, traceSeconds, sampleRate }) {
    this.#clock = emulator.load(bytes).clock;
    emulator.analyze(song, sampleRate);
    this.#emulator = emulator;
    this.#trace.push(emulator.trace().slice());
    this.#pcm = new Float32Array(Math.round(seconds * sampleRate));
    this.#tracedFrames = Math.max(this.#pcm.length, Math.round(traceSeconds * sampleRate));
  }

  get done() {
    return this.#frames >= this.#tracedFrames || Boolean(this.#emulator.end);
  }

  get progress() {
    const { end } = this.#emulator;
    return { done: this.done, hasSound: end !== 0, end: end || null };
  }

  /** Samples and register writes so far. */
  get content() {
    const trace = new Uint8Array(this.#trace.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of this.#trace) {
      trace.set(part, at);
      at += part.length;
    }
    return { pcm: this.#pcm.slice(0, this.#frames), trace, clock: this.#clock };
  }

  /**
   * @param {number} milliseconds
   * @returns {number} milliseconds of work, as well as wall-clock time can tell
   */
  advance(milliseconds) {
    let busy = 0;
    do {
      const started = performance.now();
      this.#renderChunk();
      const elapsed = performance.now() - started;
      this.#fastest = Math.min(this.#fastest, elapsed);
      busy += Math.min(elapsed, INTERRUPTED * this.#fastest);
    } while (!this.done && busy < milliseconds);
    return busy;
  }

  #renderChunk() {
    const missing = this.#pcm.length - this.#frames;
    if (missing > 0) {
      const chunk = this.#emulator.render(Math.min(CHUNK, missing));
      this.#pcm.set(chunk, this.#frames);
      this.#frames += chunk.length;
    } else {
      this.#frames += this.#emulator.skip(Math.min(CHUNK, this.#tracedFrames - this.#frames));
    }
    this.#trace.push(this.#emulator.trace().slice());
  }
}

serve(
  {
    /** @param {ExcerptOptions} options */
    async begin(options) {
      const emulator = await emulatorReady;
      excerpt = null;
      emulator.useRoms(await storedRoms());
      const started = performance.now();
      return answer(() => {
        excerpt = new Excerpt(emulator, options);
        const busy = loaded ? performance.now() - started : 0;
        loaded = true;
        return { excerpt, busy };
      });
    },

    /** @param {{milliseconds: number}} limit */
    advance({ milliseconds }) {
      const running = current();
      return answer(() => ({ excerpt: running, busy: running.advance(milliseconds) }));
    },

    take() {
      const { content } = current();
      excerpt = null;
      return transfer(content, [content.pcm.buffer, content.trace.buffer]);
    },
  },
  isCrash,
);

/** @returns {Excerpt} */
function current() {
  if (excerpt === null) throw new SidError("No excerpt was started. Start one first.");
  return excerpt;
}

/**
 * A problem with the file is part of the answer; other errors are thrown.
 * @param {() => {excerpt: Excerpt, busy: number}} work
 */
function answer(work) {
  const begun = performance.now();
  try {
    const { excerpt, busy } = work();
    return { ...excerpt.progress, problem: null, busy };
  } catch (error) {
    if (isCrash(error)) throw error;
    excerpt = null;
    return { problem: error.message, busy: performance.now() - begun };
  }
}
