/**
 * The page's SID player: files in, sound out, plain state objects to one callback.
 *
 * No method throws, those that can fail reject: MicroPython cannot catch what JavaScript throws at it.
 */

import { AudioOutput, whyUnsupported } from "./audio.js";
import { Renderer } from "./renderer.js";

/** @typedef {import("./engine.js").TuneInfo} TuneInfo */

/**
 * @typedef {object} PlayerState
 * @property {"idle"|"loading"|"stopped"|"starting"|"playing"|"paused"|"error"} status
 *   "starting": play was asked for, but there is no sound yet: a seek is under way, or the browser wants a click
 * @property {number} song 1-based; 0 while nothing is loaded
 * @property {TuneInfo|null} info of the loaded tune
 * @property {string} error message while status is "error", else ""
 * @property {number|null} end seconds from the song's beginning to where it falls silent, once that is rendered
 */

export class SidPlayer {
  #renderer;
  #output;
  #onState;
  #told = "";
  /** What was last asked for: this alone decides how a row of quick clicks ends. */
  #intent = "stopped";
  /** @type {""|"loading"|"seeking"} what the worker is asked for and has not answered yet */
  #busy = "";
  #info = null;
  #song = 0;
  /** @type {number|null} */
  #end = null;
  #error = "";

  /** @param {{wasmUrl: string, onState?: (state: PlayerState) => void}} options */
  constructor({ wasmUrl, onState = () => {} }) {
    this.#onState = onState;
    this.#output = new AudioOutput(
      () => this.#apply(),
      (message) => this.#fail(message),
    );
    this.#renderer = new Renderer(
      wasmUrl,
      (ring) => this.#output.feed(ring),
      (message, lost) => this.#fail(message, lost),
      (seconds) => {
        this.#end = seconds;
        this.#apply();
      },
    );
  }

  /**
   * Load a tune; what plays now falls silent at once. `play()` may follow without awaiting this: then
   * a `pause()` or another `load()` in between has the last word.
   *
   * @param {ArrayBuffer|ArrayBufferView} bytes of a .sid file; stays the caller's
   * @param {{song?: number}} [options] song: 1-based; 0 is the tune's start song
   * @returns {Promise<TuneInfo>} rejects with an Error that carries the engine's message, or with an
   *   AbortError when a newer load or song took its place (nothing is to be done then)
   */
  async load(bytes, { song = 0 } = {}) {
    this.#intent = "stopped";
    this.#info = this.#end = null;
    this.#song = song;
    return this.#open("loading", () => this.#renderer.load(bytes, song));
  }

  /** Play, or play on. Must be called from a click until the browser has once allowed sound. */
  play() {
    if (this.#info === null && this.#busy === "") return;
    this.#intent = "playing";
    if (this.#error !== "") this.#restart();
    this.#output.open().catch((error) => this.#fail(error.message));
    this.#apply();
  }

  /** Silence, keeping the position. Does nothing to a player that is stopped. */
  pause() {
    if (this.#intent === "playing") this.#intent = "paused";
    this.#apply();
  }

  /** Silence, and back to the beginning of the song. */
  stop() {
    this.#intent = "stopped";
    if (this.#info !== null) this.#restart();
    this.#apply();
  }

  /**
   * Go to another song of the tune; it plays on if the player was playing.
   *
   * @param {number} song 1-based
   * @returns {Promise<void>} rejects when there is no such song; then nothing changes
   */
  async setSong(song) {
    if (this.#info === null) throw new Error("There is no song to choose: no tune is loaded.");
    if (!Number.isInteger(song) || song < 1 || song > this.#info.songs) {
      throw new Error(`This tune has no song ${song}: choose 1 to ${this.#info.songs}.`);
    }
    if (this.#intent === "paused") this.#intent = "stopped";
    this.#song = song;
    this.#restart();
  }

  /**
   * Go to a place in the song: silence until it is reached (`progress` tells how far), then play on, or stay
   * paused. A newer seek, song or tune takes its place; a pause does not end it. Does nothing while a tune loads.
   *
   * @param {number} seconds from the song's beginning
   */
  seek(seconds) {
    if (this.#info === null) return;
    if (this.#intent === "stopped") this.#intent = "paused";
    this.#goTo(Math.max(0, seconds), false);
  }

  /**
   * Silence some voices from now on, whatever is loaded.
   *
   * @param {number} mask bit 3c + v is voice v of chip c
   */
  mute(mask) {
    this.#renderer.mute(mask);
  }

  /**
   * Play with another clock or chip than the tune's header says, from now on, whatever is loaded: the song begins
   * again and goes on where it was. `state.info` tells what is in use.
   *
   * @param {"PAL"|"NTSC"|""} clock "": as the header says
   * @param {0|6581|8580} chip of all chips; 0: as the header says
   */
  override(clock, chip) {
    this.#renderer.override(clock, [chip, chip, chip]);
    if (this.#info !== null) this.#goTo(this.position, true);
  }

  /** @param {number} volume 0 (silent) to 1; another one makes the returned promise reject */
  async setVolume(volume) {
    if (!(volume >= 0 && volume <= 1)) throw new Error(`The volume cannot be ${volume}: choose 0 to 1.`);
    this.#output.setVolume(volume);
  }

  /** Seconds from the song's beginning to what is heard, or will be after a seek. Cheap: reads shared memory. */
  get position() {
    return this.#renderer.position;
  }

  /** How much is done of a seek, in [0, 1]; 1 when none is under way. As cheap. */
  get progress() {
    return this.#renderer.progress;
  }

  /**
   * Copy the newest points of a voice's wave that were heard: one for 4 frames, before the filter. As cheap.
   *
   * @param {number} voice 3c + v is voice v of chip c
   * @param {Int8Array} target
   * @returns {boolean} whether anything is loaded
   */
  readWave(voice, target) {
    return this.#renderer.readWave(voice, target, this.#output.latency);
  }

  /** @returns {PlayerState} */
  get state() {
    return { status: this.#status(), song: this.#song, info: this.#info, error: this.#error, end: this.#end };
  }

  /**
   * @returns {{framesPlayed: number, underruns: number, peak: number, rms: number}} frames and underruns
   *   since the player was made; peak and rms of the last 93 ms of output, before volume, in [0, 1]
   */
  stats() {
    return this.#renderer.stats();
  }

  /** Give back worker and audio hardware. A later `load` takes them again. */
  async close() {
    this.#intent = "stopped";
    this.#busy = "";
    this.#info = null;
    this.#song = 0;
    this.#error = "";
    this.#renderer.close();
    this.#apply();
    await this.#output.close();
  }

  #restart() {
    this.#end = null;
    this.#open("loading", () => this.#renderer.restart(this.#song)).catch(() => {}); // the state tells of a failure
  }

  #goTo(seconds, anew) {
    this.#open("seeking", () => this.#renderer.seek(this.#song, seconds, anew)).catch(() => {});
  }

  async #open(busy, start) {
    this.#busy = busy;
    this.#error = "";
    try {
      const reason = whyUnsupported();
      if (reason !== "") throw new Error(reason);
      const started = start();
      this.#apply();
      this.#info = await started;
    } catch (error) {
      if (error.name !== "AbortError") this.#fail(error.message);
      throw error;
    }
    this.#busy = "";
    this.#song ||= this.#info.startSong;
    this.#apply();
    return this.#info;
  }

  #fail(message, lost = this.#busy === "loading" && this.#info === null) {
    this.#intent = "stopped";
    this.#busy = "";
    if (lost) [this.#info, this.#song] = [null, 0];
    this.#error = message;
    this.#apply();
  }

  #status() {
    if (this.#error !== "") return "error";
    if (this.#busy === "loading") return "loading";
    if (this.#info === null) return "idle";
    if (this.#intent !== "playing") return this.#intent;
    return this.#output.running && this.#busy === "" ? "playing" : "starting";
  }

  /** Bring ring and hardware to what was last asked for, and tell a state that is new. */
  #apply() {
    const ready = this.#info !== null && this.#busy === "" && this.#error === "";
    this.#renderer.setPlaying(ready && this.#intent === "playing");
    if (this.#intent !== "playing") this.#output.rest();
    const told = JSON.stringify(this.state);
    if (told === this.#told) return;
    this.#told = told;
    try {
      this.#onState(JSON.parse(told));
    } catch (error) {
      reportError(error); // the page's mistake must not stop the music
    }
  }
}

/**
 * @param {{wasmUrl: string, onState?: (state: PlayerState) => void}} options
 *   wasmUrl: where sid.wasm is served; onState: hears each change of state, as a plain object
 * @returns {SidPlayer}
 */
export function createSidPlayer(options) {
  return new SidPlayer(options);
}
