/** Worker that renders excerpts, in an engine of its own and piece by piece: playback never notices. */

import { MAX_FRAMES, SidEngine, SidError } from "./engine.js";
import { serve, wasmUrl } from "./rpc.js";
import { SilenceDetector } from "./silence.js";

const engineReady = SidEngine.fetch(wasmUrl);
engineReady.catch(() => {}); // whoever awaits it hears of a failure

/** What is being rendered. */
let excerpt = null;

/** Whether the engine has made its tables, with the first song: that is loading, and not counted as work. */
let loaded = false;

class Excerpt {
  #engine;
  #pcm;
  #frames = 0;
  #silence;

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

  advance(deadline) {
    do {
      const chunk = this.#engine.render(Math.min(MAX_FRAMES, this.#pcm.length - this.#frames));
      this.#pcm.set(chunk, this.#frames);
      this.#silence.add(chunk);
      this.#frames += chunk.length;
    } while (!this.done && performance.now() < deadline);
  }
}

serve({
  async begin(options) {
    const engine = await engineReady;
    excerpt = null;
    return timed(() => {
      excerpt = new Excerpt(engine, options);
    });
  },

  advance({ milliseconds }) {
    return timed((begun) => excerpt.advance(begun + milliseconds));
  },

  take() {
    const { pcm } = excerpt;
    excerpt = null;
    return pcm;
  },
});

/** What is wrong with the file is part of the answer: only other failures reject. */
function timed(work) {
  const begun = performance.now();
  let problem = null;
  try {
    work(begun);
  } catch (error) {
    if (!(error instanceof SidError)) throw error;
    problem = error.message;
    excerpt = null;
  }
  const busy = loaded ? performance.now() - begun : 0;
  loaded = true;
  return { ...excerpt?.progress, problem, busy };
}
