/** Worker that renders excerpts, in an engine of its own and piece by piece: playback never notices. */

import { MAX_FRAMES, SidEngine, SidError } from "./engine.js";
import { serve, wasmUrl } from "./rpc.js";
import { SilenceDetector } from "./silence.js";

const engineReady = SidEngine.fetch(wasmUrl);
engineReady.catch(() => {}); // whoever awaits it hears of a failure

/** Frames rendered at a time: short enough that most chunks are not interrupted by other threads. */
const CHUNK = MAX_FRAMES / 4;

/** A chunk that took this many times as long as the fastest one was interrupted: the rest was others' time. */
const INTERRUPTED = 2;

/** What is being rendered. */
let excerpt = null;

/** Whether the engine has made its tables, with the first song: that is loading, and not counted as work. */
let loaded = false;

class Excerpt {
  #engine;
  #pcm;
  #frames = 0;
  #silence;
  #fastest = Infinity;

  constructor(engine, { bytes, song, seconds, sampleRate }) {
    engine.load(bytes);
    engine.start(song, sampleRate);
    this.#engine = engine;
    this.#pcm = new Float32Array(Math.round(seconds * sampleRate));
    this.#silence = new SilenceDetector(sampleRate);
  }

  get done() {
    return this.#frames === this.#pcm.length || this.#silence.end !== null;
  }

  get progress() {
    return { done: this.done, heard: this.#silence.heard, end: this.#silence.end };
  }

  get pcm() {
    return this.#pcm.slice(0, this.#frames);
  }

  /** @returns {number} milliseconds of work that it took, as far as a clock on the wall can tell */
  advance(milliseconds) {
    let busy = 0;
    do {
      const begun = performance.now();
      this.#renderChunk();
      const took = performance.now() - begun;
      this.#fastest = Math.min(this.#fastest, took);
      busy += Math.min(took, INTERRUPTED * this.#fastest);
    } while (!this.done && busy < milliseconds);
    return busy;
  }

  #renderChunk() {
    const chunk = this.#engine.render(Math.min(CHUNK, this.#pcm.length - this.#frames));
    this.#pcm.set(chunk, this.#frames);
    this.#silence.add(chunk);
    this.#frames += chunk.length;
  }
}

serve({
  async begin(options) {
    const engine = await engineReady;
    excerpt = null;
    const begun = performance.now();
    return answer(() => {
      excerpt = new Excerpt(engine, options);
      const busy = loaded ? performance.now() - begun : 0;
      loaded = true;
      return busy;
    });
  },

  advance({ milliseconds }) {
    return answer(() => excerpt.advance(milliseconds));
  },

  take() {
    const { pcm } = excerpt;
    excerpt = null;
    return pcm;
  },
});

/** What is wrong with the file is part of the answer: only other failures reject. */
function answer(work) {
  const begun = performance.now();
  try {
    const busy = work();
    return { ...excerpt.progress, problem: null, busy };
  } catch (error) {
    if (!(error instanceof SidError)) throw error;
    excerpt = null;
    return { problem: error.message, busy: performance.now() - begun };
  }
}
