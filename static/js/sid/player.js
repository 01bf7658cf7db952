/**
 * The page's SID player: takes files, plays sound, and reports its state to one callback.
 *
 * No method throws. Methods that can fail reject, because MicroPython can't catch exceptions that JavaScript throws.
 */

import { AudioOutput, whyUnsupported } from "./audio.js";
import { Renderer } from "./renderer.js";

/** @typedef {import("./emulator.js").TuneInfo} TuneInfo */

/**
 * @typedef {object} PlayerState
 * @property {"idle" | "loading" | "stopped" | "starting" | "playing" | "paused" | "error"} status  "starting": `play`
 *   was called, but there is no sound yet, because of a seek or because the browser requires a click
 * @property {number} song  1-based; 0: nothing is loaded
 * @property {TuneInfo | null} info  of the loaded tune
 * @property {string} error  message if status is "error", else ""
 * @property {boolean} tuneFault  whether the error is the tune's, so that others may play
 * @property {number | null} end  seconds from the song's start to where it falls silent, once that part is rendered
 */

export class SidPlayer {
  #renderer;
  #output;
  #onState;
  #lastReported = "";
  /**
   * The last request: it alone decides the outcome of a series of quick clicks.
   * @type {"stopped" | "playing" | "paused"}
   */
  #intent = "stopped";
  /** @type {"" | "loading" | "seeking"} the request that the worker hasn't answered yet */
  #busy = "";
  /** @type {TuneInfo | null} */
  #info = null;
  #song = 0;
  /** @type {number | null} */
  #end = null;
  #error = "";
  #tuneFault = false;
  /** Whether `override` was called since the worker was asked to load the tune. */
  #overridden = false;
  /** Whether a tune was loaded once: a worker that fails later does so because of the tune. */
  #proven = false;

