/** Worker that renders excerpts with an emulator of its own, in small pieces, so that playback isn't disturbed. */

import { serve, transfer } from "../worker-client.js";
import { isCrash, MAX_FRAMES, SidEmulator, SidError } from "./emulator.js";
import { SilenceDetector } from "./silence.js";
import { storedRoms } from "./stored-roms.js";

const emulatorReady = SidEmulator.fetch(self.name);
emulatorReady.catch(() => {}); // reported to the caller of `begin`

/** Frames rendered at a time: few enough that most chunks aren't interrupted by other threads. */
const CHUNK = MAX_FRAMES / 4;

/** A chunk that took this many times as long as the fastest one was interrupted: the excess isn't our work. */
const INTERRUPTED = 2;

/** @type {Excerpt | null} */
let excerpt = null;

/** Whether the emulator has built its tables, which the first song does. That counts as loading, not as work. */
let loaded = false;

/** @typedef {{bytes: Uint8Array, song: number, seconds: number, sampleRate: number}} ExcerptOptions */

class Excerpt {
  #emulator;
  #pcm;
  #frames = 0;
  #silence;
  #fastest = Infinity;

  /**
   * @param {SidEmulator} emulator
   * @param {ExcerptOptions} options
   */
  constructor(emulator, { bytes, song, seconds, sampleRate }) {
    emulator.load(bytes);
    emulator.start(song, sampleRate);
    this.#emulator = emulator;
    this.#pcm = new Float32Array(Math.round(seconds * sampleRate));
    this.#silence = new SilenceDetector(sampleRate);
  }

  get done() {
    return this.#frames === this.#pcm.length || this.#silence.end !== null;
  }

  get progress() {
    return { done: this.done, hasSound: this.#silence.hasSound, end: this.#silence.end };
  }

  get pcm() {
    return this.#pcm.slice(0, this.#frames);
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
    const chunk = this.#emulator.render(Math.min(CHUNK, this.#pcm.length - this.#frames));
    this.#pcm.set(chunk, this.#frames);
    this.#silence.add(chunk);
    this.#frames += chunk.length;
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
      const { pcm } = current();
      excerpt = null;
      return transfer(pcm, [pcm.buffer]);
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