  /** @param {{wasmUrl: string, onState?: (state: PlayerState) => void}} options  as of `createSidPlayer` */
  constructor({ wasmUrl, onState = () => {} }) {
    this.#onState = onState;
    this.#output = new AudioOutput(
      () => this.#apply(),
      (message) => this.#fail(message),
    );
    this.#renderer = new Renderer(
      wasmUrl,
      (ring) => this.#output.feed(ring),
      (message, lost) => this.#fail(message, !lost || this.#proven, lost),
      (seconds) => {
        this.#end = seconds;
        this.#apply();
      },
    );
  }

  /**
   * Load a tune; the playing one stops at once. `play()` can be called before this resolves. A later `pause()` or
   * `load()` then takes precedence.
   * @param {ArrayBuffer | ArrayBufferView} bytes  a .sid file; not changed
   * @param {{song?: number}} [options]  song: 1-based; 0: the tune's start song
   * @returns {Promise<TuneInfo>} rejects with an Error with the emulator's message, whose name is SidError if the tune
   *   can't be played, or with an AbortError, which can be ignored, if a newer request replaced this one
   */
  async load(bytes, { song = 0 } = {}) {
    this.#intent = "stopped";
    this.#info = this.#end = null;
    this.#song = song;
    this.#overridden = false;
    const info = await this.#open("loading", () => this.#renderer.load(bytes, song));
    if (this.#overridden) this.#goTo(this.position, true);
    return info;
  }

  /** Play or resume. Must be called from a click until the browser has allowed sound once. */
  play() {
    if (this.#info === null && this.#busy === "") return;
    this.#intent = "playing";
    if (this.#error !== "") this.#restart();
    this.#output.open().catch((error) => this.#fail(error.message));
    this.#apply();
  }

  /** Pause and keep the position. Does nothing if the player is stopped. */
  pause() {
    if (this.#intent === "playing") this.#intent = "paused";
    this.#apply();
  }

  /** Stop and go back to the start of the song. */
  stop() {
    this.#intent = "stopped";
    if (this.#info !== null) this.#restart();
    this.#apply();
  }

  /**
   * Go to another song of the tune. It plays if the player was playing.
   * @param {number} song  1-based
   * @returns {Promise<void>} rejects, and changes nothing, if there is no such song
   */
  async setSong(song) {
    if (this.#info === null) throw new Error("No tune is loaded. Load one before you choose a song.");
    if (!Number.isInteger(song) || song < 1 || song > this.#info.songs) {
      throw new Error(`This tune has no song ${song}. Choose 1 to ${this.#info.songs}.`);
    }
    if (this.#intent === "paused") this.#intent = "stopped";
    this.#song = song;
    this.#restart();
  }

  /**
   * Go to a position in the song: silent until it is reached (see `progress`), then playing or paused as before. A
   * newer seek, song, or tune replaces it; a pause doesn't. Does nothing while a tune is loading.
   * @param {number} seconds  from the song's start
   */
  seek(seconds) {
    if (this.#info === null) return;
    if (this.#intent === "stopped") this.#intent = "paused";
    this.#goTo(Math.max(0, seconds), false);
  }

  /**
   * Mute voices of this and later tunes.
   * @param {number} mask  bit 3c + v: voice v of chip c
   */
  mute(mask) {
    this.#renderer.mute(mask);
  }

  /**
   * Override the header's clock and chip model, and the chip's sound, for this and later tunes: the song starts again
   * and continues at its position. `state.info` has the values in use.
   * @param {"PAL" | "NTSC" | ""} clock  "": as in the header
   * @param {0 | 6581 | 8580} chip  model of all chips; 0: as in the header
   * @param {import("./filter-curves.js").SoundWish} sound
   */
  override(clock, chip, sound) {
    this.#renderer.override({ clock, chips: [chip, chip, chip], sound });
    this.#overridden = true;
    if (this.#info !== null) this.#goTo(this.position, true);
  }

  /**
   * Hear the chips of this and later tunes apart, if they have several.
   * @param {number} width  0 (mono) to 100
   */
  spread(width) {
    this.#renderer.spread(width);
  }

  /** @param {number} volume  0 (silent) to 1; the promise rejects any other value */
  async setVolume(volume) {
    if (!(volume >= 0 && volume <= 1)) throw new Error(`The volume can't be ${volume}. Choose 0 to 1.`);
    this.#output.setVolume(volume);
  }

  /** What applies to this and later tunes, for other renderers of the same sound. */
  get settings() {
    return this.#renderer.settings;
  }

  /** Position in seconds from the song's start; during a seek, its target. Cheap: reads shared memory. */
  get position() {
    return this.#renderer.position;
  }

  /** Progress of a seek in [0, 1]; 1 if there is none. Cheap. */
  get progress() {
    return this.#renderer.progress;
  }

  /**
   * Copy the newest points of a voice's waveform that were played: one per 4 frames, before the filter. Cheap.
   * @param {number} voice  3c + v: voice v of chip c
   * @param {Int8Array} target
   * @returns {boolean} whether anything is loaded
   */
  readWave(voice, target) {
    return this.#renderer.readWave(voice, target, this.#output.latency);
  }

  /** @returns {PlayerState} */
  get state() {
    return {
      status: this.#status(),
      song: this.#song,
      info: this.#info,
      error: this.#error,
      tuneFault: this.#error !== "" && this.#tuneFault,
      end: this.#end,
    };
  }

  /**
   * @returns {{framesPlayed: number, underruns: number, peak: number, rms: number}} frames and underruns since the
   *   player was created; peak and RMS of the last 93 ms of output, before volume, in [0, 1]
   */
  stats() {
    return this.#renderer.stats();
  }

  /** Release the worker and the audio hardware. A later `load` acquires them again. */
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
    this.#open("loading", () => this.#renderer.restart(this.#song)).catch(() => {}); // a failure is in the state
  }

  /**
   * @param {number} seconds
   * @param {boolean} restart  whether the song starts again on the way, so that new overrides apply
   */
  #goTo(seconds, restart) {
    this.#open("seeking", () => this.#renderer.seek(this.#song, seconds, restart)).catch(() => {});
  }

  /**
   * @param {"loading" | "seeking"} busy
   * @param {() => Promise<TuneInfo>} start
   */
  async #open(busy, start) {
    this.#busy = busy;
    this.#error = "";
    let info;
    try {
      const reason = whyUnsupported();
      if (reason !== "") throw new Error(reason);
      const started = start();
      this.#apply();
      info = await started;
    } catch (error) {
      if (error.name === "AbortError") throw error;
      if (this.#error === "") this.#fail(error.message, error.name === "SidError");
      if (this.#tuneFault) error.name = "SidError";
      throw error;
    }
    this.#proven = true;
    this.#info = info;
    this.#busy = "";
    this.#song ||= info.startSong;
    this.#apply();
    return info;
  }

  /**
   * @param {string} message
   * @param {boolean} [tuneFault]  whether the tune can't be played, as opposed to the player
   * @param {boolean} [lost]  whether no tune is loaded any longer
   */
  #fail(message, tuneFault = false, lost = this.#busy === "loading" && this.#info === null) {
    this.#intent = "stopped";
    this.#busy = "";
    if (lost) [this.#info, this.#song] = [null, 0];
    this.#error = message;
    this.#tuneFault = tuneFault;
    this.#apply();
  }

  /** @returns {PlayerState["status"]} */
  #status() {
    if (this.#error !== "") return "error";
    if (this.#busy === "loading") return "loading";
    if (this.#info === null) return "idle";
    if (this.#intent !== "playing") return this.#intent;
    return this.#output.running && this.#busy === "" ? "playing" : "starting";
  }

  /** Apply the last request to ring and hardware, and report the state if it has changed. */
  #apply() {
    const ready = this.#info !== null && this.#busy === "" && this.#error === "";
    this.#renderer.setPlaying(ready && this.#intent === "playing");
    if (this.#intent !== "playing") this.#output.suspendSoon();
    const state = JSON.stringify(this.state);
    if (state === this.#lastReported) return;
    this.#lastReported = state;
    try {
      this.#onState(JSON.parse(state));
    } catch (error) {
      reportError(error); // an error in the page's callback must not stop the music
    }
  }
}

/**
 * @param {object} options
 * @param {string} options.wasmUrl  address of sid.wasm
 * @param {(state: PlayerState) => void} [options.onState]  receives each change of state as a plain object
 * @returns {SidPlayer}
 */
export function createSidPlayer(options) {
  return new SidPlayer(options);
}
